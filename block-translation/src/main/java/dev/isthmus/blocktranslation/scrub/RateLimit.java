package dev.isthmus.blocktranslation.scrub;

/**
 * Two token buckets, of bytes and of requests, that may go below zero: what was read is paid for
 * before the next read. Threading: thread-safe.
 */
final class RateLimit {

  /** A fiftieth of what one prefix of S3 takes. */
  static final int REQUESTS_PER_SECOND = 100;

  /** Tokens that may gather: a short burst and no more. */
  private static final long BURST_NANOS = 250_000_000;

  private final double nanosPerByte;
  private final long nanosPerRequest;
  // When everything that was read so far is paid for.
  private long paidAtNanos;
  private long requestsPaidAtNanos;

  /**
   * @param bytesPerSecond 0 for no limit, of requests neither
   */
  RateLimit(long bytesPerSecond, long nowNanos) {
    nanosPerByte = bytesPerSecond == 0 ? 0 : 1e9 / bytesPerSecond;
    nanosPerRequest = bytesPerSecond == 0 ? 0 : 1_000_000_000L / REQUESTS_PER_SECOND;
    paidAtNanos = nowNanos;
    requestsPaidAtNanos = nowNanos;
  }

  /** One request for so many bytes is made. */
  synchronized void debit(long bytes, long nowNanos) {
    debitBytes(bytes, nowNanos);
    requestsPaidAtNanos = Math.max(requestsPaidAtNanos, nowNanos - BURST_NANOS) + nanosPerRequest;
  }

  /** More bytes came by it than was known. */
  synchronized void debitBytes(long bytes, long nowNanos) {
    paidAtNanos = Math.max(paidAtNanos, nowNanos - BURST_NANOS) + Math.round(bytes * nanosPerByte);
  }

  /** How long to wait before the next request. */
  synchronized long delayNanos(long nowNanos) {
    return Math.max(0, Math.max(paidAtNanos, requestsPaidAtNanos) - nowNanos);
  }
}
