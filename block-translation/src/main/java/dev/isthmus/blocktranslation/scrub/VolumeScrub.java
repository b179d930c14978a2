package dev.isthmus.blocktranslation.scrub;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.scrub.ScrubProgress.State;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A scrub of one volume: started once, looked at, paused, resumed, cancelled. Threading:
 * thread-safe; the work is done by whoever calls {@link #run}, mostly a thread of its own, when its
 * turn in the {@link ScrubQueue} has come.
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
  private final CompletableFuture<Boolean> cancelling = new CompletableFuture<>();
  private volatile ScrubQueue.@Nullable Turn turn;

  /** A scrub that was not started. */
  public VolumeScrub(ScrubTarget target, ScrubSettings settings) {
    this(target, settings, EntryWindow.maxEntries(Runtime.getRuntime().maxMemory()));
  }

  VolumeScrub(ScrubTarget target, ScrubSettings settings, int maxEntries) {
    this.target = target;
    this.settings = settings;
    this.maxEntries = maxEntries;
    this.ledger = new ScrubLedger(target.where(), target.host());
  }

  /**
   * Starts it on a thread of its own; its place in the queue is taken when this returns.
   *
   * @throws DeviceException.Exhausted if too many wait for their turn
   */
  public VolumeScrub start(String name) {
    enter();
    try {
      Thread.ofPlatform().daemon().name("scrub-" + name).start(this::run);
    } catch (Error e) {
      leave();
      throw e;
    }
    return this;
  }

  private ScrubQueue.Turn enter() {
    ScrubQueue.Turn mine = target.queue().enter(target.where());
    turn = mine;
    if (!mine.come().isDone()) {
      ledger.state(State.QUEUED, "");
    }
    return mine;
  }

  private void leave() {
    ScrubQueue.Turn mine = turn;
    turn = null;
    if (mine != null) {
      mine.close();
    }
  }

  /** Returns when it may run. One that is paused lets others go before it. */
  private void awaitTurn(ScrubReads.Gate gate) {
    while (true) {
      ScrubQueue.Turn mine = turn;
      if (mine == null) {
        mine = enter();
      }
      target.host().untilDone(CompletableFuture.anyOf(mine.come(), cancelling));
      if (!paused || cancelled) {
        break;
      }
      leave();
      gate.pass();
    }
    gate.pass();
    ledger.state(State.RUNNING, "");
  }

  /** Does all of it on the caller's thread; what goes wrong is in {@link #progress}. */
  public void run() {
    var control = new Control();
    try {
      awaitTurn(control);
      var rate = new RateLimit(settings.bytesPerSecond(), target.host().nanoTime());
      var reads = new ScrubReads(target, ledger, rate, control);
      new Scrubber(target, settings, ledger, reads, maxEntries).run();
      ledger.state(State.DONE, "");
    } catch (Cancelled e) {
      ledger.state(State.CANCELLED, "");
    } catch (DeviceException e) {
      ledger.failed(e);
    } catch (RuntimeException | Error e) {
      LOG.error("{}: a defect in the scrub", target.where(), e);
      ledger.failed(new DeviceException.Internal("a defect in the scrub: " + e, e));
    } finally {
      leave();
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
    ScrubProgress now = ledger.progress();
    ScrubQueue.Turn mine = turn;
    return mine == null || now.state() != State.QUEUED ? now : now.withNote(mine.ahead());
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
    var _ = cancelling.complete(true);
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
    return ledger.progress().failure();
  }
}
