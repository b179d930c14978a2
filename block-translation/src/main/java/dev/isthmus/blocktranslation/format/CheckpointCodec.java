package dev.isthmus.blocktranslation.format;

import dev.isthmus.blockdevice.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Checkpoints as bytes, and back. */
@SuppressWarnings("DoNotCallSuggester")
public final class CheckpointCodec {

  private CheckpointCodec() {}

  /** The whole object, in memory of {@code arena}. */
  public static MemorySegment encode(Checkpoint checkpoint, Arena arena) {
    throw new UnsupportedOperationException();
  }

  /**
   * Reads a whole object.
   *
   * @throws DeviceException.Corrupt naming the first thing that is wrong
   */
  public static Checkpoint decode(MemorySegment bytes) {
    throw new UnsupportedOperationException();
  }
}
