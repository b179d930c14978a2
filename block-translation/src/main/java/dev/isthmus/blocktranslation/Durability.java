package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.wal.LogException;
import dev.isthmus.wal.WriteAheadLog;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Requests, and changes of tiers, that wait until the log, or the bucket, holds what they promise;
 * and the group commit that makes the log durable for all that wait at once.
 *
 * <p>A failed force is never tried again: what the kernel could not write it may have dropped, and
 * a second force would succeed without it. From then on the bucket alone can make good what a
 * waiter was promised, for a bounded time. Threading: confined to the volume's loop; the force
 * itself runs beside it.
 */
final class Durability {

  private static final Logger LOG = LoggerFactory.getLogger(Durability.class);

  /** After a force and so long without a record, the log restates how far it is durable. */
  private static final long MARK_DELAY_NANOS = 5_000_000;

  /** How often those who wait for the bucket are looked at: for time-outs and cancels. */
  private static final long SWEEP_NANOS = 100_000_000;

  /**
   * A host gives a command up after 30 s, ends its connection, and sends again what it can't know
   * the end of. An error before that would be the end of its file system, on a disk that has lost
   * nothing.
   */
  static final long MAX_APPLIED_WAIT_NANOS = TimeUnit.SECONDS.toNanos(35);

  /** What the rest of the volume has to do with durability. Called on the loop. */
  interface Owner {
    /** A force failed, or a mark of how far the last one came. */
    void logFailed(LogException failure);

    /**
     * What hosts asked for waits too long for the bucket, and why; empty once the bucket has it.
     * Said before a flush is refused for it, so that a target knows by what path status to refuse.
     */
    void bucketAwaited(String why);
  }

  private final WriteAheadLog log;
  private final EngineLoop loop;
  private final Owner owner;
  // Both in the order of their LSNs: a request's LSN is the newest one when it began to wait.
  private final Deque<Waiter> localWaiters = new ArrayDeque<>();
  private final Deque<Waiter> uploadWaiters = new ArrayDeque<>();
  private boolean forcing;
  private boolean failed;
  private long failedNanos;
  private boolean sweeping;
  // The newest LSN that hosts were told to wait for; below what is uploaded, there is none.
  private long stalledLsn;
  private volatile boolean closed;
  private volatile long durableLsn;
  private volatile long uploadedLsn;

  /**
   * Someone who waits.
   *
   * @param end hears how it ended
   * @param cancelled whether nobody wants it any more
   * @param changedNothing whether it may be asked for again, as a flush; a write is in the log, and
   *     what is durable of it is unknown
   * @param bounded whether its wait for the bucket ends here; a control call's ends at its caller
   */
  private record Waiter(
      long lsn,
      Consumer<IoStatus> end,
      BooleanSupplier cancelled,
      boolean changedNothing,
      boolean bounded,
      long sinceNanos) {

    /** How it ends if the volume is closed before. */
    IoStatus whenClosed() {
      return changedNothing ? IoStatus.CLOSED : IoStatus.MEDIA_ERROR;
    }
  }

  Durability(WriteAheadLog log, EngineLoop loop, long durableLsn, long uploadedLsn, Owner owner) {
    this.log = log;
    this.loop = loop;
    this.durableLsn = durableLsn;
    this.uploadedLsn = uploadedLsn;
    this.owner = owner;
  }

  /** Finishes {@code request} once everything up to {@code lsn} survives a power cut. */
  void awaitLocal(long lsn, Request request) {
    awaitLocal(waiter(lsn, request));
  }

  private Waiter waiter(long lsn, Request request) {
    return new Waiter(
        lsn,
        request::finish,
        request::isCancelled,
        request.command() instanceof IoCommand.Flush,
        true,
        loop.nanoTime());
  }

  private Waiter waiter(long lsn, CompletableFuture<IoStatus> done, boolean bounded) {
    return new Waiter(lsn, done::complete, () -> false, true, bounded, loop.nanoTime());
  }

  private void awaitLocal(Waiter waiter) {
    if (waiter.lsn <= Math.max(durableLsn, uploadedLsn)) {
      waiter.end.accept(IoStatus.OK);
      return;
    }
    localWaiters.add(waiter);
    if (failed) {
      sweepLater();
    } else {
      force();
    }
  }

  /** Completes once everything up to {@code lsn} survives a power cut, or never will. */
  CompletableFuture<IoStatus> whenLocal(long lsn) {
    var done = new CompletableFuture<IoStatus>();
    awaitLocal(waiter(lsn, done, true));
    return done;
  }

  /** Finishes {@code request} once everything up to {@code lsn} is committed in the bucket. */
  void awaitUploaded(long lsn, Request request) {
    awaitUploaded(waiter(lsn, request));
  }

  private void awaitUploaded(Waiter waiter) {
    if (waiter.lsn <= uploadedLsn) {
      waiter.end.accept(IoStatus.OK);
    } else {
      uploadWaiters.add(waiter);
      sweepLater();
    }
  }

  /**
   * Completes once everything up to {@code lsn} is committed in the bucket, or never will be. Until
   * then segments do not wait to be full; cancelling it ends that.
   */
  CompletableFuture<IoStatus> whenUploaded(long lsn) {
    var done = new CompletableFuture<IoStatus>();
    var waiter = waiter(lsn, done, false);
    awaitUploaded(waiter);
    Futures.then(
        loop,
        done,
        (status, cancelled) -> {
          if (cancelled != null) {
            uploadWaiters.remove(waiter);
          }
        });
    return done;
  }

  /** Whether someone waits for the bucket, so that a segment should not wait to be full. */
  boolean isUploadAwaited() {
    return !uploadWaiters.isEmpty() || stalledLsn > uploadedLsn;
  }

  private void force() {
    if (forcing || failed || localWaiters.isEmpty()) {
      return;
    }
    forcing = true;
    long target = log.appendedLsn();
    loop.blocking()
        .execute(() -> {
          LogException failure = null;
          try {
            log.force();
          } catch (LogException e) {
            failure = e;
          } catch (IllegalStateException e) {
            if (closed) {
              // It was given up with those who waited, and came to its turn behind the log's end.
              return;
            }
            throw e;
          }
          LogException outcome = failure;
          loop.execute(() -> forced(target, outcome));
        });
  }

  private void forced(long target, @Nullable LogException failure) {
    forcing = false;
    if (failure != null) {
      owner.logFailed(failure);
      return;
    }
    durableLsn = Math.max(durableLsn, target);
    finishUpTo(localWaiters, durableLsn);
    force();
    if (!forcing) {
      loop.schedule(MARK_DELAY_NANOS, this::mark);
    }
  }

  /** The log failed: those who wait for it wait for the bucket now, for a bounded time. */
  void logFailed() {
    if (!failed) {
      failed = true;
      failedNanos = loop.nanoTime();
      sweepLater();
    }
  }

  private void sweepLater() {
    if (!sweeping && (!uploadWaiters.isEmpty() || (failed && !localWaiters.isEmpty()))) {
      sweeping = true;
      loop.schedule(
          SWEEP_NANOS,
          () -> {
            sweeping = false;
            sweep(uploadWaiters, Long.MIN_VALUE);
            if (failed) {
              sweep(localWaiters, failedNanos);
            }
            sweepLater();
          });
    }
  }

  private void sweep(Deque<Waiter> waiters, long notBeforeNanos) {
    long now = loop.nanoTime();
    for (Iterator<Waiter> waiting = waiters.iterator(); waiting.hasNext(); ) {
      Waiter waiter = waiting.next();
      long waitedNanos = now - Math.max(waiter.sinceNanos, notBeforeNanos);
      IoStatus end = givenUp(waiter, waitedNanos);
      if (waiter.bounded && waitedNanos >= WritePath.MAX_WAIT_NANOS && end != IoStatus.CANCELLED) {
        stalledLsn = Math.max(stalledLsn, waiter.lsn);
        owner.bucketAwaited("the bucket has not taken in time what flushed writes wait for");
      }
      if (end != null) {
        waiting.remove();
        waiter.end.accept(end);
      }
    }
  }

  /** How a wait for the bucket ends before the bucket has it, or null while it goes on. */
  private static @Nullable IoStatus givenUp(Waiter waiter, long waitedNanos) {
    if (!waiter.bounded) {
      return null;
    }
    boolean cancelled = waiter.cancelled.getAsBoolean();
    if (waiter.changedNothing) {
      if (cancelled) {
        return IoStatus.CANCELLED;
      }
      return waitedNanos >= WritePath.MAX_WAIT_NANOS ? IoStatus.UNAVAILABLE : null;
    }
    // Its data is in the disk: a retryable status would promise that it had no effect. Whoever
    // cancelled it waits for its end only, and nothing of it lands later.
    return cancelled || waitedNanos >= MAX_APPLIED_WAIT_NANOS ? IoStatus.MEDIA_ERROR : null;
  }

  private void mark() {
    if (!forcing && !failed && !closed && log.appendedLsn() == durableLsn) {
      try {
        log.idle();
      } catch (LogException e) {
        if (log.hasFailed()) {
          owner.logFailed(e);
        } else {
          // Only a hint for recovery is missing.
          LOG.debug("no mark: {}", e.getMessage());
        }
      }
    }
  }

  /** Everything up to {@code lsn} is committed in the bucket. */
  void uploaded(long lsn) {
    uploadedLsn = lsn;
    finishUpTo(uploadWaiters, lsn);
    // The bucket outlives a power cut too.
    finishUpTo(localWaiters, lsn);
    if (stalledLsn > 0 && lsn >= stalledLsn) {
      stalledLsn = 0;
      owner.bucketAwaited("");
    }
  }

  /** The log is about to be closed: everyone who still waits is let go. */
  void close() {
    closed = true;
    closeAll(localWaiters);
    closeAll(uploadWaiters);
  }

  private static void closeAll(Deque<Waiter> waiters) {
    Waiter first;
    while ((first = waiters.poll()) != null) {
      first.end.accept(first.whenClosed());
    }
  }

  /** Ends everyone who waits. */
  void failAll(IoStatus status) {
    failFrom(0, status);
  }

  /** Ends everyone who waits for {@code lsn} or what comes after it. */
  void failFrom(long lsn, IoStatus status) {
    finishFrom(localWaiters, lsn, status);
    finishFrom(uploadWaiters, lsn, status);
  }

  private static void finishUpTo(Deque<Waiter> waiters, long lsn) {
    Waiter first;
    while ((first = waiters.peek()) != null && first.lsn <= lsn) {
      waiters.remove();
      first.end.accept(IoStatus.OK);
    }
  }

  private static void finishFrom(Deque<Waiter> waiters, long lsn, IoStatus status) {
    var ending = new ArrayDeque<Waiter>();
    while (!waiters.isEmpty() && waiters.getLast().lsn >= lsn) {
      ending.addFirst(waiters.removeLast());
    }
    ending.forEach(waiter -> waiter.end.accept(status));
  }

  /** What a power cut leaves, in the log or in the bucket. Any thread. */
  long durableLsn() {
    return Math.max(durableLsn, uploadedLsn);
  }

  /**
   * What a power cut leaves in the log itself. Uploaded records that were never forced are not in
   * it: a log that lost those is whole all the same.
   */
  long logDurableLsn() {
    return durableLsn;
  }

  /** Any thread. */
  long uploadedLsn() {
    return uploadedLsn;
  }
}
