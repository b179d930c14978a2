package dev.isthmus.blocktranslation;

/**
 * Slows writers down smoothly as the log fills, so that they meet the speed of the bucket before
 * they meet the end of the log. Threading: confined to the volume's loop.
 */
final class Pacer {

  /** Below this part of the log nobody is slowed: it is there to take bursts. */
  private static final double FREE_FILL = 0.5;

  /** How much faster than uploads writers may be at that point; at a full log they are as fast. */
  private static final double MAX_SPEED_UP = 8;

  /**
   * Assumed until something was uploaded, and never less: a stalled bucket is the log's business.
   */
  private static final double MIN_BYTES_PER_SECOND = 8 << 20;

  /** Weight of the newest commit in the moving average of the upload speed. */
  private static final double SMOOTHING = 0.2;

  private double uploadBytesPerSecond = MIN_BYTES_PER_SECOND;
  private long lastCommitNanos;
  private long admitNanos;

  /** A segment with so many payload bytes was committed. */
  void committed(long payloadBytes, long nowNanos) {
    if (lastCommitNanos != 0 && nowNanos > lastCommitNanos) {
      double rate = payloadBytes * 1e9 / (nowNanos - lastCommitNanos);
      uploadBytesPerSecond += SMOOTHING * (rate - uploadBytesPerSecond);
    }
    lastCommitNanos = nowNanos;
  }

  /**
   * Asks for a write to be admitted.
   *
   * @param fill part of the log that is in use, 0 to 1
   * @return 0 if it may go on now, else how long to wait before asking again
   */
  long delayNanos(double fill, long nowNanos) {
    return fill < FREE_FILL ? 0 : Math.max(0, admitNanos - nowNanos);
  }

  /** A write was admitted. */
  void admitted(double fill, long payloadBytes, long nowNanos) {
    if (fill < FREE_FILL) {
      admitNanos = nowNanos;
      return;
    }
    double speedUp = 1 + (MAX_SPEED_UP - 1) * Math.max(0, 1 - fill) / (1 - FREE_FILL);
    double rate = Math.max(MIN_BYTES_PER_SECOND, uploadBytesPerSecond) * speedUp;
    admitNanos = Math.max(admitNanos, nowNanos) + (long) (payloadBytes * 1e9 / rate);
  }
}
