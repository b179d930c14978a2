package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.scrub.GoodCopies;
import dev.isthmus.blocktranslation.scrub.ScrubHost;
import dev.isthmus.blocktranslation.scrub.ScrubQueue;
import dev.isthmus.blocktranslation.scrub.ScrubSettings;
import dev.isthmus.blocktranslation.scrub.ScrubTarget;
import dev.isthmus.blocktranslation.scrub.VolumeScrub;
import dev.isthmus.blocktranslation.store.ObjectStore;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The scrubs of an open volume: one at a time. Threading: thread-safe; calls block. */
final class ScrubDesk {

  /** How long a close waits for a scrub; it only reads, so it may as well end later. */
  private static final long END_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final VolumeIdentity identity;
  private final String name;
  private final ObjectStore store;
  private final LongSupplier committedSequence;
  private final GoodCopies copies;
  private final ScrubHost host;
  private final ScrubQueue queue;
  private @Nullable VolumeScrub latest;
  private boolean closed;

  /**
   * @param committedSequence blocks until the loop has said it
   * @param queue of all volumes of this process
   */
  ScrubDesk(
      VolumeIdentity identity,
      String name,
      ObjectStore store,
      LongSupplier committedSequence,
      GoodCopies copies,
      ScrubHost host,
      ScrubQueue queue) {
    this.identity = identity;
    this.name = name;
    this.store = store;
    this.committedSequence = committedSequence;
    this.copies = copies;
    this.host = host;
    this.queue = queue;
  }

  /** A scrub that whoever asked runs on a thread of his own. */
  VolumeScrub prepare(ScrubSettings settings) {
    return new VolumeScrub(target(), settings);
  }

  ScrubTarget target() {
    return new ScrubTarget(
        store, identity.keyPrefix(), identity.where(), committedSequence, copies, host, queue);
  }

  synchronized VolumeScrub start(ScrubSettings settings) {
    if (closed) {
      throw new DeviceException.Unavailable(identity.where() + " is being closed");
    }
    if (latest != null && !latest.progress().state().isEnd()) {
      throw new DeviceException.Invalid(
          identity.where() + " is being scrubbed already: wait for its end, or cancel it");
    }
    latest = prepare(settings).start(name);
    return latest;
  }

  /** The one that runs, or the last one; null before the first. */
  synchronized @Nullable VolumeScrub latest() {
    return latest;
  }

  /** Ends the one that runs, and takes no other. */
  void close() {
    VolumeScrub running;
    synchronized (this) {
      closed = true;
      running = latest;
    }
    if (running != null && !running.progress().state().isEnd()) {
      running.cancel();
      running.awaitEnd(END_NANOS);
    }
  }

  /** The volume's loop as the scrub's clock. */
  static ScrubHost host(EngineLoop loop, CompletableFuture<Void> ended) {
    return new ScrubHost() {
      @Override
      public long nanoTime() {
        return loop.nanoTime();
      }

      @Override
      public void sleep(long nanos) {
        var slept = new CompletableFuture<Void>();
        loop.execute(() -> loop.schedule(nanos, () -> slept.complete(null)));
        loop.await(CompletableFuture.anyOf(slept, ended));
      }

      @Override
      public void untilDone(CompletableFuture<?> future) {
        loop.await(future.handle((_, _) -> true));
      }
    };
  }
}
