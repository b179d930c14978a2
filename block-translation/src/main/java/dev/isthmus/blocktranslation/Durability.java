package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.wal.LogException;
import dev.isthmus.wal.WriteAheadLog;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Requests, and changes of tiers, that wait until the log, or the bucket, holds what they promise;
 * and the group commit that makes the log durable for all that wait at once.
 *
 * <p>A failed force is never tried again: what the kernel could not write it may have dropped, and
 * a second force would succeed without it. From then on every waiter fails. Threading: confined to
 * the volume's loop; the force itself runs beside it.
 */
final class Durability {

  private static final Logger LOG = LoggerFactory.getLogger(Durability.class);

  /** After a force and so long without a record, the log restates how far it is durable. */
  private static final long MARK_DELAY_NANOS = 5_000_000;

  private final WriteAheadLog log;
  private final EngineLoop loop;
  private final Consumer<LogException> onForceFailed;
  // Both in the order of their LSNs: a request's LSN is the newest one when it began to wait.
  private final Deque<Waiter> localWaiters = new ArrayDeque<>();
  private final Deque<Waiter> uploadWaiters = new ArrayDeque<>();
  private boolean forcing;
  private boolean failed;
  private boolean closed;
  private volatile long durableLsn;
  private volatile long uploadedLsn;

  /**
   * Someone who waits.
   *
   * @param end hears how it ended
   * @param whenClosed how it ends if the volume is closed before
   */
  private record Waiter(long lsn, Consumer<IoStatus> end, IoStatus whenClosed) {
    /**
     * A write is in the log, and what is durable of it is unknown; a flush changed nothing, and may
     * be asked for again.
     */
    static Waiter of(long lsn, Request request) {
      boolean flush = request.command() instanceof IoCommand.Flush;
      return new Waiter(lsn, request::finish, flush ? IoStatus.CLOSED : IoStatus.MEDIA_ERROR);
    }
  }

  Durability(
      WriteAheadLog log,
      EngineLoop loop,
      long durableLsn,
      long uploadedLsn,
      Consumer<LogException> onForceFailed) {
    this.log = log;
    this.loop = loop;
    this.durableLsn = durableLsn;
    this.uploadedLsn = uploadedLsn;
    this.onForceFailed = onForceFailed;
  }

  /** Finishes {@code request} once everything up to {@code lsn} survives a power cut. */
  void awaitLocal(long lsn, Request request) {
    awaitLocal(Waiter.of(lsn, request));
  }

  private void awaitLocal(Waiter waiter) {
    if (failed) {
      waiter.end.accept(IoStatus.MEDIA_ERROR);
    } else if (waiter.lsn <= Math.max(durableLsn, uploadedLsn)) {
      waiter.end.accept(IoStatus.OK);
    } else {
      localWaiters.add(waiter);
      force();
    }
  }

  /** Completes once everything up to {@code lsn} survives a power cut, or never will. */
  CompletableFuture<IoStatus> whenLocal(long lsn) {
    var done = new CompletableFuture<IoStatus>();
    awaitLocal(new Waiter(lsn, done::complete, IoStatus.CLOSED));
    return done;
  }

  /** Finishes {@code request} once everything up to {@code lsn} is committed in the bucket. */
  void awaitUploaded(long lsn, Request request) {
    awaitUploaded(Waiter.of(lsn, request));
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
    var waiter = new Waiter(lsn, done::complete, IoStatus.CLOSED);
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
    if (forcing || localWaiters.isEmpty()) {
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
      failed = true;
      finishAll(localWaiters, IoStatus.MEDIA_ERROR);
      onForceFailed.accept(failure);
      return;
    }
    durableLsn = Math.max(durableLsn, target);
    finishUpTo(localWaiters, durableLsn);
    force();
    if (!forcing) {
      loop.schedule(MARK_DELAY_NANOS, this::mark);
    }
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
      first.end.accept(first.whenClosed);
    }
  }

  /** Ends everyone who waits. */
  void failAll(IoStatus status) {
    finishAll(localWaiters, status);
    finishAll(uploadWaiters, status);
  }

  private static void finishUpTo(Deque<Waiter> waiters, long lsn) {
    Waiter first;
    while ((first = waiters.peek()) != null && first.lsn <= lsn) {
      waiters.remove();
      first.end.accept(IoStatus.OK);
    }
  }

  private static void finishAll(Deque<Waiter> waiters, IoStatus status) {
    Waiter first;
    while ((first = waiters.poll()) != null) {
      first.end.accept(status);
    }
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
