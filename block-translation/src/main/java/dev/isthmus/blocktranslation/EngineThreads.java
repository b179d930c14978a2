package dev.isthmus.blocktranslation;

import dev.isthmus.blocktranslation.store.ExecutorStoreTimer;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.StoreAddress;
import dev.isthmus.blocktranslation.store.StoreException;
import dev.isthmus.blocktranslation.store.StoreLimits;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * What the volumes of one process share: threads that may block, and time. Threading: thread-safe.
 */
final class EngineThreads implements AutoCloseable {

  /**
   * Threads for what blocks: building segments, forcing and trimming logs, merging maps. A volume
   * has at most eight such tasks at once, and the disk and two cores are full with fewer.
   */
  private static final int BLOCKING_THREADS = 16;

  private final ThreadPoolExecutor blocking;
  private final ScheduledThreadPoolExecutor timer;
  private final Duration requestTimeout;

  /**
   * @param requestTimeout deadline of one request to a bucket with its retries
   */
  EngineThreads(Duration requestTimeout) {
    this.requestTimeout = requestTimeout;
    this.blocking =
        new ThreadPoolExecutor(
            BLOCKING_THREADS,
            BLOCKING_THREADS,
            10,
            TimeUnit.SECONDS,
            // Bounded by those who hand in: see BLOCKING_THREADS.
            new LinkedBlockingQueue<>(),
            daemons("volume-io-"));
    blocking.allowCoreThreadTimeOut(true);
    this.timer = new ScheduledThreadPoolExecutor(1, daemons("store-timer-"));
    timer.setRemoveOnCancelPolicy(true);
  }

  private static ThreadFactory daemons(String prefix) {
    return Thread.ofPlatform().daemon().name(prefix, 0).factory();
  }

  /** Where work that blocks is done. */
  Executor blocking() {
    return blocking;
  }

  /** A new connection to a bucket. */
  ObjectStore connect(StoreAddress address) {
    try {
      long timeoutNanos = requestTimeout.toNanos();
      StoreLimits limits = StoreLimits.DEFAULT;
      return address.open(
          limits.withTimeouts(timeoutNanos, Math.min(timeoutNanos, limits.attemptTimeoutNanos())),
          new ExecutorStoreTimer(timer));
    } catch (StoreException e) {
      throw Futures.deviceException("the bucket can't be opened", e);
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
    blocking.shutdown();
  }
}
