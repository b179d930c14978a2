package dev.isthmus.blocktranslation.store;

import dev.isthmus.blocktranslation.store.RequestCounters.Event;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * One request from its start to its end: attempts, back-off between them, the deadline over all.
 *
 * <p>Every attempt has a number; what arrives for any but the current one (a late reply, a timer
 * that lost its race) is void. The result completes once, after the body was closed.
 *
 * <p>Threading: guarded by this; the driver and the result's dependents are called outside.
 */
final class StoreRequest<T extends @Nullable Object> {

  /** Makes one attempt. */
  @FunctionalInterface
  interface Attempt<T extends @Nullable Object> {
    CompletableFuture<T> start(long timeoutNanos);
  }

  /** What requests of one store share. */
  record Context(
      StoreTimer timer, StoreLimits limits, RandomGenerator random, RequestCounters counters) {}

  final CompletableFuture<T> result = new CompletableFuture<>();
  private final Context context;
  private final RequestKind kind;
  private final RequestPurpose purpose;
  private final String what;
  private final Attempt<T> attempt;
  private final @Nullable PutBody body;
  private final long deadlineNanos;
  private Runnable onEnd = () -> {};

  private int attempts;
  private boolean started;
  private boolean backingOff;
  private boolean ended;
  private @Nullable CompletableFuture<T> current;
  private StoreTimer.@Nullable Scheduled timer;
  private @Nullable Throwable lastFailure;

  /**
   * A request that was not started.
   *
   * @param what for messages: kind, key and store
   */
  StoreRequest(
      Context context,
      RequestKind kind,
      RequestOptions options,
      String what,
      @Nullable PutBody body,
      Attempt<T> attempt) {
    this.context = context;
    this.kind = kind;
    this.purpose = options.purpose();
    this.what = what;
    this.body = body;
    this.attempt = attempt;
    long timeoutNanos =
        options.timeoutNanos() == 0
            ? context.limits().defaultTimeoutNanos()
            : options.timeoutNanos();
    this.deadlineNanos = context.timer().nanoTime() + timeoutNanos;
  }

  /** Waits for {@link #start}, for no longer than the deadline. */
  synchronized void await() {
    if (!ended && !started) {
      timer =
          context
              .timer()
              .schedule(
                  () -> giveUp("no free slot within the deadline"),
                  Math.max(0, deadlineNanos - context.timer().nanoTime()));
    }
  }

  /**
   * Makes the first attempt.
   *
   * @param atEnd called once when this ended, before the result completes
   * @return false if it has ended while it waited; {@code atEnd} is then never called
   */
  boolean start(Runnable atEnd) {
    synchronized (this) {
      if (ended) {
        return false;
      }
      started = true;
      onEnd = atEnd;
      cancelTimer();
    }
    tryOnce();
    return true;
  }

  /** Ends with {@link StoreException.Unavailable}, whatever is under way. */
  void giveUp(String why) {
    CompletableFuture<T> abandoned;
    StoreException failure;
    synchronized (this) {
      abandoned = current;
      failure = unavailable(why);
    }
    fail(failure);
    if (abandoned != null) {
      abandoned.cancel(false);
    }
  }

  private void tryOnce() {
    int number;
    long timeoutNanos;
    synchronized (this) {
      if (ended) {
        return;
      }
      backingOff = false;
      timeoutNanos =
          Math.min(
              context.limits().attemptTimeoutNanos(), deadlineNanos - context.timer().nanoTime());
      number = timeoutNanos > 0 ? ++attempts : 0;
      if (number > 0) {
        timer = context.timer().schedule(() -> attemptTimedOut(number), timeoutNanos);
      }
    }
    if (number == 0) {
      giveUp("the deadline has passed");
      return;
    }
    count(Event.ATTEMPT, 1);
    count(Event.RETRY, number > 1 ? 1 : 0);
    count(Event.SENT_BYTES, body == null ? 0 : body.lengthBytes());
    CompletableFuture<T> future;
    try {
      future = attempt.start(timeoutNanos);
    } catch (RuntimeException e) {
      attemptFailed(number, e);
      return;
    }
    boolean isVoid;
    synchronized (this) {
      isVoid = ended || attempts != number;
      if (!isVoid) {
        current = future;
      }
    }
    if (isVoid) {
      future.cancel(false);
    }
    var _ =
        future.whenComplete((value, failure) -> {
          if (failure == null) {
            attemptSucceeded(number, value);
          } else {
            attemptFailed(number, failure);
          }
        });
  }

  private void attemptTimedOut(int number) {
    CompletableFuture<T> abandoned;
    synchronized (this) {
      abandoned = current;
    }
    attemptFailed(number, new StoreException.Timeout(what + ": no answer in time"));
    if (abandoned != null) {
      abandoned.cancel(false);
    }
  }

  private void attemptSucceeded(int number, T value) {
    if (value instanceof StoredObject object) {
      count(Event.RECEIVED_BYTES, object.body().byteSize());
    }
    synchronized (this) {
      if (ended || attempts != number || backingOff) {
        return;
      }
      ended = true;
      cancelTimer();
    }
    end();
    result.complete(value);
  }

  private void attemptFailed(int number, Throwable thrown) {
    Throwable failure =
        thrown instanceof CompletionException && thrown.getCause() != null
            ? thrown.getCause()
            : thrown;
    StoreException ending;
    synchronized (this) {
      if (ended || attempts != number || backingOff) {
        return;
      }
      cancelTimer();
      current = null;
      if (failure instanceof StoreException.Transient) {
        lastFailure = failure;
        ending = planRetry();
      } else {
        ending = classify(failure);
      }
    }
    if (ending != null) {
      fail(ending);
    }
  }

  /** Schedules the next attempt, or says why there is none. */
  private @Nullable StoreException planRetry() {
    StoreLimits limits = context.limits();
    if (attempts >= limits.maxAttempts()) {
      return unavailable("given up after " + attempts + " attempts");
    }
    long boundNanos =
        Math.min(
            limits.backoffCapNanos(),
            saturatedShift(limits.backoffBaseNanos(), Math.min(attempts - 1, 40)));
    // Full jitter: clients that failed together do not come back together.
    long delayNanos = boundNanos == 0 ? 0 : context.random().nextLong(boundNanos + 1);
    if (context.timer().nanoTime() + delayNanos - deadlineNanos >= 0) {
      return unavailable("no time left for another attempt within the deadline");
    }
    backingOff = true;
    timer = context.timer().schedule(this::tryOnce, delayNanos);
    return null;
  }

  private static long saturatedShift(long value, int bits) {
    return value > Long.MAX_VALUE >> bits ? Long.MAX_VALUE - 1 : value << bits;
  }

  private StoreException classify(Throwable failure) {
    return switch (failure) {
      case StoreException.PreconditionFailed e ->
          new StoreException.PreconditionFailed(
              attempts == 1
                  ? messageOf(e)
                  : messageOf(e) + " (attempt " + attempts + ": it may be our own object)",
              attempts);
      case StoreException e -> e;
      default -> new StoreException.Internal(what + ": " + failure, failure);
    };
  }

  private static String messageOf(StoreException e) {
    return String.valueOf(e.getMessage());
  }

  private StoreException unavailable(String why) {
    Throwable cause = lastFailure;
    String message = what + ": " + why;
    return new StoreException.Unavailable(
        cause == null ? message : message + "; last: " + cause.getMessage(), attempts, cause);
  }

  private void fail(StoreException failure) {
    synchronized (this) {
      if (ended) {
        return;
      }
      ended = true;
      cancelTimer();
    }
    count(
        switch (failure) {
          case StoreException.NotFound e -> Event.NOT_FOUND;
          case StoreException.PreconditionFailed e -> Event.PRECONDITION_FAILED;
          default -> Event.FAILURE;
        },
        1);
    end();
    result.completeExceptionally(failure);
  }

  private void end() {
    if (body != null) {
      body.close();
    }
    onEnd.run();
  }

  private void cancelTimer() {
    if (timer != null) {
      timer.cancel();
      timer = null;
    }
  }

  private void count(Event event, long amount) {
    if (amount != 0) {
      context.counters().add(kind, purpose, event, amount);
    }
  }
}
