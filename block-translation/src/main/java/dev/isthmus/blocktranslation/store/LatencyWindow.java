package dev.isthmus.blocktranslation.store;

import java.util.Arrays;

/** The newest latencies, and their 95th percentile. Threading: thread-safe; guarded by this. */
final class LatencyWindow {

  /** Some seconds of a busy disk; small enough to be sorted in microseconds. */
  private static final int SAMPLES = 512;

  /** Fewer say nothing about one in twenty. */
  private static final int FEWEST = 64;

  /** The percentile is looked up far more often than it changes by much. */
  private static final int ADDED_BETWEEN_SORTS = 32;

  private final long[] nanos = new long[SAMPLES];
  private long added;
  private long p95Nanos = Long.MAX_VALUE;

  synchronized void add(long tookNanos) {
    nanos[(int) (added++ % SAMPLES)] = tookNanos;
    if (added >= FEWEST && added % ADDED_BETWEEN_SORTS == 0) {
      long[] sorted = Arrays.copyOf(nanos, (int) Math.min(added, SAMPLES));
      Arrays.sort(sorted);
      p95Nanos = sorted[sorted.length * 95 / 100];
    }
  }

  /** {@link Long#MAX_VALUE} while there are too few. */
  synchronized long p95Nanos() {
    return p95Nanos;
  }
}
