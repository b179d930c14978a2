package dev.isthmus.benchmarks;

import java.util.concurrent.TimeUnit;

/**
 * Keeps interleaved rounds within a time, on a slow machine with fewer of them. Round 0 warms up.
 * Threading: one thread.
 */
final class Schedule {

  /** Rounds that count however slow the machine is. */
  private static final int MIN_ROUNDS = 2;

  private final int rounds;
  private final long limitNanos;
  private final long beganNanos = System.nanoTime();

  /** Begins now. */
  Schedule(int rounds, long limitMillis) {
    this.rounds = rounds;
    this.limitNanos = TimeUnit.MILLISECONDS.toNanos(limitMillis);
  }

  /** Whether a round may begin. */
  boolean admits(int round) {
    return round <= MIN_ROUNDS || (round <= rounds && elapsedNanos() < limitNanos);
  }

  /** Whether a round has time to try something again. */
  boolean isAhead(int round) {
    return elapsedNanos() < limitNanos / (rounds + 1) * (round + 1);
  }

  private long elapsedNanos() {
    return System.nanoTime() - beganNanos;
  }
}
