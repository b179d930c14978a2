package dev.isthmus.benchmarks;

import dev.isthmus.benchmarks.wire.ClosedLoop.Blocks;
import java.util.Random;
import java.util.random.RandomGenerator;

/**
 * Where in a volume of 1 GiB which requests go, in blocks of 4 KiB. Hot and cold frames together
 * fit the default cache of 256 MiB, so nothing hot is pushed out while cold blocks are read.
 *
 * @param hot read again and again
 * @param cold each block is read once
 * @param written overwritten
 */
record Layout(Range hot, Range cold, Range written) {

  static final String VOLUME_SIZE = "1GiB";
  static final int BLOCK_BYTES = 4096;

  private static final int WRITTEN_BLOCKS = 65_536;

  static Layout of(int hotBlocks, int coldBlocks) {
    return new Layout(
        new Range(0, hotBlocks),
        new Range(hotBlocks, coldBlocks),
        new Range(hotBlocks + coldBlocks, WRITTEN_BLOCKS));
  }

  /** Blocks in a row. */
  record Range(int first, int count) {

    /** Any block, for ever. */
    Blocks random(RandomGenerator random) {
      return () -> anyBlock(random);
    }

    long anyBlock(RandomGenerator random) {
      return (long) first + random.nextInt(count);
    }

    /** Each block once, in an order that the seed makes. */
    Blocks once(long seed) {
      int[] order = new int[count];
      for (int i = 0; i < count; i++) {
        order[i] = i;
      }
      var random = new Random(seed);
      for (int i = count - 1; i > 0; i--) {
        int other = random.nextInt(i + 1);
        int swapped = order[i];
        order[i] = order[other];
        order[other] = swapped;
      }
      return new Blocks() {
        private int next;

        @Override
        public long next() {
          return next < count ? first + order[next++] : NONE;
        }
      };
    }
  }

  /** At most {@code limit} of {@code blocks}. */
  static Blocks atMost(int limit, Blocks blocks) {
    return new Blocks() {
      private int left = limit;

      @Override
      public long next() {
        return left-- > 0 ? blocks.next() : NONE;
      }
    };
  }
}
