package dev.isthmus.targets.loop;

import java.util.PriorityQueue;

/**
 * A loop's timers. Bounded by its users: each connection has a fixed few.
 *
 * <p>Threading: confined to its loop.
 */
final class Timers {

  private final PriorityQueue<Timer> queue = new PriorityQueue<>();
  private long sequence;

  /** One run of an action at a time. */
  static final class Timer implements Comparable<Timer>, TimerHandle {
    private final Timers owner;
    final long deadlineNanos;
    private final long sequence;
    final Runnable action;

    Timer(Timers owner, long deadlineNanos, long sequence, Runnable action) {
      this.owner = owner;
      this.deadlineNanos = deadlineNanos;
      this.sequence = sequence;
      this.action = action;
    }

    @Override
    public int compareTo(Timer other) {
      // By difference: nanoTime may wrap.
      int byTime = Long.signum(deadlineNanos - other.deadlineNanos);
      return byTime != 0 ? byTime : Long.compare(sequence, other.sequence);
    }

    @Override
    public boolean equals(Object other) {
      return this == other;
    }

    @Override
    public int hashCode() {
      return Long.hashCode(sequence);
    }

    @Override
    public void cancel() {
      owner.queue.remove(this);
    }
  }

  TimerHandle add(long deadlineNanos, Runnable action) {
    var timer = new Timer(this, deadlineNanos, sequence++, action);
    queue.add(timer);
    return timer;
  }

  /** Nanoseconds until the next one, at least 0; {@link Long#MAX_VALUE} without any. */
  long untilNextNanos(long nowNanos) {
    Timer next = queue.peek();
    return next == null ? Long.MAX_VALUE : Math.max(0, next.deadlineNanos - nowNanos);
  }

  /** Runs what is due; returns how many. */
  int runDue(long nowNanos) {
    int ran = 0;
    for (Timer next = queue.peek();
        next != null && next.deadlineNanos - nowNanos <= 0;
        next = queue.peek()) {
      queue.poll();
      next.action.run();
      ran++;
    }
    return ran;
  }
}
