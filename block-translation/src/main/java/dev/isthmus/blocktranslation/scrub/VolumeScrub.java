package dev.isthmus.blocktranslation.scrub;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.scrub.ScrubProgress.State;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A scrub of one volume: started once, looked at, paused, resumed, cancelled. Threading:
 * thread-safe; the work is done by whoever calls {@link #run}, mostly a thread of its own.
 */
public final class VolumeScrub {

  private static final Logger LOG = LoggerFactory.getLogger(VolumeScrub.class);

  private static final long PAUSE_SLICE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /** Ends the work from within. */
  private static final class Cancelled extends RuntimeException {
    private static final long serialVersionUID = 1;

    Cancelled() {
      super("cancelled", null, false, false);
    }
  }

  private final ScrubTarget target;
  private final ScrubSettings settings;
  private final int maxEntries;
  private final ScrubLedger ledger;
  private final CountDownLatch ended = new CountDownLatch(1);
  private volatile boolean paused;
  private volatile boolean cancelled;
  private volatile @Nullable DeviceException failure;

  /** A scrub that was not started. */
  public VolumeScrub(ScrubTarget target, ScrubSettings settings) {
    this(target, settings, EntryWindow.MAX_ENTRIES);
  }

  VolumeScrub(ScrubTarget target, ScrubSettings settings, int maxEntries) {
    this.target = target;
    this.settings = settings;
    this.maxEntries = maxEntries;
    this.ledger = new ScrubLedger(target.where(), target.host());
  }

  /** Starts it on a thread of its own. */
  public VolumeScrub start(String name) {
    Thread.ofPlatform().daemon().name("scrub-" + name).start(this::run);
    return this;
  }

  /** Does all of it on the caller's thread; what goes wrong is in {@link #progress}. */
  public void run() {
    try {
      var rate = new RateLimit(settings.bytesPerSecond(), target.host().nanoTime());
      var reads = new ScrubReads(target, ledger, rate, new Control());
      new Scrubber(target, settings, ledger, reads, maxEntries).run();
      ledger.state(State.DONE, "");
    } catch (Cancelled e) {
      ledger.state(State.CANCELLED, "");
    } catch (DeviceException e) {
      failure = e;
      ledger.state(State.FAILED, String.valueOf(e.getMessage()));
    } catch (RuntimeException | Error e) {
      LOG.error("{}: a defect in the scrub", target.where(), e);
      failure = new DeviceException.Internal("a defect in the scrub: " + e, e);
      ledger.state(State.FAILED, "a defect: " + e);
    } finally {
      ScrubProgress end = ledger.progress();
      LOG.info(
          "{}: scrub {}: {} bytes read by {} requests in {} s; findings: {}{}",
          target.where(),
          end.state(),
          end.bytesDone(),
          end.requests(),
          TimeUnit.NANOSECONDS.toSeconds(end.elapsedNanos()),
          end.counts(),
          end.note().isEmpty() ? "" : "; " + end.note());
      ended.countDown();
    }
  }

  private final class Control implements ScrubReads.Gate {
    @Override
    public void pass() {
      while (paused && !cancelled) {
        ledger.state(State.PAUSED, "");
        target.host().sleep(PAUSE_SLICE_NANOS);
      }
      if (cancelled) {
        throw new Cancelled();
      }
      if (ledger.state() == State.PAUSED) {
        ledger.state(State.RUNNING, "");
      }
    }

    @Override
    public void waiting(@Nullable String why) {
      if (why != null) {
        ledger.state(State.WAITING, why);
      } else if (ledger.state() == State.WAITING) {
        ledger.state(State.RUNNING, "");
      }
    }
  }

  /** How far it is. */
  public ScrubProgress progress() {
    return ledger.progress();
  }

  /**
   * What was found so far, in order; at most {@value ScrubLedger#MAX_FINDINGS}, of more there is
   * the count.
   */
  public List<ScrubFinding> findings() {
    return ledger.findings();
  }

  /** What it was asked to do. */
  public ScrubSettings settings() {
    return settings;
  }

  /** Stops reading until {@link #resume}. */
  public void pause() {
    paused = true;
  }

  /** Goes on. */
  public void resume() {
    paused = false;
  }

  /** Ends it soon; what was found stays. */
  public void cancel() {
    cancelled = true;
  }

  /** Waits for its end; false if that does not come in time. */
  public boolean awaitEnd(long timeoutNanos) {
    try {
      return ended.await(timeoutNanos, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Why it failed; null if it did not. */
  public @Nullable DeviceException failure() {
    return failure;
  }
}
