package dev.isthmus.targets.loop;

/**
 * How long a loop looks again before it blocks. A spin that found nothing halves the next one; a
 * block that a full spin would have covered brings it back. So steady traffic is spun for, sparse
 * traffic is not, and an idle loop uses no processor.
 *
 * <p>A spin during which the loop lost its processor for a while means that others want it: then
 * spinning only spends the time slice that the next command needs (measured on two processors under
 * a load of seven: 73 µs at queue depth 1 with spin, 15 without), and the policy stops it for a
 * second.
 *
 * <p>Threading: confined to its loop.
 */
final class SpinPolicy {

  /** Below this a spin saves less than it costs. */
  private static final long LEAST_NANOS = 2_000;

  /** Two looks are farther apart than this only where someone else ran between them. */
  private static final long LOST_PROCESSOR_NANOS = 250_000;

  private static final long PAUSE_NANOS = 1_000_000_000;

  private final long maxNanos;
  private long budgetNanos;
  private long pausedUntilNanos;
  private boolean paused;

  SpinPolicy(long maxNanos, int processors) {
    // On one processor whoever would end the wait can't run while we spin.
    this.maxNanos = processors > 1 ? maxNanos : 0;
    this.budgetNanos = this.maxNanos;
  }

  long budgetNanos() {
    return budgetNanos;
  }

  /** Two looks of one spin were so far apart. */
  void lookedAgainAfter(long nanos, long nowNanos) {
    if (nanos > LOST_PROCESSOR_NANOS) {
      budgetNanos = 0;
      paused = true;
      pausedUntilNanos = nowNanos + PAUSE_NANOS;
    }
  }

  void spunInVain() {
    budgetNanos /= 2;
    if (budgetNanos < LEAST_NANOS) {
      budgetNanos = 0;
    }
  }

  void blocked(long nanos, long nowNanos) {
    if (paused && nowNanos - pausedUntilNanos >= 0) {
      paused = false;
    }
    if (!paused && nanos <= maxNanos) {
      budgetNanos = maxNanos;
    }
  }
}
