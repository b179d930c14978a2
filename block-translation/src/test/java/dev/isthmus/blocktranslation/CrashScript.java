package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.contract.BlockStamp;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;

/**
 * What a crashing writer does, by seed: change {@code i} is always the same, takes one log record,
 * and so has LSN {@code i}. Stateless but for the seed.
 */
record CrashScript(long seed) {

  static final int BLOCK_BYTES = 4096;
  static final int BLOCKS = 8192;

  /** Changes fall here mostly, so that they overwrite one another. */
  private static final int HOT_BLOCKS = 1024;

  private static final int MAX_WRITE_BLOCKS = 8;
  private static final int MAX_RANGE_BLOCKS = 64;

  private enum Kind {
    WRITE,
    ZEROES,
    DISCARD
  }

  private record Change(Kind kind, int block, int blocks) {}

  private Change change(long id) {
    var random = new Random(seed * 0x9e3779b97f4a7c15L + id);
    random.nextInt();
    int roll = random.nextInt(100);
    Kind kind = roll < 88 ? Kind.WRITE : roll < 94 ? Kind.ZEROES : Kind.DISCARD;
    int blocks = 1 + random.nextInt(kind == Kind.WRITE ? MAX_WRITE_BLOCKS : MAX_RANGE_BLOCKS);
    int within = random.nextInt(4) == 0 ? BLOCKS : HOT_BLOCKS;
    return new Change(kind, random.nextInt(within - blocks), blocks);
  }

  /** The command of change {@code id}, with a buffer of its own. */
  IoCommand command(long id) {
    return command(id, id);
  }

  /** The same, its blocks stamped {@code stamp}. */
  IoCommand command(long id, long stamp) {
    Change change = change(id);
    long offset = (long) change.block * BLOCK_BYTES;
    long length = (long) change.blocks * BLOCK_BYTES;
    return switch (change.kind) {
      case WRITE -> {
        MemorySegment data = Arena.ofAuto().allocate(length);
        BlockStamp.fill(data, BLOCK_BYTES, change.block, stamp);
        yield new IoCommand.Write(offset, data, id % 97 == 0);
      }
      case ZEROES -> new IoCommand.WriteZeroes(offset, length, true, false);
      case DISCARD -> new IoCommand.Discard(offset, length);
    };
  }

  /** The id that each block shows after changes 1 to {@code lastId}; 0 for zeroes. */
  long[] model(long lastId) {
    var blocks = new long[BLOCKS];
    apply(blocks, 1, lastId, 0);
    return blocks;
  }

  /** Makes changes {@code firstId} to {@code lastId}, stamped with their ids and more. */
  void apply(long[] blocks, long firstId, long lastId, long addedToStamps) {
    for (long id = firstId; id <= lastId; id++) {
      Change change = change(id);
      long shown = change.kind == Kind.WRITE ? id + addedToStamps : BlockStamp.ZEROES;
      java.util.Arrays.fill(blocks, change.block, change.block + change.blocks, shown);
    }
  }
}
