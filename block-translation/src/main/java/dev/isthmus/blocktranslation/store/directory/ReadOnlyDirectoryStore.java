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
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Objects as files below a directory, to be read and nothing else: a key is a path. A file is the
 * object as it is, as tools copy it out of a bucket, or has the header of {@link DirectoryStore}'s
 * files in front. Nothing is made, locked or removed, so it may lie on a file system that is
 * mounted read-only.
 *
 * <p>What was copied while it changed, or in part, is the reader's to find out. Threading:
 * thread-safe.
 */
public final class ReadOnlyDirectoryStore implements StoreDriver {

  /** As {@link DirectoryStore}: a disk's queue fills with few. */
  private static final int IO_THREADS = 4;

  private final Path root;
  private final ObjectLister lister;
  private final ThreadPoolExecutor threads;

  private ReadOnlyDirectoryStore(Path root, StoreLimits limits) {
    this.root = root;
    this.lister = new ObjectLister(root, ReadOnlyDirectoryStore::lengthBytes);
    this.threads =
        new ThreadPoolExecutor(
            IO_THREADS,
            IO_THREADS,
            0,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(limits.maxInFlight() * limits.maxAttempts()),
            Thread.ofPlatform().name("read-only-store-", 0).daemon().factory());
  }

  /**
   * Opens the objects below {@code root}.
   *
   * @throws StoreException.Invalid if it is no directory
   */
  public static PolicyObjectStore open(Path root, StoreLimits limits, StoreTimer timer) {
    if (!Files.isDirectory(root)) {
      throw new StoreException.Invalid(root + " is no directory with objects");
    }
    return new PolicyObjectStore(
        new ReadOnlyDirectoryStore(root, limits), limits, timer, new Random());
  }

  @Override
  public CompletableFuture<StoredObject> get(String key, ByteRange range, long timeoutNanos) {
    return run("GET " + key, what -> read(key, range, what));
  }

  /** One attempt; what it does comes in words. */
  @FunctionalInterface
  private interface Task<T> {
    T run(String what) throws IOException;
  }

  private <T> CompletableFuture<T> run(String request, Task<T> task) {
    String what = request + " at " + description();
    var result = new CompletableFuture<T>();
    try {
      threads.execute(() -> {
        try {
          result.complete(task.run(what));
        } catch (IOException e) {
          result.completeExceptionally(new StoreException.Unreachable(what + ": " + e, e));
        } catch (RuntimeException e) {
          result.completeExceptionally(e);
        }
      });
    } catch (RejectedExecutionException e) {
      result.completeExceptionally(new StoreException.Throttled(what + ": too many"));
    }
    return result;
  }

  /** Absent means absent only while the directory is there: it may have been unmounted. */
  private void checkThere(String what) {
    if (!Files.isDirectory(root)) {
      throw new StoreException.Unavailable(what + ": the directory itself is gone", 1, null);
    }
  }

  private StoredObject read(String key, ByteRange range, String what) throws IOException {
    Path file = root.resolve(key);
    checkThere(what);
    if (Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
      throw new StoreException.NotFound(what + ": no such object");
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return ObjectFile.hasHeader(channel)
          ? ObjectFile.read(channel, range, what)
          : ObjectFile.readPlain(channel, range, what);
    } catch (NoSuchFileException e) {
      throw new StoreException.NotFound(what + ": no such object");
    } catch (FileSystemException e) {
      if (Files.isRegularFile(file.getParent())) {
        throw new StoreException.NotFound(what + ": no such object");
      }
      throw e;
    }
  }

  @Override
  public CompletableFuture<ETag> put(
      String key, PutBody body, PutCondition condition, RequestPurpose purpose, long timeoutNanos) {
    return refused("PUT " + key);
  }

  @Override
  public CompletableFuture<@Nullable Void> delete(String key, long timeoutNanos) {
    return refused("DELETE " + key);
  }

  @Override
  public CompletableFuture<ListPage> list(
      String prefix, @Nullable String continuation, int maxKeys, long timeoutNanos) {
    return run(
        "LIST " + prefix,
        what -> {
          checkThere(what);
          return lister.list(prefix, continuation, maxKeys);
        });
  }

  private static long lengthBytes(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return ObjectFile.hasHeader(channel) ? ObjectFile.lengthBytes(file) : channel.size();
    }
  }

  private <T extends @Nullable Object> CompletableFuture<T> refused(String what) {
    return CompletableFuture.failedFuture(
        new StoreException.Invalid(what + " at " + description() + ": objects are only read here"));
  }

  @Override
  public String description() {
    return root.toString();
  }

  @Override
  public void close() {
    threads.shutdown();
  }
}
