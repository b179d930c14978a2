package dev.isthmus.blocktranslation.store.directory;

import dev.isthmus.blocktranslation.store.ByteRange;
import dev.isthmus.blocktranslation.store.ETag;
import dev.isthmus.blocktranslation.store.ListPage;
import dev.isthmus.blocktranslation.store.PolicyObjectStore;
import dev.isthmus.blocktranslation.store.PutBody;
import dev.isthmus.blocktranslation.store.PutCondition;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreDriver;
import dev.isthmus.blocktranslation.store.StoreException;
import dev.isthmus.blocktranslation.store.StoreLimits;
import dev.isthmus.blocktranslation.store.StoreTimer;
import dev.isthmus.blocktranslation.store.StoredObject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A bucket in a directory, for a gateway without S3 and for development: everything that {@link
 * BucketDirectory} does, on a few threads.
 *
 * <p>Threading: thread-safe.
 */
public final class DirectoryStore implements StoreDriver {

  /** Threads that read, write and force: a disk's queue fills with few. */
  private static final int IO_THREADS = 4;

  private static final long LONGEST_STOP_SECONDS = 10;

  private final BucketDirectory bucket;
  private final ThreadPoolExecutor threads;

  private DirectoryStore(BucketDirectory bucket, StoreLimits limits) {
    this.bucket = bucket;
    this.threads =
        new ThreadPoolExecutor(
            IO_THREADS,
            IO_THREADS,
            0,
            TimeUnit.SECONDS,
            // Attempts that were given up stay queued beside their successors until they are met.
            new LinkedBlockingQueue<>(limits.maxInFlight() * limits.maxAttempts()),
            Thread.ofPlatform().name("directory-store-", 0).daemon().factory());
  }

  /**
   * Opens the bucket at {@code root}; makes it if {@code root} is empty, or absent in a directory
   * that is there. Blocks.
   *
   * @throws StoreException.Invalid if it is something else
   * @throws StoreException.Unavailable if it can't be read or made
   */
  public static PolicyObjectStore open(Path root, StoreLimits limits, StoreTimer timer) {
    var store = new DirectoryStore(BucketDirectory.open(root), limits);
    return new PolicyObjectStore(store, limits, timer, new Random());
  }

  @Override
  public CompletableFuture<StoredObject> get(String key, ByteRange range, long timeoutNanos) {
    return run("GET " + key, _ -> bucket.get(key, range));
  }

  @Override
  public CompletableFuture<ETag> put(
      String key, PutBody body, PutCondition condition, RequestPurpose purpose, long timeoutNanos) {
    return run("PUT " + key, wanted -> bucket.put(key, body, condition, wanted));
  }

  @Override
  @SuppressWarnings("NullAway") // Void has no other value than null
  public CompletableFuture<@Nullable Void> delete(String key, long timeoutNanos) {
    return run(
        "DELETE " + key,
        wanted -> {
          bucket.delete(key, wanted);
          return null;
        });
  }

  @Override
  public CompletableFuture<ListPage> list(
      String prefix, @Nullable String continuation, int maxKeys, long timeoutNanos) {
    return run("LIST " + prefix, _ -> bucket.list(prefix, continuation, maxKeys));
  }

  /** One attempt; told whether anybody still waits for it. */
  @FunctionalInterface
  private interface Task<T extends @Nullable Object> {
    T run(BucketDirectory.Wanted wanted) throws IOException;
  }

  private <T extends @Nullable Object> CompletableFuture<T> run(String what, Task<T> task) {
    var result = new CompletableFuture<T>();
    try {
      threads.execute(() -> {
        if (result.isDone()) {
          return;
        }
        try {
          result.complete(task.run(() -> !result.isDone()));
        } catch (IOException e) {
          result.completeExceptionally(
              new StoreException.Unreachable(what + " at " + description() + ": " + e, e));
        } catch (RuntimeException e) {
          result.completeExceptionally(e);
        }
      });
    } catch (RejectedExecutionException e) {
      result.completeExceptionally(
          new StoreException.Throttled(what + " at " + description() + ": the disk is behind"));
    }
    return result;
  }

  @Override
  public String description() {
    return bucket.description();
  }

  @Override
  public void close() {
    threads.shutdown();
    boolean interrupted = false;
    try {
      // An attempt that was given up may still be in the kernel; it is harmless and ends alone.
      var _ = threads.awaitTermination(LONGEST_STOP_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      interrupted = true;
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
