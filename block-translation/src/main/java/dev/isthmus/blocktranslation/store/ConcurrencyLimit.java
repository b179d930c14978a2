package dev.isthmus.blocktranslation.store;

/**
 * How many requests may be under way now: all that the limits allow until the server says that it
 * is too much ({@link StoreException.Throttled}); then a third less, once for all that were sent
 * before the last cut; and one more for each limit's worth of successes. Additive increase,
 * multiplicative decrease, as TCP does it (RFC 5681 §3.1).
 *
 * <p>Threading: thread-safe; guarded by this.
 */
final class ConcurrencyLimit {

  /** Two, so that one slow upload does not hold up the read that someone waits for. */
  static final int LEAST = 2;

  /** What is left after a cut; CUBIC's factor (RFC 9438 §4.6), gentler than a half. */
  private static final double KEPT = 0.7;

  private final StoreTimer timer;
  private final int most;
  private double limit;
  private long lastCutNanos;
  private boolean everCut;

  ConcurrencyLimit(StoreTimer timer, int most) {
    this.timer = timer;
    this.most = most;
    this.limit = most;
  }

  synchronized int now() {
    return (int) limit;
  }

  synchronized void succeeded() {
    limit = Math.min(most, limit + 1 / limit);
  }

  /** An attempt that was sent at {@code sentNanos} was refused as one too many. */
  synchronized void throttled(long sentNanos) {
    if (!everCut || sentNanos - lastCutNanos >= 0) {
      everCut = true;
      lastCutNanos = timer.nanoTime();
      limit = Math.min(most, Math.max(LEAST, limit * KEPT));
    }
  }
}
