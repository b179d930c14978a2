package dev.isthmus.blocktranslation.store;

import dev.isthmus.blocktranslation.store.RequestCounters.Event;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One request from its start to its end: attempts, back-off between them, perhaps a hedge beside
 * the first, the deadline over all.
 *
 * <p>What arrives for an attempt that is not under way any more (a late reply, a timer that lost
 * its race) is void. The result completes once, after the body was closed.
 *
 * <p>Threading: guarded by this; the driver and the result's dependents are called outside.
 */
final class StoreRequest<T extends @Nullable Object> {

  private static final Logger LOG = LoggerFactory.getLogger(StoreRequest.class);

  /** Makes one attempt. */
  @FunctionalInterface
  interface Attempt<T extends @Nullable Object> {
    CompletableFuture<T> start(long timeoutNanos);
  }

  /** What requests of one store share. */
  record Context(
      StoreTimer timer,
      StoreLimits limits,
      RandomGenerator random,
      RequestCounters counters,
      RetryBudget budget,
      ConcurrencyLimit concurrency,
      Hedging hedging) {}

  /**
   * What is asked for.
   *
   * @param what for messages: kind, key and store
   * @param hedgedBytes most bytes that the answer brings, if someone waits for it; 0 for what is
   *     not hedged
   * @param maxAttempts most attempts, the first and its hedge included
   */
  record Subject(
      RequestKind kind, RequestPurpose purpose, String what, int hedgedBytes, int maxAttempts) {}

  /** An attempt under way. */
  private static final class Live<T extends @Nullable Object> {
    final int number;
    final boolean isHedge;
    final long startedNanos;
    @Nullable CompletableFuture<T> future;
    StoreTimer.@Nullable Scheduled timeout;

    Live(int number, boolean isHedge, long startedNanos) {
      this.number = number;
      this.isHedge = isHedge;
      this.startedNanos = startedNanos;
    }
  }

  final CompletableFuture<T> result = new CompletableFuture<>();
  private final Context context;
  private final Subject subject;
  private final Attempt<T> attempt;
  private final @Nullable PutBody body;
  private final long deadlineNanos;
  private Runnable onEnd = () -> {};

  /** At most two: an attempt and its hedge. The older comes first. */
  private final List<Live<T>> live = new ArrayList<>(2);

  private int attempts;
  private int damaged;
  private boolean started;
  private boolean ended;

  /** The one delay that runs while no attempt does: for a slot, or between attempts. */
  private StoreTimer.@Nullable Scheduled delay;

  private StoreTimer.@Nullable Scheduled hedgeTimer;
  private @Nullable Throwable lastFailure;

  /** A request that was not started. */
  StoreRequest(
      Context context,
      Subject subject,
      long timeoutNanos,
      @Nullable PutBody body,
      Attempt<T> attempt) {
    this.context = context;
    this.subject = subject;
    this.body = body;
    this.attempt = attempt;
    this.deadlineNanos =
        now() + (timeoutNanos == 0 ? context.limits().defaultTimeoutNanos() : timeoutNanos);
  }

  private long now() {
    return context.timer().nanoTime();
  }

  /** Waits for {@link #start}, for no longer than the deadline. */
  synchronized void await() {
    if (!ended && !started) {
      delay =
          context
              .timer()
              .schedule(
                  () -> giveUp("no free slot within the deadline"),
                  Math.max(0, deadlineNanos - now()));
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
      delay = cancelled(delay);
    }
    context.budget().requestSent();
    tryAgain();
    return true;
  }

  /** Ends with {@link StoreException.Unavailable}, whatever is under way. */
  void giveUp(String why) {
    StoreException failure;
    synchronized (this) {
      failure = unavailable(why);
    }
    fail(failure);
  }

  private void tryAgain() {
    Live<T> begun;
    synchronized (this) {
      if (ended) {
        return;
      }
      delay = null;
      begun = begin(false);
      if (begun != null && attempts == 1 && subject.hedgedBytes() > 0) {
        long delayNanos = context.hedging().readStarted(subject.hedgedBytes());
        if (delayNanos < context.limits().attemptTimeoutNanos()) {
          hedgeTimer = context.timer().schedule(this::hedge, delayNanos);
        }
      }
    }
    if (begun == null) {
      giveUp("the deadline has passed");
    } else {
      send(begun);
    }
  }

  /** The first attempt takes longer than nearly all others did. */
  private void hedge() {
    Live<T> begun;
    synchronized (this) {
      if (ended || live.size() != 1 || !context.hedging().begin()) {
        return;
      }
      begun = begin(true);
      if (begun == null) {
        context.hedging().end();
        return;
      }
    }
    count(Event.HEDGE, 1);
    send(begun);
  }

  /** Null if the deadline has passed. */
  private @Nullable Live<T> begin(boolean isHedge) {
    long nowNanos = now();
    long timeoutNanos = timeoutNanos(nowNanos);
    if (timeoutNanos <= 0) {
      return null;
    }
    var begun = new Live<T>(++attempts, isHedge, nowNanos);
    live.add(begun);
    begun.timeout = context.timer().schedule(() -> timedOut(begun), timeoutNanos);
    return begun;
  }

  private long timeoutNanos(long nowNanos) {
    return Math.min(context.limits().attemptTimeoutNanos(), deadlineNanos - nowNanos);
  }

  private void send(Live<T> begun) {
    count(Event.ATTEMPT, 1);
    count(Event.RETRY, begun.number > 1 && !begun.isHedge ? 1 : 0);
    count(Event.SENT_BYTES, body == null ? 0 : body.lengthBytes());
    CompletableFuture<T> future;
    try {
      future = attempt.start(timeoutNanos(begun.startedNanos));
    } catch (RuntimeException | Error e) {
      failed(begun, e);
      return;
    }
    boolean isVoid;
    synchronized (this) {
      isVoid = !live.contains(begun);
      begun.future = future;
    }
    if (isVoid) {
      future.cancel(false);
    }
    var _ =
        future.whenComplete((value, failure) -> {
          if (failure == null) {
            succeeded(begun, value);
          } else {
            failed(begun, failure);
          }
        });
  }

  private void timedOut(Live<T> begun) {
    failed(begun, new StoreException.Timeout(subject.what() + ": no answer in time"));
    CompletableFuture<T> abandoned;
    synchronized (this) {
      abandoned = begun.future;
    }
    if (abandoned != null) {
      abandoned.cancel(false);
    }
  }

  private void succeeded(Live<T> begun, T value) {
    if (value instanceof StoredObject object) {
      count(Event.RECEIVED_BYTES, object.body().byteSize());
    }
    context.concurrency().succeeded();
    List<Live<T>> rest;
    synchronized (this) {
      if (ended || !live.contains(begun)) {
        return;
      }
      if (subject.hedgedBytes() > 0) {
        // If the hedge won, the first would have taken at least as long.
        context.hedging().readEnded(subject.hedgedBytes(), now() - live.getFirst().startedNanos);
      }
      remove(begun);
      rest = endAttempts();
    }
    count(Event.HEDGE_WON, begun.isHedge ? 1 : 0);
    end(rest, () -> result.complete(value));
  }

  private void failed(Live<T> begun, Throwable thrown) {
    Throwable failure =
        thrown instanceof CompletionException && thrown.getCause() != null
            ? thrown.getCause()
            : thrown;
    StoreException ending;
    synchronized (this) {
      if (ended || !live.contains(begun)) {
        return;
      }
      remove(begun);
      note(failure, begun);
      if (!(failure instanceof StoreException.Transient)) {
        ending = classify(failure);
      } else {
        lastFailure = failure;
        // The other one may still be answered.
        ending = live.isEmpty() ? planRetry(failure) : null;
      }
    }
    if (ending != null) {
      fail(ending);
    }
  }

  /** What all requests of the store learn from this failure. */
  private void note(Throwable failure, Live<T> begun) {
    switch (failure) {
      case StoreException.Throttled _ -> {
        count(Event.THROTTLED, 1);
        context.concurrency().throttled(begun.startedNanos);
      }
      case StoreException.Damaged e -> {
        count(Event.DAMAGED, 1);
        damaged++;
        LOG.warn("{}", e.getMessage());
      }
      case StoreException.Timeout _ -> {
        if (subject.hedgedBytes() > 0) {
          context.hedging().readEnded(subject.hedgedBytes(), now() - begun.startedNanos);
        }
      }
      default -> {}
    }
  }

  /** Schedules the next attempt, or says why there is none. */
  private @Nullable StoreException planRetry(Throwable failure) {
    StoreLimits limits = context.limits();
    if (failure instanceof StoreException.Damaged && damaged == Rereads.MOST) {
      return new StoreException.Corrupt(
          failure.getMessage() + "; so it was " + damaged + " times", failure);
    }
    if (attempts >= subject.maxAttempts()) {
      return unavailable("given up after " + attempts + " attempts");
    }
    long boundNanos =
        Math.min(
            limits.backoffCapNanos(),
            saturatedShift(limits.backoffBaseNanos(), Math.min(attempts - 1, 40)));
    // Full jitter: clients that failed together do not come back together.
    long jitterNanos = boundNanos == 0 ? 0 : context.random().nextLong(boundNanos + 1);
    long leftNanos = deadlineNanos - now();
    if (jitterNanos >= leftNanos) {
      return unavailable("no time left for another attempt within the deadline");
    }
    long budgetNanos = context.budget().take(leftNanos - 1);
    if (budgetNanos < 0) {
      return unavailable("so much is being retried that there is no turn within the deadline");
    }
    delay = context.timer().schedule(this::tryAgain, Math.max(jitterNanos, budgetNanos));
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
      default -> new StoreException.Internal(subject.what() + ": " + failure, failure);
    };
  }

  private static String messageOf(StoreException e) {
    return String.valueOf(e.getMessage());
  }

  private StoreException unavailable(String why) {
    Throwable cause = lastFailure;
    String message = subject.what() + ": " + why;
    return new StoreException.Unavailable(
        cause == null ? message : message + "; last: " + cause.getMessage(), attempts, cause);
  }

  private void fail(StoreException failure) {
    List<Live<T>> rest;
    synchronized (this) {
      if (ended) {
        return;
      }
      rest = endAttempts();
    }
    count(
        switch (failure) {
          case StoreException.NotFound _ -> Event.NOT_FOUND;
          case StoreException.PreconditionFailed _ -> Event.PRECONDITION_FAILED;
          default -> Event.FAILURE;
        },
        1);
    end(rest, () -> result.completeExceptionally(failure));
  }

  private void remove(Live<T> begun) {
    live.remove(begun);
    begun.timeout = cancelled(begun.timeout);
    if (begun.isHedge) {
      context.hedging().end();
    }
  }

  /** The request ends; returns the attempts that nobody waits for any more. */
  private List<Live<T>> endAttempts() {
    ended = true;
    delay = cancelled(delay);
    hedgeTimer = cancelled(hedgeTimer);
    var rest = List.copyOf(live);
    rest.forEach(this::remove);
    return rest;
  }

  private void end(List<Live<T>> rest, Runnable tell) {
    try {
      if (body != null) {
        body.close();
      }
      onEnd.run();
      for (Live<T> given : rest) {
        CompletableFuture<T> future;
        synchronized (this) {
          future = given.future;
        }
        if (future != null) {
          future.cancel(false);
        }
      }
    } finally {
      // Whoever waits hears of it, whatever becomes of the request that is next.
      tell.run();
    }
  }

  private static StoreTimer.@Nullable Scheduled cancelled(
      StoreTimer.@Nullable Scheduled scheduled) {
    if (scheduled != null) {
      scheduled.cancel();
    }
    return null;
  }

  private void count(Event event, long amount) {
    if (amount != 0) {
      context.counters().add(subject.kind(), subject.purpose(), event, amount);
    }
  }
}
