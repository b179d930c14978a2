package dev.isthmus.blocktranslation.store;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * One host's connection to a {@link FakeBucket}, whose class comment states the fault model. It is
 * a driver under the real {@link PolicyObjectStore}: retries, deadlines, bounds and statistics in a
 * simulation are those of production.
 *
 * <p>With a {@link SimulatedTimer} everything runs on the timer's thread, in an order that the
 * random generator's seed decides; {@link PolicyObjectStore#close} then must be called when idle,
 * and {@link PolicyObjectStore#abort} is the crash of the host. With {@link ExecutorStoreTimer} the
 * same faults happen in real time on the executor's threads.
 *
 * <pre>{@code
 * var timer = new SimulatedTimer();
 * var random = new Random(seed);
 * var bucket = new FakeBucket();
 * var store = FakeObjectStore.open(bucket, timer, random, StoreFaults.random(random, 0.2));
 * ETag etag = timer.await(store.put("vol/0", List.of(segment), ifAbsent(), of(SEGMENT)));
 * }</pre>
 *
 * <p>Threading: as the timer.
 */
public final class FakeObjectStore implements StoreDriver {

  /** Request and reply take up to 40 ms each. */
  public static final long DEFAULT_MAX_DELAY_NANOS = 40_000_000;

  private final FakeBucket bucket;
  private final StoreTimer timer;
  private final RandomGenerator random;
  private final StoreFaults faults;
  private final long maxDelayNanos;

  private FakeObjectStore(
      FakeBucket bucket,
      StoreTimer timer,
      RandomGenerator random,
      StoreFaults faults,
      long maxDelayNanos) {
    this.bucket = bucket;
    this.timer = timer;
    this.random = random;
    this.faults = faults;
    this.maxDelayNanos = maxDelayNanos;
  }

  /** A store with the production limits and the default delays. */
  public static PolicyObjectStore open(
      FakeBucket bucket, StoreTimer timer, RandomGenerator random, StoreFaults faults) {
    return open(bucket, timer, random, faults, StoreLimits.DEFAULT, DEFAULT_MAX_DELAY_NANOS);
  }

  /**
   * A store.
   *
   * @param random thread-safe unless the timer is confined to one thread
   * @param maxDelayNanos longest way of a request, and of a reply
   */
  public static PolicyObjectStore open(
      FakeBucket bucket,
      StoreTimer timer,
      RandomGenerator random,
      StoreFaults faults,
      StoreLimits limits,
      long maxDelayNanos) {
    return new PolicyObjectStore(
        new FakeObjectStore(bucket, timer, random, faults, maxDelayNanos), limits, timer, random);
  }

  @Override
  public CompletableFuture<StoredObject> get(String key, ByteRange range, long timeoutNanos) {
    return send(RequestKind.GET, key, false, timeoutNanos, () -> bucket.get(key, range));
  }

  @Override
  public CompletableFuture<ETag> put(
      String key, PutBody body, PutCondition condition, RequestPurpose purpose, long timeoutNanos) {
    byte[] bytes = body.copyAll();
    if (bytes == null) {
      return CompletableFuture.failedFuture(new StoreException.Timeout("PUT " + key + ": ended"));
    }
    return send(
        RequestKind.PUT,
        key,
        !(condition instanceof PutCondition.Always),
        timeoutNanos,
        () -> bucket.put(key, bytes, condition));
  }

  @Override
  public CompletableFuture<@Nullable Void> delete(String key, long timeoutNanos) {
    return send(
        RequestKind.DELETE,
        key,
        false,
        timeoutNanos,
        () -> {
          bucket.delete(key);
          return null;
        });
  }

  @Override
  public CompletableFuture<ListPage> list(
      String prefix, @Nullable String continuation, int maxKeys, long timeoutNanos) {
    return send(
        RequestKind.LIST,
        prefix,
        false,
        timeoutNanos,
        () -> bucket.list(prefix, continuation, maxKeys));
  }

  private <T extends @Nullable Object> CompletableFuture<T> send(
      RequestKind kind, String key, boolean conditional, long timeoutNanos, Supplier<T> effect) {
    var reply = new CompletableFuture<T>();
    String what = kind + " " + key + ": ";
    switch (faults.next(kind, key)) {
      case NONE -> later(0, () -> answer(reply, effect));
      case THROTTLED -> later(0, () -> fail(reply, new StoreException.Throttled(what + "503")));
      case CONFLICT -> {
        if (conditional) {
          later(0, () -> fail(reply, new StoreException.Conflict(what + "409")));
        } else {
          later(0, () -> answer(reply, effect));
        }
      }
      case UNREACHABLE ->
          later(0, () -> fail(reply, new StoreException.Unreachable(what + "refused", null)));
      case REQUEST_LOST -> {}
      case REPLY_LOST -> later(0, () -> apply(effect));
      case REPLY_CUT ->
          later(
              0,
              () -> {
                apply(effect);
                fail(reply, new StoreException.Unreachable(what + "connection reset", null));
              });
      case DUPLICATED -> {
        later(0, () -> answer(reply, effect));
        later(lateness(), () -> apply(effect));
      }
      case DAMAGED_REPLY -> later(0, () -> answer(reply, () -> damaged(effect.get())));
      case LATE_EFFECT -> later(timeoutNanos + lateness(), () -> apply(effect));
    }
    return reply;
  }

  private <T extends @Nullable Object> void answer(CompletableFuture<T> reply, Supplier<T> effect) {
    T value;
    try {
      value = effect.get();
    } catch (StoreException e) {
      fail(reply, e);
      return;
    }
    later(0, () -> reply.complete(value));
  }

  @SuppressWarnings("unchecked") // what is no object is left alone
  private <T extends @Nullable Object> T damaged(T value) {
    if (!(value instanceof StoredObject object) || object.body().byteSize() == 0) {
      return value;
    }
    byte[] bytes = object.body().toArray(ValueLayout.JAVA_BYTE);
    int bit = random.nextInt(bytes.length * 8);
    bytes[bit / 8] ^= (byte) (1 << (bit % 8));
    return (T)
        new StoredObject(
            MemorySegment.ofArray(bytes),
            object.offsetBytes(),
            object.objectLengthBytes(),
            object.etag());
  }

  private void fail(CompletableFuture<?> reply, StoreException failure) {
    later(0, () -> reply.completeExceptionally(failure));
  }

  private static void apply(Supplier<?> effect) {
    try {
      var _ = effect.get();
    } catch (StoreException e) {
      // Nobody waits for what this found.
    }
  }

  private void later(long atLeastNanos, Runnable task) {
    var _ = timer.schedule(task, atLeastNanos + random.nextLong(maxDelayNanos + 1));
  }

  private long lateness() {
    return random.nextLong(FakeBucket.MAX_LATENESS_NANOS);
  }

  @Override
  public String description() {
    return "fake bucket";
  }

  @Override
  public void close() {
    // What was sent still arrives: see FakeBucket on lateness.
  }
}
