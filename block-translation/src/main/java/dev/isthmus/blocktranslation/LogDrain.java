package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.wal.LogException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of a log that failed: it is written to no more, and what it holds is read back into
 * the bucket. Tells how far that is, and lets control calls wait for it. Threading: confined to the
 * volume's loop, but for {@link #hasBegun}, which any thread may ask.
 */
final class LogDrain {

  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private final String where;
  private final EngineLoop loop;
  private final Backlog backlog;
  private final Durability durability;
  private final SegmentUploader uploader;
  private volatile String failure = "";
  private long lastLsn;

  LogDrain(
      String where,
      EngineLoop loop,
      Backlog backlog,
      Durability durability,
      SegmentUploader uploader) {
    this.where = where;
    this.loop = loop;
    this.backlog = backlog;
    this.durability = durability;
    this.uploader = uploader;
  }

  /**
   * The log failed, with {@code newestLsn} the newest record that was applied.
   *
   * @return false if it had failed before
   */
  boolean begin(LogException why, long newestLsn) {
    if (hasBegun()) {
      return false;
    }
    failure = String.valueOf(why.getMessage());
    lastLsn = newestLsn;
    uploader.setUrgent(true);
    return true;
  }

  /** Whether the log failed. */
  boolean hasBegun() {
    return !failure.isEmpty();
  }

  /** For people: what happened, how far the rescue is, and what is to be done. */
  String reason() {
    return "the log failed and takes no change any more ("
        + failure
        + "); "
        + (durability.uploadedLsn() >= lastLsn
            ? "nothing is lost, all of it up to LSN " + lastLsn + " is in the bucket"
            : progress(lastLsn) + " and what it holds is being brought there")
        + ". `isthmus volume recover` goes on with a new log, --log-dir on another disk";
  }

  private String progress(long lsn) {
    return "the bucket has LSN %d of %d, %d bytes are left"
        .formatted(durability.uploadedLsn(), lsn, backlog.bytes());
  }

  /**
   * Completes when everything up to {@code lsn} is in the bucket; fails once it can't get there, or
   * after {@code limitNanos}, and then nothing has changed.
   */
  CompletableFuture<Void> through(long lsn, long limitNanos) {
    var done = new CompletableFuture<Void>();
    // Without this a healthy log waits for full segments.
    uploader.setUrgent(true);
    look(lsn, loop.nanoTime() + limitNanos, done);
    return done;
  }

  private void look(long lsn, long deadlineNanos, CompletableFuture<Void> done) {
    @Nullable DeviceException end = null;
    if (durability.uploadedLsn() < lsn) {
      if (uploader.hasLost()) {
        end = new DeviceException.Corrupt(where + ": " + uploader.lossText());
      } else if (uploader.isStopped()) {
        end = new DeviceException.Unavailable(where + ": uploads have ended: " + progress(lsn));
      } else if (loop.nanoTime() >= deadlineNanos) {
        end =
            new DeviceException.Unavailable(
                where + ": not everything is in the bucket yet: " + progress(lsn));
      } else {
        loop.schedule(LOOK_NANOS, () -> look(lsn, deadlineNanos, done));
        return;
      }
    }
    if (!hasBegun()) {
      uploader.setUrgent(false);
    }
    if (end == null) {
      done.complete(null);
    } else {
      done.completeExceptionally(end);
    }
  }
}
