package dev.isthmus.blockdevice.contract;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Content of a block that says which write it is of and which block it belongs to, in every eight
 * bytes, so that a mixture of two writes or a misplaced block is seen. Id 0 is a block of zeroes.
 */
public final class BlockStamp {

  /** The id of zeroes. */
  public static final long ZEROES = 0;

  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final long MIX = 0x9e3779b97f4a7c15L;

  private BlockStamp() {}

  /**
   * Fills {@code data}, whole blocks from {@code firstBlock}, with the content of write {@code id}.
   */
  public static void fill(MemorySegment data, int blockSizeBytes, long firstBlock, long id) {
    if (id == ZEROES) {
      data.fill((byte) 0);
      return;
    }
    for (long at = 0; at < data.byteSize(); at += blockSizeBytes) {
      fillBlock(data.asSlice(at, blockSizeBytes), firstBlock + at / blockSizeBytes, id);
    }
  }

  private static void fillBlock(MemorySegment block, long blockIndex, long id) {
    block.set(LONG, 0, id);
    block.set(LONG, 8, blockIndex);
    for (long at = 16; at < block.byteSize(); at += 8) {
      block.set(LONG, at, word(blockIndex, id, at));
    }
  }

  private static long word(long blockIndex, long id, long at) {
    return (id * MIX) ^ (blockIndex << 20) ^ at;
  }

  /**
   * The id of the write that this block is of.
   *
   * @throws AssertionError if it is no whole block of one write to this place
   */
  public static long idOf(MemorySegment block, long blockIndex) {
    long id = block.get(LONG, 0);
    boolean zeroes = id == ZEROES;
    if (block.get(LONG, 8) != (zeroes ? 0 : blockIndex)) {
      throw new AssertionError(
          "block " + blockIndex + " holds what is of block " + block.get(LONG, 8) + ", id " + id);
    }
    for (long at = 16; at < block.byteSize(); at += 8) {
      if (block.get(LONG, at) != (zeroes ? 0 : word(blockIndex, id, at))) {
        throw new AssertionError(
            "block " + blockIndex + " is a mixture: id " + id + " up to byte " + at);
      }
    }
    return id;
  }
}
