package dev.isthmus.blocktranslation.image;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Finds what of some bytes is not zero. Stateless. */
public final class Zeroes {

  /** Zeroes are told apart in blocks of this many bytes: what file systems keep holes in. */
  public static final int BLOCK_BYTES = 4096;

  private static final MemorySegment BLOCK = Arena.global().allocate(BLOCK_BYTES).asReadOnly();

  private Zeroes() {}

  /** Takes runs of bytes. */
  @FunctionalInterface
  public interface Run {
    void at(long offsetBytes, long lengthBytes);
  }

  /**
   * Tells the runs of blocks that hold anything but zeroes, ascending.
   *
   * @param maxRunBytes longer runs come in several; a multiple of {@link #BLOCK_BYTES}
   */
  public static void forEachOther(MemorySegment bytes, long maxRunBytes, Run run) {
    long begin = -1;
    for (long at = 0; at < bytes.byteSize(); at += BLOCK_BYTES) {
      boolean zero = isZero(bytes, at, Math.min(BLOCK_BYTES, bytes.byteSize() - at));
      if (begin >= 0 && (zero || at - begin == maxRunBytes)) {
        run.at(begin, at - begin);
        begin = -1;
      }
      if (!zero && begin < 0) {
        begin = at;
      }
    }
    if (begin >= 0) {
      run.at(begin, bytes.byteSize() - begin);
    }
  }

  private static boolean isZero(MemorySegment bytes, long offset, long length) {
    return MemorySegment.mismatch(bytes, offset, offset + length, BLOCK, 0, length) < 0;
  }
}
