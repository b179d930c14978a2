package dev.isthmus.blocktranslation.store;

import java.util.PriorityQueue;
import java.util.concurrent.CompletableFuture;

/**
 * Virtual time on one thread: nothing happens but in {@link #step}, and then in the order of due
 * times, equal ones in the order in which they were scheduled. The same calls give the same run.
 *
 * <p>Threading: confined to one thread.
 */
public final class SimulatedTimer implements StoreTimer {

  private static final class Entry implements Comparable<Entry> {
    final long dueNanos;
    final long sequence;
    final Runnable task;
    boolean cancelled;

    Entry(long dueNanos, long sequence, Runnable task) {
      this.dueNanos = dueNanos;
      this.sequence = sequence;
      this.task = task;
    }

    @Override
    public int compareTo(Entry other) {
      return dueNanos != other.dueNanos
          ? Long.compare(dueNanos, other.dueNanos)
          : Long.compare(sequence, other.sequence);
    }
  }

  private final PriorityQueue<Entry> queue = new PriorityQueue<>();
  private long nowNanos;
  private long sequence;

  @Override
  public long nanoTime() {
    return nowNanos;
  }

  @Override
  public Scheduled schedule(Runnable task, long delayNanos) {
    var entry = new Entry(nowNanos + Math.max(0, delayNanos), sequence++, task);
    queue.add(entry);
    return () -> entry.cancelled = true;
  }

  /** Runs the next task, moving the clock to its due time; false if there is none. */
  public boolean step() {
    Entry next;
    do {
      next = queue.poll();
    } while (next != null && next.cancelled);
    if (next == null) {
      return false;
    }
    nowNanos = Math.max(nowNanos, next.dueNanos);
    next.task.run();
    return true;
  }

  /** Runs everything due within {@code nanos} from now, and moves the clock there. */
  public void advance(long nanos) {
    long untilNanos = nowNanos + nanos;
    while (!queue.isEmpty() && queue.peek().dueNanos <= untilNanos) {
      step();
    }
    nowNanos = Math.max(nowNanos, untilNanos);
  }

  /** Runs until nothing is scheduled any more. */
  public void runUntilIdle() {
    while (step()) {}
  }

  /**
   * Runs until {@code future} is done, and returns its value as {@code join} does.
   *
   * @throws IllegalStateException if nothing is scheduled any more and it is not done
   */
  public <T> T await(CompletableFuture<T> future) {
    while (!future.isDone()) {
      if (!step()) {
        throw new IllegalStateException("nothing is scheduled, and the future is not done");
      }
    }
    return future.join();
  }
}
