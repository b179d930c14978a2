package dev.isthmus.targets.loop;

/**
 * How long a loop looks again before it blocks. A spin that found nothing halves the next one; a
 * block that a full spin would have covered brings it back. So steady traffic is spun for, sparse
 * traffic is not, and an idle loop uses no processor.
 *
 * <p>Threading: confined to its loop.
 */
final class SpinPolicy {

  /** Below this a spin saves less than it costs. */
  private static final long LEAST_NANOS = 2_000;

  private final long maxNanos;
  private long budgetNanos;

  SpinPolicy(long maxNanos, int processors) {
    // On one processor whoever would end the wait can't run while we spin.
    this.maxNanos = processors > 1 ? maxNanos : 0;
    this.budgetNanos = this.maxNanos;
  }

  long budgetNanos() {
    return budgetNanos;
  }

  void spunInVain() {
    budgetNanos /= 2;
    if (budgetNanos < LEAST_NANOS) {
      budgetNanos = 0;
    }
  }

  void blocked(long nanos) {
    if (nanos <= maxNanos) {
      budgetNanos = maxNanos;
    }
  }
}
