package dev.isthmus.gateway.kernel;

import java.nio.ByteBuffer;
import java.nio.LongBuffer;

/**
 * What a whole disk has to hold: for each block the stamp of the write that wrote it last, 0 for
 * none. Threading: confined.
 */
final class StampedDisk {

  static final int BLOCK_BYTES = 4096;

  private static final int LONGS = BLOCK_BYTES / Long.BYTES;

  private final long[] stamps;

  StampedDisk(int blocks) {
    stamps = new long[blocks];
  }

  private StampedDisk(long[] stamps) {
    this.stamps = stamps;
  }

  StampedDisk copy() {
    return new StampedDisk(stamps.clone());
  }

  int blocks() {
    return stamps.length;
  }

  void wrote(StampedWrite write) {
    for (int i = 0; i < write.blocks(); i++) {
      stamps[write.block() + i] = write.stamp();
    }
  }

  /**
   * Compares content with what has to be there.
   *
   * @return what is wrong, or an empty string
   */
  String difference(int firstBlock, byte[] content) {
    LongBuffer longs = ByteBuffer.wrap(content).asLongBuffer();
    for (int i = 0; i < content.length / BLOCK_BYTES; i++) {
      long stamp = stamps[firstBlock + i];
      for (int at = 0; at < LONGS; at++) {
        long found = longs.get(i * LONGS + at);
        if (found != word(stamp, firstBlock + i, at)) {
          return "block %d must hold %s, and its word %d says %s"
              .formatted(
                  firstBlock + i,
                  StampedWrite.describe(stamp),
                  at,
                  // Every other word is the stamp; the rest tells the block.
                  at % 2 == 0 ? StampedWrite.describe(found) : "block " + found);
        }
      }
    }
    return "";
  }

  /** What a block holds that was written with {@code stamp}; zeroes before any write. */
  static long word(long stamp, int block, int at) {
    return at % 2 == 0 || stamp == 0 ? stamp : block;
  }

  /** The data of a write. */
  static byte[] data(StampedWrite write) {
    var data = ByteBuffer.allocate(write.blocks() * BLOCK_BYTES);
    for (int i = 0; i < write.blocks(); i++) {
      for (int at = 0; at < LONGS; at++) {
        data.putLong(word(write.stamp(), write.block() + i, at));
      }
    }
    return data.array();
  }
}
