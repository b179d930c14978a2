package dev.isthmus.blockdevice;

import java.lang.foreign.MemorySegment;

/**
 * One command to a {@link BlockDevice}. Offsets and lengths are bytes, aligned to the device's
 * block; buffers are off-heap and lent until the completion (see {@link BlockDevice}). Immutable.
 */
public sealed interface IoCommand {

  /** Fills {@code buffer}, whose size is the length, from {@code offsetBytes}. */
  record Read(long offsetBytes, MemorySegment buffer) implements IoCommand {}

  /**
   * Writes the whole of {@code data} at {@code offsetBytes}.
   *
   * @param fua complete only at the device's flush tier ("force unit access")
   */
  record Write(long offsetBytes, MemorySegment data, boolean fua) implements IoCommand {}

  /** Makes all that completed before this was submitted durable at the device's flush tier. */
  record Flush() implements IoCommand {}

  /**
   * Makes the range read as zeroes.
   *
   * @param mayDeallocate the device may give the space back; where false it may still do so if its
   *     later writes can't fail for lack of space because of it
   * @param fua as of {@link Write}
   */
  record WriteZeroes(long offsetBytes, long lengthBytes, boolean mayDeallocate, boolean fua)
      implements IoCommand {}

  /**
   * Says that the range's content is no longer needed. It reads as zeroes afterwards where {@link
   * DeviceInfo#zeroesAfterDiscard()} says so, else as its old content or zeroes, the same each
   * time.
   */
  record Discard(long offsetBytes, long lengthBytes) implements IoCommand {}

  /**
   * Writes {@code data} if the range holds {@code expected}, both of one length, as one atomic step
   * against every other command; else completes with {@link IoStatus#MISCOMPARE} and changes
   * nothing.
   */
  record CompareAndWrite(long offsetBytes, MemorySegment expected, MemorySegment data, boolean fua)
      implements IoCommand {}

  /** The one flush there is. */
  Flush FLUSH = new Flush();
}
