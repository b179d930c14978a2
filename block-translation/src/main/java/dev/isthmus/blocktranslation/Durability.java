package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.wal.LogException;
import dev.isthmus.wal.WriteAheadLog;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Requests that wait until the log, or the bucket, holds what they promise; and the group commit
 * that makes the log durable for all that wait at once.
 *
 * <p>A failed force is never tried again: what the kernel could not write it may have dropped, and
 * a second force would succeed without it. From then on every waiter fails. Threading: confined to
 * the volume's loop; the force itself runs beside it.
 */
final class Durability {

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
  private volatile long durableLsn;
  private volatile long uploadedLsn;

  private record Waiter(long lsn, Request request) {}

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
    if (failed) {
      request.finish(IoStatus.MEDIA_ERROR);
    } else if (lsn <= Math.max(durableLsn, uploadedLsn)) {
      request.finish(IoStatus.OK);
    } else {
      localWaiters.add(new Waiter(lsn, request));
      force();
    }
  }

  /** Finishes {@code request} once everything up to {@code lsn} is committed in the bucket. */
  void awaitUploaded(long lsn, Request request) {
    if (lsn <= uploadedLsn) {
      request.finish(IoStatus.OK);
    } else {
      uploadWaiters.add(new Waiter(lsn, request));
    }
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
    if (!forcing && !failed && log.appendedLsn() == durableLsn) {
      log.idle();
    }
  }

  /** Everything up to {@code lsn} is committed in the bucket. */
  void uploaded(long lsn) {
    uploadedLsn = lsn;
    finishUpTo(uploadWaiters, lsn);
    // The bucket outlives a power cut too.
    finishUpTo(localWaiters, lsn);
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
      first.request.finish(IoStatus.OK);
    }
  }

  private static void finishAll(Deque<Waiter> waiters, IoStatus status) {
    Waiter first;
    while ((first = waiters.poll()) != null) {
      first.request.finish(status);
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
