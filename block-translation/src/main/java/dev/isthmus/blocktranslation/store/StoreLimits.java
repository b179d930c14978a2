package dev.isthmus.blocktranslation.store;

import java.util.concurrent.TimeUnit;

/**
 * The bounds of one store. Immutable.
 *
 * @param maxInFlight requests under way at once; more only lengthen the server's queues, and each
 *     may hold a connection
 * @param maxQueued requests that wait for their turn; each may hold the body of a segment, which
 *     its caller owns
 * @param defaultTimeoutNanos deadline of a request that names none, waiting and retries included
 * @param attemptTimeoutNanos longest that one attempt may take, so that one lost packet does not
 *     use up the deadline
 * @param maxAttempts most attempts of one request, the first included
 * @param backoffBaseNanos the first retry waits a random time up to this
 * @param backoffCapNanos no retry waits longer than this, but for the budget of all retries
 * @param hedgeShare most second requests for each read that someone waits for, in the long run; 0
 *     for none
 */
public record StoreLimits(
    int maxInFlight,
    int maxQueued,
    long defaultTimeoutNanos,
    long attemptTimeoutNanos,
    int maxAttempts,
    long backoffBaseNanos,
    long backoffCapNanos,
    double hedgeShare) {

  /**
   * 64 in flight hide 50 ms of latency at 1,280 requests per second; 1024 waiting are four times
   * the reads that the deepest target queue hands in at once. 30 s covers a fail-over at the
   * provider; 10 s an 8 MiB upload at 1 MB/s. At 50 ms to 5 s of back-off some 18 attempts fit into
   * 30 s: thirty-two are a bound that the deadline comes before, so that no bad luck with the
   * jitter ends a request early. One read in twenty is slower than the 95th percentile.
   */
  public static final StoreLimits DEFAULT =
      new StoreLimits(
          64,
          1024,
          TimeUnit.SECONDS.toNanos(30),
          TimeUnit.SECONDS.toNanos(10),
          32,
          TimeUnit.MILLISECONDS.toNanos(50),
          TimeUnit.SECONDS.toNanos(5),
          0.05);

  public StoreLimits {
    if (maxInFlight < 1 || maxInFlight > 1024) {
      throw new IllegalArgumentException("maxInFlight " + maxInFlight + " is not in 1..1024");
    }
    if (maxQueued < 0 || maxQueued > 65_536) {
      throw new IllegalArgumentException("maxQueued " + maxQueued + " is not in 0..65536");
    }
    if (defaultTimeoutNanos < 1 || attemptTimeoutNanos < 1) {
      throw new IllegalArgumentException("a timeout is positive");
    }
    if (maxAttempts < 1 || maxAttempts > 100) {
      throw new IllegalArgumentException("maxAttempts " + maxAttempts + " is not in 1..100");
    }
    if (backoffBaseNanos < 0 || backoffCapNanos < backoffBaseNanos) {
      throw new IllegalArgumentException("back-off " + backoffBaseNanos + ".." + backoffCapNanos);
    }
    if (!(hedgeShare >= 0 && hedgeShare <= 1)) {
      throw new IllegalArgumentException("hedgeShare " + hedgeShare + " is not in 0..1");
    }
  }

  /** The same with room for other numbers of requests. */
  public StoreLimits withRequests(int newMaxInFlight, int newMaxQueued) {
    return new StoreLimits(
        newMaxInFlight,
        newMaxQueued,
        defaultTimeoutNanos,
        attemptTimeoutNanos,
        maxAttempts,
        backoffBaseNanos,
        backoffCapNanos,
        hedgeShare);
  }

  /** The same with other timeouts. */
  public StoreLimits withTimeouts(long newDefaultNanos, long newAttemptNanos) {
    return new StoreLimits(
        maxInFlight,
        maxQueued,
        newDefaultNanos,
        newAttemptNanos,
        maxAttempts,
        backoffBaseNanos,
        backoffCapNanos,
        hedgeShare);
  }

  /** The same with another share of hedged reads. */
  public StoreLimits withHedgeShare(double newHedgeShare) {
    return new StoreLimits(
        maxInFlight,
        maxQueued,
        defaultTimeoutNanos,
        attemptTimeoutNanos,
        maxAttempts,
        backoffBaseNanos,
        backoffCapNanos,
        newHedgeShare);
  }

  /** Connections that a driver needs, so that neither a request nor a hedge waits for one. */
  public int maxConnections() {
    return maxInFlight + (hedgeShare > 0 ? Hedging.MOST_UNDER_WAY : 0);
  }
}
