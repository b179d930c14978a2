package dev.isthmus.blocktranslation.map;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;

/**
 * Stores new parts in the bucket (create-if-absent), and locally if the engine likes. Implemented
 * by the volume engine.
 *
 * <p>Called on the map's background executor; must not block.
 */
@FunctionalInterface
public interface PartStore {

  /**
   * Stores one part.
   *
   * @param bytes the object: off-heap, any thread, lent until the future completes
   * @return completes on any thread, once the object is in the bucket; fails with a {@link
   *     dev.isthmus.blockdevice.DeviceException} after the engine's own retries. A reply lost after
   *     the object took effect is for the engine to recognise
   */
  CompletableFuture<Void> put(PartInfo part, MemorySegment bytes);
}
