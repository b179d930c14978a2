package dev.isthmus.blocktranslation.store;

/**
 * How many attempts a store may make beyond each request's first, so that a server in trouble is
 * not kept there by its clients: a token bucket. A retry takes a token; a request brings a fifth of
 * one; and some come with time, so that what waits is tried again though nobody asks for more. The
 * bucket holds {@value #CAPACITY_TOKENS}, so over any span of time
 *
 * <pre>retries ≤ 100 + 0.2 × requests + 10 × seconds</pre>
 *
 * <p>A retry that finds no token is not refused but put off until there is one: a disk has nobody
 * to hand its trouble to. (The idea is that of gRPC's retry throttling and of the AWS SDKs'
 * standard mode, which refuse.)
 *
 * <p>Threading: thread-safe; guarded by this.
 */
final class RetryBudget {

  /**
   * A burst: each slot that {@link StoreLimits#DEFAULT} has may retry once, and half of them twice.
   */
  static final int CAPACITY_TOKENS = 100;

  /** A fifth more load at the worst, where most requests succeed. */
  static final double TOKENS_PER_REQUEST = 0.2;

  /** Enough to notice soon that a server is back; nothing to a server. */
  static final int TOKENS_PER_SECOND = 10;

  private static final double NANOS_PER_TOKEN = 1e9 / TOKENS_PER_SECOND;

  private final StoreTimer timer;
  private double tokens = CAPACITY_TOKENS;
  private long filledAtNanos;

  RetryBudget(StoreTimer timer) {
    this.timer = timer;
    this.filledAtNanos = timer.nanoTime();
  }

  /** A request is sent for the first time. */
  synchronized void requestSent() {
    fill();
    tokens = Math.min(CAPACITY_TOKENS, tokens + TOKENS_PER_REQUEST);
  }

  /**
   * Takes a token, perhaps one that is not there yet.
   *
   * @param longestNanos what the caller can wait
   * @return how long to wait until the token is there, 0 for now; negative, and nothing taken, if
   *     that is more than {@code longestNanos}
   */
  synchronized long take(long longestNanos) {
    fill();
    double left = tokens - 1;
    long waitNanos = left >= 0 ? 0 : (long) Math.ceil(-left * NANOS_PER_TOKEN);
    if (waitNanos > longestNanos) {
      return -1;
    }
    tokens = left;
    return waitNanos;
  }

  /** Whole tokens that are left, for people; 0 when retries are put off. */
  synchronized int left() {
    fill();
    return (int) Math.max(0, tokens);
  }

  private void fill() {
    long nowNanos = timer.nanoTime();
    tokens = Math.min(CAPACITY_TOKENS, tokens + (nowNanos - filledAtNanos) / NANOS_PER_TOKEN);
    filledAtNanos = nowNanos;
  }
}
