package dev.isthmus.blocktranslation.store;

import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Real time, on an executor that belongs to whoever passed it in and outlives the stores that use
 * it. Its queue is bounded by them: two entries per request under way or waiting. Set {@code
 * setRemoveOnCancelPolicy(true)}, or cancelled deadlines stay in it until they pass.
 *
 * <p>Threading: thread-safe.
 */
public final class ExecutorStoreTimer implements StoreTimer {

  private final ScheduledExecutorService executor;

  public ExecutorStoreTimer(ScheduledExecutorService executor) {
    this.executor = executor;
  }

  @Override
  public long nanoTime() {
    return System.nanoTime();
  }

  @Override
  public Scheduled schedule(Runnable task, long delayNanos) {
    try {
      var future = executor.schedule(task, delayNanos, TimeUnit.NANOSECONDS);
      return () -> future.cancel(false);
    } catch (RejectedExecutionException e) {
      throw new IllegalStateException("the timer's executor was shut down before its stores", e);
    }
  }
}
