package dev.isthmus.benchmarks.wire;

import org.HdrHistogram.Histogram;

/**
 * What one stretch of measuring saw.
 *
 * @param operations that ended
 * @param seconds from the first request to the last answer
 * @param p50Micros median latency of one operation
 * @param p99Micros its 99th percentile
 * @param maxMicros the longest
 */
public record Sample(
    long operations, double seconds, double p50Micros, double p99Micros, double maxMicros) {

  /** From latencies in nanoseconds. */
  public static Sample of(Histogram nanos, long elapsedNanos) {
    return new Sample(
        nanos.getTotalCount(),
        elapsedNanos / 1e9,
        nanos.getValueAtPercentile(50) / 1e3,
        nanos.getValueAtPercentile(99) / 1e3,
        nanos.getMaxValue() / 1e3);
  }

  /** A histogram that takes latencies up to a minute. */
  public static Histogram nanosHistogram() {
    return new Histogram(60_000_000_000L, 3);
  }

  /** Operations a second. */
  public double iops() {
    return operations / seconds;
  }
}
