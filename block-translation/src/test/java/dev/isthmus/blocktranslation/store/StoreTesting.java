package dev.isthmus.blocktranslation.store;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.fail;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Small tools of the store tests. */
public final class StoreTesting {

  private static final long LONGEST_WAIT_SECONDS = 120;

  private StoreTesting() {}

  /** Bytes that differ for each seed. */
  public static byte[] bytes(int length, long seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  public static List<MemorySegment> segments(byte[] body) {
    return List.of(MemorySegment.ofArray(body));
  }

  public static byte[] bytesOf(StoredObject object) {
    return object.body().toArray(ValueLayout.JAVA_BYTE);
  }

  /** Waits and returns the value, or throws the store's own exception. */
  public static <T extends @Nullable Object> T join(CompletableFuture<T> future) {
    try {
      return future.orTimeout(LONGEST_WAIT_SECONDS, TimeUnit.SECONDS).join();
    } catch (CompletionException e) {
      switch (e.getCause()) {
        case StoreException s -> throw s;
        case TimeoutException t ->
            throw new AssertionError("nothing came within the longest wait of a test", t);
        case null, default -> throw e;
      }
    }
  }

  /** Waits, and expects this failure. */
  public static <E extends StoreException> E assertFails(
      Class<E> type, CompletableFuture<?> future) {
    try {
      Object value = join(future);
      return fail("expected " + type.getSimpleName() + ", got " + value);
    } catch (StoreException e) {
      return assertInstanceOf(type, e);
    }
  }

  /** A timer in real time; the caller shuts the executor down. */
  public static ScheduledThreadPoolExecutor timerExecutor() {
    var executor =
        new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().name("store-test-timer").daemon().factory());
    executor.setRemoveOnCancelPolicy(true);
    return executor;
  }
}
