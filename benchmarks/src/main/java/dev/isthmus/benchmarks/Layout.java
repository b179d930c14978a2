package dev.isthmus.benchmarks;

import dev.isthmus.benchmarks.wire.ClosedLoop.Blocks;
import java.util.Random;
import java.util.random.RandomGenerator;

/**
 * Where in a volume of 1 GiB which requests go, in blocks of 4 KiB. Hot and cold frames together
 * fit the default cache of 256 MiB, so nothing hot is pushed out while cold blocks are read.
 */
final class Layout {

  static final String VOLUME_SIZE = "1GiB";
  static final int BLOCK_BYTES = 4096;

  /** 32 MiB that is read again and again. */
  static final Range HOT = new Range(0, 8192);

  /** 160 MiB of which each block is read once. */
  static final Range COLD = new Range(8192, 40_960);

  /** 256 MiB that is overwritten. */
  static final Range WRITTEN = new Range(49_152, 65_536);

  private Layout() {}

  /** Blocks in a row. */
  record Range(int first, int count) {

    /** Any block, for ever. */
    Blocks random(RandomGenerator random) {
      return () -> first + random.nextInt(count);
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
