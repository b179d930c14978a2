package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blocktranslation.store.StoreException;
import dev.isthmus.blocktranslation.store.StoreLimits;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The threads that build and sign one bucket's requests, which are not the caller's: finding
 * credentials may block (a file, the instance's metadata).
 *
 * <p>Threading: thread-safe.
 */
public final class RequestWorkers implements AutoCloseable {

  /** Short work, so a few threads are enough for any bandwidth. */
  private static final int WORKERS = 2;

  private final ThreadPoolExecutor workers;

  /**
   * Starts when there is work.
   *
   * @param name of the threads
   */
  public RequestWorkers(String name, StoreLimits limits) {
    // Each attempt brings one task to start it and one to complete it.
    int maxTasks = 2 * limits.maxInFlight() * limits.maxAttempts();
    this.workers =
        new ThreadPoolExecutor(
            WORKERS,
            WORKERS,
            0,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(maxTasks),
            Thread.ofPlatform().name(name, 0).daemon().factory());
  }

  /** A completion is never dropped: where there is no worker for it, the network thread does it. */
  void complete(Runnable task) {
    try {
      workers.execute(task);
    } catch (RejectedExecutionException e) {
      task.run();
    }
  }

  /**
   * Starts an attempt on a worker, translates what comes, and passes a cancel on.
   *
   * @param what the request, for messages
   * @param start makes the library's call; cancelling its future ends that
   * @param failures what the library throws, as what the caller does about it
   * @param conversion what the library's value becomes; may throw as the library does
   */
  public <A, B> CompletableFuture<B> send(
      String what,
      Supplier<CompletableFuture<A>> start,
      Function<Throwable, StoreException> failures,
      Function<A, B> conversion) {
    var result = new CompletableFuture<B>();
    Runnable task =
        () -> {
          if (result.isDone()) {
            return;
          }
          CompletableFuture<A> sent;
          try {
            sent = start.get();
          } catch (RuntimeException e) {
            result.completeExceptionally(failures.apply(e));
            return;
          }
          cancelWith(result, sent);
          var _ =
              sent.whenComplete((value, failure) -> {
                if (failure != null) {
                  result.completeExceptionally(failures.apply(failure));
                  return;
                }
                try {
                  result.complete(conversion.apply(value));
                } catch (RuntimeException e) {
                  result.completeExceptionally(failures.apply(e));
                }
              });
        };
    try {
      workers.execute(task);
    } catch (RejectedExecutionException e) {
      result.completeExceptionally(
          new StoreException.Throttled(what + ": too many attempts are still being given up"));
    }
    return result;
  }

  /** A delete: S3 answers 204 for an absent object; some servers say NoSuchKey. */
  public static CompletableFuture<@Nullable Void> deleted(CompletableFuture<Boolean> sent) {
    var result = new CompletableFuture<@Nullable Void>();
    var _ =
        sent.whenComplete((_, failure) -> {
          if (failure == null || failure instanceof StoreException.NotFound) {
            result.complete(null);
          } else {
            result.completeExceptionally(failure);
          }
        });
    cancelWith(result, sent);
    return result;
  }

  private static void cancelWith(CompletableFuture<?> result, CompletableFuture<?> sent) {
    var _ =
        result.whenComplete((_, _) -> {
          if (result.isCancelled()) {
            sent.cancel(true);
          }
        });
  }

  /** What was started goes on. */
  @Override
  public void close() {
    workers.shutdown();
  }
}
