package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.wal.LogException;
import dev.isthmus.wal.WriteAheadLog;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.concurrent.CompletableFuture;
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

  /** How often those who wait for the bucket in the log's stead are looked at. */
  private static final long SWEEP_NANOS = 100_000_000;

  /** What the rest of the volume has to do with durability. Called on the loop. */
  interface Owner {
    /** A force failed. */
    void logFailed(LogException failure);

    /** A flush is about to be refused retryably, and why. */
    void stalled(String why);
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
  private boolean closed;
  private volatile long durableLsn;
  private volatile long uploadedLsn;

  /**
   * Someone who waits.
   *
   * @param end hears how it ended
   * @param cancelled whether nobody wants it any more
   * @param changedNothing whether it may be asked for again, as a flush; a write is in the log, and
   *     what is durable of it is unknown
   */
  private record Waiter(
      long lsn,
      Consumer<IoStatus> end,
      BooleanSupplier cancelled,
      boolean changedNothing,
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
        loop.nanoTime());
  }

  private Waiter waiter(long lsn, CompletableFuture<IoStatus> done) {
    return new Waiter(lsn, done::complete, () -> false, true, loop.nanoTime());
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
    awaitLocal(waiter(lsn, done));
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
    }
  }

  /**
   * Completes once everything up to {@code lsn} is committed in the bucket, or never will be. Until
   * then segments do not wait to be full; cancelling it ends that.
   */
  CompletableFuture<IoStatus> whenUploaded(long lsn) {
    var done = new CompletableFuture<IoStatus>();
    var waiter = waiter(lsn, done);
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
    return !uploadWaiters.isEmpty();
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
    if (!sweeping && !localWaiters.isEmpty()) {
      sweeping = true;
      loop.schedule(
          SWEEP_NANOS,
          () -> {
            sweeping = false;
            sweep();
            sweepLater();
          });
    }
  }

  private void sweep() {
    long now = loop.nanoTime();
    for (Iterator<Waiter> waiting = localWaiters.iterator(); waiting.hasNext(); ) {
      Waiter waiter = waiting.next();
      IoStatus end = givenUp(waiter, now - Math.max(waiter.sinceNanos, failedNanos));
      if (end != null) {
        waiting.remove();
        if (end == IoStatus.UNAVAILABLE) {
          // Before the refusal, so that a target knows by what path status to refuse.
          owner.stalled("the bucket did not take in time what a flush asked for");
        }
        waiter.end.accept(end);
      }
    }
  }

  /** How a wait ends, or null while it goes on. */
  private static @Nullable IoStatus givenUp(Waiter waiter, long waitedNanos) {
    if (!waiter.changedNothing) {
      // Its data is in the disk: a retryable status would promise that it had no effect.
      return waitedNanos >= WritePath.MAX_BEGUN_WAIT_NANOS ? IoStatus.MEDIA_ERROR : null;
    }
    if (waiter.cancelled.getAsBoolean()) {
      return IoStatus.CANCELLED;
    }
    return waitedNanos >= WritePath.MAX_WAIT_NANOS ? IoStatus.UNAVAILABLE : null;
  }

  private void mark() {
    if (!forcing && !failed && !closed && log.appendedLsn() == durableLsn) {
      try {
        log.idle();
      } catch (LogException e) {
        // Only a hint for recovery is missing; the next append or force meets the same failure.
        LOG.debug("no mark: {}", e.getMessage());
      }
    }
  }

  /** Everything up to {@code lsn} is committed in the bucket. */
  void uploaded(long lsn) {
    uploadedLsn = lsn;
    finishUpTo(uploadWaiters, lsn);
    // The bucket outlives a power cut too.
    finishUpTo(localWaiters, lsn);
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
