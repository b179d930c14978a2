package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blockdevice.contract.IoFuture;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.store.FakeBucket;
import dev.isthmus.blocktranslation.store.SimulatedTimer;
import dev.isthmus.blocktranslation.store.StoreFaults;
import dev.isthmus.wal.SimSeeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Tiers that change again and again under writes and flushes, with a store that delays, loses and
 * refuses, and a crash, a power cut or the loss of the log at any moment, between any two steps of
 * a change.
 *
 * <p>Judged after each fault: the disk is exactly the changes up to one LSN; nothing is missing
 * that a promise covered which the user had been told of, whether it was made before the write or
 * by a change that was done; the manifest's words never let an open pass over a loss (no time
 * travel, nothing that was flushed given up for "unflushed" alone); and a disk that announces no
 * volatile cache has every completed write on the local disk.
 *
 * <p>The properties of {@link SimSeeds} say which seeds.
 */
class TierChangeSim {

  private static final int BLOCKS = 32;
  private static final int DEFAULT_SEEDS = 60;

  /** Failed once, by a force whose turn came after its log was closed. */
  private static final long FORCED_LATE = 256_272_117;

  static LongStream seeds() {
    return SimSeeds.fresh("tiers", DEFAULT_SEEDS, FORCED_LATE);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void keepsWhatItWasToldThroughAnyChange(long seed) {
    var run = new Run(seed);
    try {
      run.play();
    } catch (RuntimeException | Error e) {
      throw new AssertionError("seed " + seed + ", " + String.join("; ", run.story), e);
    } finally {
      run.host.crash();
    }
  }

  /** A write of one block. */
  private static final class Change {
    final int block;
    final long id;

    Change(int block, long id) {
      this.block = block;
      this.id = id;
    }
  }

  /**
   * A command under way.
   *
   * @param change null of a flush
   * @param before newest that had completed when a flush was submitted
   * @param tiers what the user had been told when it was submitted
   */
  private record Flying(
      IoFuture io,
      @Nullable Change change,
      boolean fua,
      int before,
      Tiers tiers,
      long submittedNanos) {}

  private static final class Run {
    final Random random;
    final SimulatedTimer timer = new SimulatedTimer();
    final SimHost host;
    final List<String> story = new ArrayList<>();
    final double faultRate;

    /** In the order of their LSNs, 1 first: of what was refused nothing is here. */
    final List<Change> order = new ArrayList<>();

    final List<Flying> flying = new ArrayList<>();
    @Nullable VolumeCore volume;
    @Nullable CompletableFuture<Tiers> change;
    Tiers told;
    boolean faulty = true;
    boolean hosts;
    long nextId = 1;
    int completed;
    int flushed;
    int localPromise;
    int bucketPromise;
    long uploaded;
    long incarnation = 1;
    boolean rollbackKnown;

    Run(long seed) {
      random = new Random(seed);
      faultRate = random.nextInt(3) == 0 ? 0 : random.nextDouble() * 0.3;
      StoreFaults faults = StoreFaults.random(random, faultRate);
      host =
          new SimHost(timer, new FakeBucket(), random)
              .withDelays(1 + random.nextInt(60_000_000), 1 + random.nextInt(20_000_000))
              .withFaults((kind, key) -> faulty ? faults.next(kind, key) : StoreFaults.Fault.NONE);
      told = new Tiers(randomAck(), randomFlush(), randomRpo());
    }

    private Tier randomAck() {
      return random.nextBoolean() ? Tier.APPLIED : Tier.LOCAL_DURABLE;
    }

    private Tier randomFlush() {
      return random.nextBoolean() ? Tier.LOCAL_DURABLE : Tier.UPLOADED;
    }

    private Rpo randomRpo() {
      return switch (random.nextInt(4)) {
        case 0 -> Rpo.parse("1s");
        case 1 -> Rpo.parse("2s,enforce");
        default -> Rpo.NONE;
      };
    }

    void tell(String what) {
      story.add(timer.nanoTime() / 1_000_000 + " ms " + what);
    }

    VolumeCore volume() {
      return Objects.requireNonNull(volume);
    }

    void play() {
      host.create((long) BLOCKS * SimHost.BLOCK_BYTES, told);
      tell("faults " + faultRate);
      reopen(Takeover.NONE);
      for (int i = 100 + random.nextInt(200); i > 0; i--) {
        step();
      }
      faulty = false;
      for (int i = 0; i < 200 && !(flying.isEmpty() && change == null); i++) {
        advance(1_000);
      }
      if (!flying.isEmpty() || change != null) {
        throw new AssertionError("a hang: " + flying.size() + " commands, change " + change);
      }
      volume().close();
      flushed = completed;
      reopen(Takeover.NONE);
      if (!host.defects.isEmpty()) {
        throw new AssertionError("defects: " + host.defects, host.defects.getFirst());
      }
    }

    private void step() {
      int roll = random.nextInt(100);
      if (roll < 45) {
        write();
      } else if (roll < 55) {
        submit(IoCommand.FLUSH, null, false);
      } else if (roll < 84) {
        advance(random.nextInt(12) == 0 ? random.nextInt(4_000) : random.nextInt(20));
      } else if (roll < 92) {
        beginChange();
      } else if (roll < 93) {
        giveUpChange();
      } else if (roll < 95) {
        hosts = !hosts && random.nextBoolean();
      } else {
        fault();
      }
    }

    private void write() {
      var written = new Change(random.nextInt(BLOCKS), nextId++);
      boolean fua = random.nextInt(10) == 0;
      order.add(written);
      submit(SimHost.writeCommand(written.block, 1, written.id, fua), written, fua);
    }

    private void submit(IoCommand command, @Nullable Change written, boolean fua) {
      flying.add(
          new Flying(
              host.submit(volume(), command),
              written,
              fua,
              completed,
              promised(),
              timer.nanoTime()));
    }

    /** What the user may count on: while a change is under way, of each the weaker. */
    private Tiers promised() {
      return told;
    }

    private void advance(int millis) {
      host.advance(millis);
      end();
    }

    // The change of tiers.

    private void beginChange() {
      if (change != null) {
        return;
      }
      var wish =
          new TierChange(
              random.nextBoolean() ? randomAck() : null,
              random.nextBoolean() ? randomFlush() : null,
              randomRpo());
      Tiers wanted = wish.applyTo(volume().tiers());
      tell("to " + wanted + (hosts ? " under hosts" : ""));
      // What is weakened is not counted on from here; what is strengthened, once it is done.
      told =
          new Tiers(least(told.ack(), wanted.ack()), least(told.flush(), wanted.flush()), Rpo.NONE);
      change = volume().setTiers(wish, () -> hosts);
    }

    private static Tier least(Tier one, Tier other) {
      return one.compareTo(other) <= 0 ? one : other;
    }

    private void giveUpChange() {
      if (change != null) {
        change.cancel(false);
      }
    }

    private void endChange() {
      CompletableFuture<Tiers> ending = change;
      if (ending == null || !ending.isDone()) {
        return;
      }
      change = null;
      if (ending.isCompletedExceptionally()) {
        // Only what completes from here on has the stronger promise.
        told = volume().tiers();
        tell("failed, in force " + told);
        return;
      }
      told = ending.join();
      tell("done " + told);
      if (!host.manifest().tiers().equals(told)) {
        throw new AssertionError("done, and the manifest says " + host.manifest().tiers());
      }
      if (told.ack() == Tier.LOCAL_DURABLE) {
        localPromise = Math.max(localPromise, completed);
      }
      if (told.flush() == Tier.UPLOADED) {
        bucketPromise = Math.max(bucketPromise, flushed);
      }
      checkPositions();
    }

    // What ended.

    private void end() {
      for (Flying f : List.copyOf(flying)) {
        if (f.io.completions() > 0) {
          flying.remove(f);
          ended(f, f.io.await());
        }
      }
      uploaded = Math.max(uploaded, volume().positions().uploadedLsn());
      endChange();
      checkPositions();
    }

    private void ended(Flying f, IoStatus status) {
      if (status == IoStatus.UNAVAILABLE && f.change != null) {
        order.remove(f.change);
        return;
      }
      if (isBucketGivenUp(f, status)) {
        return;
      }
      if (status != IoStatus.OK) {
        throw new AssertionError("ended " + status);
      }
      int lsn = f.change == null ? f.before : order.indexOf(f.change) + 1;
      completed = Math.max(completed, lsn);
      if (f.change == null || f.fua) {
        flushed = Math.max(flushed, lsn);
        if (strong(f.tiers.flush(), told.flush()) == Tier.UPLOADED) {
          bucketPromise = Math.max(bucketPromise, lsn);
        }
      }
      if (f.change == null || f.fua || strong(f.tiers.ack(), told.ack()) == Tier.LOCAL_DURABLE) {
        localPromise = Math.max(localPromise, lsn);
      }
    }

    /** Of what waits for the bucket: a flush may be asked for again, a change is there. */
    private boolean isBucketGivenUp(Flying f, IoStatus status) {
      long waitedNanos = timer.nanoTime() - f.submittedNanos;
      return f.change == null
          ? status == IoStatus.UNAVAILABLE && waitedNanos >= WritePath.MAX_WAIT_NANOS
          : status == IoStatus.MEDIA_ERROR
              && f.fua
              && waitedNanos >= Durability.MAX_APPLIED_WAIT_NANOS;
    }

    /** Promised when it was submitted and still when it ended. */
    private static Tier strong(Tier then, Tier now) {
      return least(then, now);
    }

    private void checkPositions() {
      var at = volume().positions();
      if (at.localDurableLsn() < localPromise || at.uploadedLsn() < bucketPromise) {
        throw new AssertionError(at + ", promised " + localPromise + " and " + bucketPromise);
      }
      boolean announced = volume().info().volatileWriteCache();
      if (!announced && (at.localDurableLsn() < completed || volume().tiers().needFlushes())) {
        throw new AssertionError("no cache announced at " + at + ", completed " + completed);
      }
    }

    // Faults.

    private void fault() {
      end();
      switch (random.nextInt(5)) {
        case 0, 1 -> {
          tell("power cut");
          host.cutPower();
          died();
          reopen(Takeover.NONE);
        }
        case 2 -> {
          tell("crash");
          host.crash();
          died();
          localPromise = completed;
          reopen(Takeover.NONE);
        }
        case 3 -> {
          tell("log lost");
          host.crash();
          host.logs.lose();
          died();
          localPromise = bucketPromise;
          reopenWithoutLog();
        }
        default -> {
          tell("close");
          volume().close();
          died();
          localPromise = completed;
          reopen(Takeover.NONE);
        }
      }
    }

    private void died() {
      for (Flying f : flying) {
        boolean told = f.io.completions() > 0;
        IoStatus status = told ? f.io.await() : IoStatus.OK;
        if (status == IoStatus.UNAVAILABLE || status == IoStatus.CLOSED) {
          order.remove(f.change);
        } else if (told && status == IoStatus.OK && f.change != null) {
          completed = Math.max(completed, order.indexOf(f.change) + 1);
        }
      }
      flying.clear();
      change = null;
      hosts = false;
    }

    private void reopenWithoutLog() {
      try {
        openUnflushed();
      } catch (Refused e) {
        if (isFlushUploaded()) {
          // A change that its dead owner had sent may have arrived since it was looked at.
          reopenFlushUploaded();
          return;
        }
        flushed = 0;
        completed = 0;
        open(Takeover.LOSSY);
      }
      judge();
    }

    private boolean isFlushUploaded() {
      return host.manifest().state() == Manifest.State.OPEN
          && host.manifest().flush() == Tier.UPLOADED;
    }

    private void reopenFlushUploaded() {
      try {
        openUnflushed();
      } catch (Refused e) {
        throw new AssertionError(e);
      }
      judge();
    }

    private void openUnflushed() {
      open(Takeover.UNFLUSHED);
      if (volume().positions().appliedLsn() < flushed) {
        throw new AssertionError(
            "flushed " + flushed + " is gone for the word of the unflushed alone");
      }
    }

    private void reopen(Takeover takeover) {
      open(takeover);
      if (volume().positions().appliedLsn() < flushed) {
        throw new AssertionError("flushed " + flushed + ", there is " + volume().positions());
      }
      judge();
    }

    private static final class Refused extends RuntimeException {
      private static final long serialVersionUID = 1;

      Refused(Throwable cause) {
        super(cause);
      }
    }

    private void open(Takeover takeover) {
      for (int i = 0; i < 60; i++) {
        try {
          volume = host.open(takeover);
          faulty = true;
          return;
        } catch (DeviceException.Unavailable | DeviceException.Fenced e) {
          if (e.getCause() instanceof OperatorNeededException) {
            throw new Refused(e);
          }
          if (faultRate == 0) {
            throw e;
          }
          if (i > 40) {
            faulty = false;
          }
          host.advance(1_000);
        }
      }
      throw new AssertionError("can't be opened");
    }

    private void judge() {
      VolumeCore now = volume();
      int last = (int) now.positions().appliedLsn();
      told = now.tiers();
      boolean rolledBack = now.openOutcome() instanceof OpenOutcome.RolledBack;
      long newIncarnation = now.info().identity().incarnation();
      tell("open at " + last + " of " + order.size() + ", " + told + ", " + now.openOutcome());
      if (last < localPromise || last < bucketPromise || last < uploaded || last > order.size()) {
        throw new AssertionError(
            List.of(localPromise, bucketPromise, uploaded) + " promised, there is " + last);
      }
      // A verdict stays until an owner that told it has written a checkpoint.
      if (last < completed && (newIncarnation == incarnation || !rolledBack) && !rollbackKnown) {
        throw new AssertionError("time travel from " + completed + " to " + last);
      }
      rollbackKnown = rolledBack && newIncarnation == incarnation;
      incarnation = newIncarnation;
      order.subList(last, order.size()).clear();
      completed = last;
      flushed = Math.min(flushed, last);
      localPromise = Math.min(localPromise, last);
      bucketPromise = Math.min(bucketPromise, last);
      var expected = new long[BLOCKS];
      order.forEach(c -> expected[c.block] = c.id);
      faulty = false;
      long[] found = host.read(now, 0, BLOCKS);
      faulty = true;
      if (!Arrays.equals(expected, found)) {
        throw new AssertionError(Arrays.toString(expected) + " " + Arrays.toString(found));
      }
    }
  }
}
