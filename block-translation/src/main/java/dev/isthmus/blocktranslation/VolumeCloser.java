package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.wal.LogException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes a volume in order: nothing in flight, everything in the bucket, a last checkpoint, the
 * manifest says closed, the log says so too. Where the bucket can't be reached in time the log
 * alone is closed in order, and the next open on this host finds everything there.
 */
final class VolumeCloser {

  private static final Logger LOG = LoggerFactory.getLogger(VolumeCloser.class);

  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

  /**
   * Reads give up after 20 s, held-back writes and flushes after 10 s, and applied writes after 35
   * s: what is left then is a defect.
   */
  private static final long DRAIN_NANOS = TimeUnit.SECONDS.toNanos(40);

  private final EngineLoop loop;
  private final String where;
  private final long uploadNanos;

  VolumeCloser(EngineLoop loop, String where, long uploadNanos) {
    this.loop = loop;
    this.where = where;
    this.uploadNanos = uploadNanos;
  }

  /** Off the loop; blocks. */
  void close(VolumeCore volume) {
    drain(volume);
    throwIfLost(volume);
    boolean uploaded = upload(volume);
    if (uploaded) {
      noteClosed(volume);
    }
    throwIfLost(volume);
    DeviceException lostLog = volume.lostLog();
    if (lostLog != null) {
      if (uploaded) {
        return; // nothing is lost: the log is needed no more
      }
      throw lostLog;
    }
    await(
        Futures.onLoop(
            loop,
            _ -> {
              volume.stop();
              try {
                volume.log().closeClean();
                return true;
              } catch (LogException e) {
                throw new DeviceException.Unavailable(
                    where + ": the log failed at the last: " + e.getMessage(), e);
              }
            }));
  }

  private static void throwIfLost(VolumeCore volume) {
    DeviceException lost = volume.lost();
    if (lost != null) {
      throw lost;
    }
  }

  /** Waits for the commands in flight, and lets go of those that can't end in time. */
  private void drain(VolumeCore volume) {
    try {
      await(
          Futures.onLoop(
                  loop,
                  _ -> {
                    volume.refuseHeld();
                    return true;
                  })
              .thenComposeAsync(_ -> within(DRAIN_NANOS, drained(volume)), loop));
    } catch (DeviceException.Unavailable e) {
      LOG.warn("{}: {} commands are given up: {}", where, volume.inFlight(), e.getMessage());
    }
    await(
        Futures.onLoop(
            loop,
            _ -> {
              volume.giveUp();
              return true;
            }));
  }

  /** Without the note an automatic open asks a person once more than it had to. */
  private void noteClosed(VolumeCore volume) {
    try {
      volume.noteClosed();
    } catch (DeviceException.Unavailable e) {
      LOG.warn("{}: {}", where, e.getMessage());
    }
  }

  private boolean upload(VolumeCore volume) {
    try {
      await(
          within(
              uploadNanos,
              Futures.onLoop(loop, _ -> true)
                  .thenComposeAsync(_ -> volume.uploader().drained(), loop)
                  .thenComposeAsync(_ -> volume.checkpointer().close(volume.position()), loop)));
      return true;
    } catch (DeviceException e) {
      LOG.warn(
          "{}: closed with data in the local log alone, above LSN {}: {}",
          where,
          volume.position().lastLsn(),
          e.getMessage());
      return false;
    }
  }

  private <T> T await(CompletableFuture<T> future) {
    return Futures.await(loop, where, future);
  }

  private CompletableFuture<Boolean> drained(VolumeCore volume) {
    var done = new CompletableFuture<Boolean>();
    look(volume, done);
    return done;
  }

  private void look(VolumeCore volume, CompletableFuture<Boolean> done) {
    if (volume.inFlight() == 0) {
      done.complete(true);
    } else {
      loop.schedule(LOOK_NANOS, () -> look(volume, done));
    }
  }

  private <T> CompletableFuture<T> within(long nanos, CompletableFuture<T> future) {
    var bounded = new CompletableFuture<T>();
    Futures.then(
        loop,
        future,
        (value, failure) -> {
          if (failure == null) {
            bounded.complete(value);
          } else {
            bounded.completeExceptionally(failure);
          }
        });
    loop.execute(() ->
        loop.schedule(
            nanos,
            () ->
                bounded.completeExceptionally(
                    new DeviceException.Unavailable(
                        "not everything ended within "
                            + TimeUnit.NANOSECONDS.toSeconds(nanos)
                            + " s"))));
    return bounded;
  }
}
