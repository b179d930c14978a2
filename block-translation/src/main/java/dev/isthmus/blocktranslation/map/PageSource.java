package dev.isthmus.blocktranslation.map;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;

/**
 * Reads stored parts: from a local copy, or by a ranged GET. Implemented by the volume engine.
 *
 * <p>Called on the engine thread and on the map's background executor; must not block.
 */
@FunctionalInterface
public interface PageSource {

  /**
   * Reads {@code lengthBytes} bytes at {@code offsetBytes} of a part, at most 1 MiB, always within
   * the part's total length.
   *
   * <p>A part that {@link MapListener#partsDropped} has named may still be asked for by look-ups
   * and merges that began earlier: a source whose local copy is gone goes to the bucket.
   *
   * @return completes on any thread, with exactly the bytes asked for; the map reads them before
   *     the completion returns or soon after, keeps nothing of the segment for longer, and never
   *     changes it: memory that the garbage collector frees is right. Fails with a {@link
   *     dev.isthmus.blockdevice.DeviceException}: {@code Corrupt} for a part that does not exist
   */
  CompletableFuture<MemorySegment> read(PartInfo part, long offsetBytes, int lengthBytes);
}
