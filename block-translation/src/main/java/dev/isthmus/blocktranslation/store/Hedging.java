package dev.isthmus.blocktranslation.store;

/**
 * When a read is worth a second request beside the first: after the 95th percentile of what reads
 * of its size took lately, and for a bounded share of all reads. The first answer counts. ("The
 * Tail at Scale", Dean and Barroso, CACM 2013: deferring the second request to the 95th percentile
 * costs about 5 % more requests and takes most of the tail away.)
 *
 * <p>Only reads are hedged: a second PUT could take effect after its caller went on.
 *
 * <p>Threading: thread-safe; guarded by this, the windows by themselves.
 */
final class Hedging {

  /** Most hedges under way: connections that a store needs beside those of its requests. */
  static final int MOST_UNDER_WAY = 4;

  /** Below this a second request gains nothing that a host would notice. */
  private static final long LEAST_DELAY_NANOS = 5_000_000;

  /** So many hedges may come at once, when a server that was fast stops being so. */
  private static final double CAPACITY_TOKENS = 10;

  /** Longer transfers are slower for a reason of their own, and judged among themselves. */
  private static final int SMALL_BYTES = 64 << 10;

  private final double share;
  private final LatencyWindow small = new LatencyWindow();
  private final LatencyWindow large = new LatencyWindow();
  private double tokens = CAPACITY_TOKENS;
  private int underWay;

  /**
   * A policy without any sample.
   *
   * @param share most hedges for each read, in the long run; 0 for none
   */
  Hedging(double share) {
    this.share = share;
  }

  private LatencyWindow window(int lengthBytes) {
    return lengthBytes <= SMALL_BYTES ? small : large;
  }

  /**
   * A read of up to {@code lengthBytes} starts.
   *
   * @return when to ask {@link #begin}, from now; {@link Long#MAX_VALUE} for never
   */
  long readStarted(int lengthBytes) {
    if (share == 0) {
      return Long.MAX_VALUE;
    }
    synchronized (this) {
      tokens = Math.min(CAPACITY_TOKENS, tokens + share);
    }
    long delayNanos = window(lengthBytes).p95Nanos();
    return delayNanos == Long.MAX_VALUE ? delayNanos : Math.max(LEAST_DELAY_NANOS, delayNanos);
  }

  /** A read was answered, or given up, after so long. */
  void readEnded(int lengthBytes, long tookNanos) {
    if (share != 0) {
      window(lengthBytes).add(tookNanos);
    }
  }

  /** Whether a hedge may be sent now; {@link #end} follows. */
  synchronized boolean begin() {
    if (tokens < 1 || underWay == MOST_UNDER_WAY) {
      return false;
    }
    tokens--;
    underWay++;
    return true;
  }

  synchronized void end() {
    underWay--;
  }
}
