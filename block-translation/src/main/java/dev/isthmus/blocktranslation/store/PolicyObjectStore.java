package dev.isthmus.blocktranslation.store;

import dev.isthmus.blocktranslation.store.RequestCounters.Event;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * An {@link ObjectStore} made of a {@link StoreDriver} and the policy that all stores share:
 * arguments checked, requests bounded, deadlines, retries within a budget ({@link RetryBudget}),
 * fewer requests at once when the server asks for it ({@link ConcurrencyLimit}), hedged reads
 * ({@link Hedging}), statistics.
 *
 * <p>A request holds its slot through its back-off; a hedge needs none of its own.
 *
 * <p>Threading: thread-safe; the queue is guarded by {@code lock}, under which nothing of others is
 * called.
 */
public final class PolicyObjectStore implements ObjectStore {

  private final StoreDriver driver;
  private final StoreRequest.Context context;
  private final RequestCounters counters = new RequestCounters();
  private final Object lock = new Object();
  private final ArrayDeque<StoreRequest<?>> waiting = new ArrayDeque<>();
  private final Set<StoreRequest<?>> running = new HashSet<>();

  /**
   * Whether this thread is in {@link #drain}: a request that ends as it starts must not recurse.
   */
  private final ThreadLocal<Boolean> draining = ThreadLocal.withInitial(() -> false);

  private boolean closed;
  private boolean driverClosed;

  /**
   * Takes ownership of {@code driver}.
   *
   * @param random jitter of the back-off; thread-safe, as {@link java.util.Random} is
   */
  public PolicyObjectStore(
      StoreDriver driver, StoreLimits limits, StoreTimer timer, RandomGenerator random) {
    this.driver = driver;
    this.context =
        new StoreRequest.Context(
            timer,
            limits,
            random,
            counters,
            new RetryBudget(timer),
            new ConcurrencyLimit(timer, limits.maxInFlight()),
            new Hedging(limits.hedgeShare()));
  }

  @Override
  public CompletableFuture<StoredObject> get(String key, ByteRange range, RequestOptions options) {
    return run(
        RequestKind.GET,
        key,
        options,
        null,
        ObjectKeys.problem(key),
        options.purpose().isWaitedFor() ? range.maxLengthBytes() : 0,
        timeoutNanos -> driver.get(key, range, timeoutNanos));
  }

  @Override
  public CompletableFuture<ETag> put(
      String key, List<MemorySegment> segments, PutCondition condition, RequestOptions options) {
    PutBody body;
    try {
      body = new PutBody(segments);
    } catch (StoreException e) {
      return CompletableFuture.failedFuture(e);
    }
    return run(
        RequestKind.PUT,
        key,
        options,
        body,
        ObjectKeys.problem(key),
        0,
        options.looksFirst()
            ? new LookedPut(driver, counters, options.purpose(), key, body, condition)
            : timeoutNanos -> driver.put(key, body, condition, options.purpose(), timeoutNanos));
  }

  @Override
  @SuppressWarnings("NullAway") // Void has no other value than null
  public CompletableFuture<Void> delete(String key, RequestOptions options) {
    return run(
        RequestKind.DELETE,
        key,
        options,
        null,
        ObjectKeys.problem(key),
        0,
        timeoutNanos -> driver.delete(key, timeoutNanos));
  }

  @Override
  public CompletableFuture<ListPage> list(
      String prefix, @Nullable String continuation, int maxKeys, RequestOptions options) {
    String problem = ObjectKeys.prefixProblem(prefix);
    if (maxKeys < 1 || maxKeys > MAX_LIST_KEYS) {
      problem = "a page has 1 to " + MAX_LIST_KEYS + " keys, not " + maxKeys;
    }
    return run(
        RequestKind.LIST,
        prefix,
        options,
        null,
        problem,
        0,
        timeoutNanos -> driver.list(prefix, continuation, maxKeys, timeoutNanos));
  }

  private <T extends @Nullable Object> CompletableFuture<T> run(
      RequestKind kind,
      String key,
      RequestOptions options,
      @Nullable PutBody body,
      @Nullable String problem,
      int hedgedBytes,
      StoreRequest.Attempt<T> attempt) {
    counters.add(kind, options.purpose(), Event.REQUEST, 1);
    if (problem != null) {
      counters.add(kind, options.purpose(), Event.FAILURE, 1);
      return CompletableFuture.failedFuture(
          new StoreException.Invalid(kind + " at " + driver.description() + ": " + problem));
    }
    String what = kind + " " + key + " at " + driver.description();
    var request =
        new StoreRequest<T>(
            context,
            new StoreRequest.Subject(
                kind, options.purpose(), what, hedgedBytes, maxAttempts(options)),
            options.timeoutNanos(),
            body,
            attempt);
    admit(request);
    return request.result;
  }

  private int maxAttempts(RequestOptions options) {
    int most = context.limits().maxAttempts();
    return options.maxAttempts() == 0 ? most : Math.min(most, options.maxAttempts());
  }

  private void admit(StoreRequest<?> request) {
    String refusal = null;
    synchronized (lock) {
      if (closed) {
        refusal = "the store is closed";
      } else if (running.size() >= context.concurrency().now() || !waiting.isEmpty()) {
        if (waiting.size() >= context.limits().maxQueued()) {
          // Those that ran out of time while they waited still hold a place.
          waiting.removeIf(r -> r.result.isDone());
        }
        if (waiting.size() >= context.limits().maxQueued()) {
          refusal =
              "%d requests are under way and %d wait: the store's bounds"
                  .formatted(running.size(), waiting.size());
        }
      }
      if (refusal == null) {
        waiting.add(request);
      }
    }
    if (refusal != null) {
      request.giveUp(refusal);
      return;
    }
    request.await();
    drain();
  }

  /** Starts what there is room for; a loop, since a request may end while it starts. */
  private void drain() {
    if (draining.get()) {
      return;
    }
    draining.set(true);
    try {
      while (startNext()) {}
    } finally {
      draining.remove();
    }
  }

  private boolean startNext() {
    StoreRequest<?> next;
    synchronized (lock) {
      if (waiting.isEmpty() || running.size() >= context.concurrency().now()) {
        return false;
      }
      next = waiting.remove();
      running.add(next);
    }
    if (!next.start(() -> requestEnded(next))) {
      requestEnded(next);
    }
    return true;
  }

  private void requestEnded(StoreRequest<?> request) {
    synchronized (lock) {
      running.remove(request);
      lock.notifyAll();
    }
    drain();
  }

  @Override
  public StoreStatistics statistics() {
    synchronized (lock) {
      return new StoreStatistics(
          counters.snapshot(),
          running.size(),
          waiting.size(),
          context.concurrency().now(),
          context.budget().left());
    }
  }

  @Override
  public String description() {
    return driver.description();
  }

  @Override
  public void close() {
    refuseAndGiveUp(false);
    boolean interrupted = false;
    synchronized (lock) {
      while (!running.isEmpty()) {
        try {
          lock.wait();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    closeDriverOnce();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Closes without waiting, as a crash would: all requests end now with {@link
   * StoreException.Unavailable}, and what was sent may still take effect.
   */
  public void abort() {
    refuseAndGiveUp(true);
    closeDriverOnce();
  }

  private void refuseAndGiveUp(boolean runningToo) {
    List<StoreRequest<?>> given;
    synchronized (lock) {
      closed = true;
      given = new ArrayList<>(waiting);
      if (runningToo) {
        given.addAll(running);
      }
      waiting.clear();
    }
    given.forEach(r -> r.giveUp("the store is closed"));
  }

  private void closeDriverOnce() {
    synchronized (lock) {
      if (driverClosed) {
        return;
      }
      driverClosed = true;
    }
    driver.close();
  }
}
