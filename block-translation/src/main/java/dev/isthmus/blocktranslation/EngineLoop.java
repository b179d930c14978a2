package dev.isthmus.blocktranslation;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The one thread on which everything of a volume happens, its clocks and timers, and the way to
 * work that may block. A simulation puts a loop of its own in its place, with simulated time.
 *
 * <p>Tasks run one after the other, in the order in which they were handed in. Threading: {@link
 * #execute}, {@link #blocking} and the clocks from any thread; {@link #schedule} on the loop.
 */
interface EngineLoop extends Executor, Waiter {

  /** Runs {@code task} on the loop, soon. */
  @Override
  void execute(Runnable task);

  /** Runs {@code task} on the loop, not before {@code delayNanos} from now. */
  Timer schedule(long delayNanos, Runnable task);

  /** Where work that blocks (reading the log, forcing it, building a segment) is done. */
  Executor blocking();

  /** Monotonic time. */
  long nanoTime();

  /** Nanoseconds since 1970, for people only. */
  long wallNanos();

  /** Whether the caller is on the loop. */
  boolean inLoop();

  /** Waits for a future, off the loop. Control calls use it and nothing else to wait. */
  @Override
  <T> T await(CompletableFuture<T> future);

  /**
   * A random time around {@code baseNanos}, so that many who failed at once do not return at once.
   */
  default long jittered(long baseNanos) {
    return baseNanos / 2 + ThreadLocalRandom.current().nextLong(baseNanos);
  }

  /** Ends the loop after the tasks that were handed in; timers are dropped. */
  void shutdown();

  /** A task that may still be called off. */
  interface Timer {
    /** On the loop: the task does not run, if it has not run yet. */
    void cancel();
  }
}
