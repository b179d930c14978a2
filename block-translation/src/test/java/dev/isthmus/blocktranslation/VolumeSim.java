package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blockdevice.contract.BlockStamp;
import dev.isthmus.blockdevice.contract.IoFuture;
import dev.isthmus.blocktranslation.store.FakeBucket;
import dev.isthmus.blocktranslation.store.SimulatedTimer;
import dev.isthmus.blocktranslation.store.StoreFaults;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The whole engine on one thread in simulated time: random commands, and a store that delays,
 * loses, repeats and refuses; crashes and power cuts at any step, lost and damaged logs, a second
 * host that takes over.
 *
 * <p>Judged against the list of changes in the order of their LSNs. Each command touches one record
 * only, so a change's place in that order is known when it completes. After each open the disk has
 * to be exactly the changes up to one LSN, that the volume names itself: all that was promised at
 * the tier that the fault leaves, never less than the bucket was said to hold, and never older
 * without a new incarnation. While it runs, each read of a block shows the newest completed change
 * of it, or one that was under way meanwhile.
 *
 * <p>{@code -Dsim.seeds=N} says how many seeds, {@code -Dsim.seed=SEED} plays one again.
 */
class VolumeSim {

  private static final int BLOCKS = 64;
  private static final int DEFAULT_SEEDS = 200;

  /**
   * Seeds that every run plays: the first meets an open that was refused after a power cut though
   * nothing was lost, the others acknowledgements that come too early, were there any.
   */
  private static final long[] FIXED = {848_591_563, 218_039_826, 511_569_056};

  static LongStream seeds() {
    Long one = Long.getLong("sim.seed");
    if (one != null) {
      return LongStream.of(one);
    }
    long fresh = new Random().nextInt(1 << 30);
    int count = Integer.getInteger("sim.seeds", DEFAULT_SEEDS);
    System.out.printf("volume: %d seeds from %d; one with -Dsim.seed=SEED%n", count, fresh);
    return LongStream.concat(Arrays.stream(FIXED), LongStream.range(fresh, fresh + count));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void keepsItsPromises(long seed) {
    var run = new Run(seed);
    try {
      run.play();
    } catch (RuntimeException | Error e) {
      throw new AssertionError("seed " + seed + ", " + run.story(), e);
    }
  }

  /** One change of the disk: what its blocks show once it is applied. */
  private record Change(int block, int blocks, long shown) {}

  /**
   * A command under way.
   *
   * @param lsn of the change; 0 for others
   * @param shown what the disk showed before it
   * @param completed newest change that had completed before it
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Flying(IoFuture io, IoCommand command, long lsn, long[] shown, long completed) {}

  private static final class Run {
    final Random random;
    final SimulatedTimer timer = new SimulatedTimer();
    final FakeBucket bucket = new FakeBucket();
    final SimHost[] hosts = new SimHost[2];
    final List<String> story = new ArrayList<>();
    final Tier ack;
    final Tier flush;
    final double faultRate;

    /** Changes by LSN, 1 first; what was applied and did not survive is cut off. */
    final List<Change> order = new ArrayList<>();

    final List<Flying> flying = new ArrayList<>();
    int owner;
    @Nullable VolumeCore volume;
    boolean faulty = true;
    long nextId = 1;
    long completed;
    long promised;
    long uploaded;
    long incarnation = 1;
    boolean rolledBackUntold;

    Run(long seed) {
      random = new Random(seed);
      ack = random.nextInt(4) == 0 ? Tier.LOCAL_DURABLE : Tier.APPLIED;
      flush = random.nextInt(3) == 0 ? Tier.UPLOADED : Tier.LOCAL_DURABLE;
      faultRate = random.nextInt(3) == 0 ? 0 : random.nextDouble() * 0.4;
      StoreFaults faults = StoreFaults.random(random, faultRate);
      for (int i = 0; i < hosts.length; i++) {
        hosts[i] =
            new SimHost(timer, bucket, random)
                .withDelays(1 + random.nextInt(60_000_000), 1 + random.nextInt(20_000_000))
                .withFaults(
                    (kind, key) -> faulty ? faults.next(kind, key) : StoreFaults.Fault.NONE);
      }
    }

    String story() {
      return String.join("; ", story);
    }

    void tell(String what) {
      story.add(timer.nanoTime() / 1_000_000 + " ms " + what);
    }

    void play() {
      hosts[0].create((long) BLOCKS * SimHost.BLOCK_BYTES, ack, flush);
      tell(ack + " " + flush + " faults " + faultRate);
      open(Takeover.NONE);
      int steps = 100 + random.nextInt(300);
      for (int i = 0; i < steps; i++) {
        step();
      }
      faulty = false;
      settle();
      VolumeCore last = volume();
      end(false);
      tell("close");
      last.close();
      promised = completed;
      open(Takeover.NONE);
      checkDisk();
      volume().close();
      BucketInvariants.check(hosts[owner]);
      for (SimHost host : hosts) {
        if (!host.defects.isEmpty()) {
          throw new AssertionError("defects: " + host.defects, host.defects.getFirst());
        }
      }
    }

    private VolumeCore volume() {
      return java.util.Objects.requireNonNull(volume);
    }

    private void step() {
      int roll = random.nextInt(1000);
      if (roll < 600) {
        submitChange();
      } else if (roll < 700) {
        submitRead();
      } else if (roll < 760) {
        submitFlush();
      } else if (roll < 970) {
        advance(random.nextInt(10) == 0 ? random.nextInt(3_000) : random.nextInt(20));
      } else if (roll < 985) {
        crash();
      } else if (roll < 990) {
        cutPower();
      } else if (roll < 994) {
        closeInOrder();
      } else if (roll < 997) {
        loseLog();
      } else {
        takeOver();
      }
    }

    // Commands.

    private void submitChange() {
      int block = random.nextInt(BLOCKS);
      int most = Math.min(8, BLOCKS - block);
      int blocks = 1 + random.nextInt(most);
      long id = nextId++;
      boolean fua = random.nextInt(16) == 0;
      IoCommand command;
      long shown = id;
      switch (random.nextInt(8)) {
        case 0 -> {
          shown = BlockStamp.ZEROES;
          command =
              new IoCommand.WriteZeroes(
                  (long) block * SimHost.BLOCK_BYTES,
                  (long) blocks * SimHost.BLOCK_BYTES,
                  true,
                  fua);
        }
        case 1 -> {
          shown = BlockStamp.ZEROES;
          command =
              new IoCommand.Discard(
                  (long) block * SimHost.BLOCK_BYTES, (long) blocks * SimHost.BLOCK_BYTES);
        }
        default -> command = SimHost.writeCommand(block, blocks, id, fua);
      }
      // Submitted in order, applied in order: no compare-and-write holds anybody up, and the log is
      // never full. So the LSN is known before the command ends.
      order.add(new Change(block, blocks, shown));
      submit(command, order.size());
    }

    private void submitRead() {
      int block = random.nextInt(BLOCKS);
      int blocks = 1 + random.nextInt(Math.min(16, BLOCKS - block));
      MemorySegment buffer = Arena.ofAuto().allocate((long) blocks * SimHost.BLOCK_BYTES, 8);
      submit(new IoCommand.Read((long) block * SimHost.BLOCK_BYTES, buffer), 0);
    }

    private void submitFlush() {
      submit(IoCommand.FLUSH, 0);
    }

    private void submit(IoCommand command, int lsn) {
      long[] shown = state(lsn == 0 ? order.size() : lsn - 1);
      flying.add(
          new Flying(hosts[owner].submit(volume(), command), command, lsn, shown, completed));
    }

    /** The ids that the disk shows after the first {@code changes}. */
    private long[] state(int changes) {
      var shown = new long[BLOCKS];
      for (int i = 0; i < changes; i++) {
        Change change = order.get(i);
        Arrays.fill(shown, change.block, change.block + change.blocks, change.shown);
      }
      return shown;
    }

    private void advance(int millis) {
      hosts[owner].advance(millis);
      end(false);
    }

    /** Takes note of the commands that ended. */
    private void end(boolean died) {
      for (Flying f : List.copyOf(flying)) {
        if (f.io.completions() > 0) {
          flying.remove(f);
          ended(f, f.io.await());
        } else if (died) {
          flying.remove(f);
        }
      }
      if (!died) {
        uploaded = Math.max(uploaded, volume().positions().uploadedLsn());
      }
    }

    private void ended(Flying f, IoStatus status) {
      boolean fenced = status == IoStatus.FENCED;
      switch (f.command) {
        case IoCommand.Read read -> {
          if (status == IoStatus.OK) {
            checkRead(f, read);
          } else if (status != IoStatus.UNAVAILABLE || faultRate == 0) {
            throw new AssertionError("a read ended " + status);
          }
        }
        case IoCommand.Flush _ -> {
          if (status == IoStatus.OK) {
            promise(f.completed, flush == Tier.UPLOADED);
          } else if (!fenced) {
            throw new AssertionError("a flush ended " + status);
          }
        }
        default -> {
          if (status == IoStatus.OK) {
            completed = Math.max(completed, f.lsn);
            boolean fua =
                switch (f.command) {
                  case IoCommand.Write w -> w.fua();
                  case IoCommand.WriteZeroes z -> z.fua();
                  default -> false;
                };
            if (fua || ack == Tier.LOCAL_DURABLE) {
              promise(f.lsn, fua && flush == Tier.UPLOADED);
            }
          } else if (!fenced) {
            throw new AssertionError("a change ended " + status);
          }
        }
      }
    }

    private void promise(long lsn, boolean inBucket) {
      promised = Math.max(promised, lsn);
      if (inBucket && volume().positions().uploadedLsn() < lsn) {
        throw new AssertionError("LSN " + lsn + " was promised at " + volume().positions());
      }
    }

    /** The loop takes commands in the order of their submission, so just one content is right. */
    private void checkRead(Flying f, IoCommand.Read read) {
      int block = (int) (read.offsetBytes() / SimHost.BLOCK_BYTES);
      int blocks = (int) (read.buffer().byteSize() / SimHost.BLOCK_BYTES);
      for (int i = 0; i < blocks; i++) {
        int at = block + i;
        long found =
            BlockStamp.idOf(
                read.buffer().asSlice((long) i * SimHost.BLOCK_BYTES, SimHost.BLOCK_BYTES), at);
        if (found != f.shown[at]) {
          throw new AssertionError(
              "a read of block " + at + " shows " + found + ", not " + f.shown[at]);
        }
      }
    }

    // Faults.

    private void settle() {
      for (int i = 0; i < 200 && !flying.isEmpty(); i++) {
        advance(1_000);
      }
      if (!flying.isEmpty()) {
        throw new AssertionError("a hang: " + flying.getFirst().command);
      }
    }

    private void crash() {
      tell("crash");
      end(false);
      hosts[owner].crash();
      end(true);
      // All that completed survives; of the rest what was applied.
      reopen(Takeover.NONE, completed, false);
    }

    private void cutPower() {
      tell("power cut");
      end(false);
      hosts[owner].cutPower();
      end(true);
      reopen(Takeover.NONE, promised, ack == Tier.APPLIED);
    }

    private void closeInOrder() {
      tell("close");
      BlockDevice closing = volume();
      closing.close();
      for (Flying f : List.copyOf(flying)) {
        if (f.io.completions() != 1) {
          throw new AssertionError("not ended by a close: " + f.command);
        }
        flying.remove(f);
        IoStatus status = f.io.await();
        boolean let = status == IoStatus.CLOSED || status == IoStatus.MEDIA_ERROR;
        if (!let) {
          ended(f, status);
        }
      }
      uploaded = Math.max(uploaded, volume().positions().uploadedLsn());
      boolean inBucket =
          hosts[owner].manifest().state()
              == dev.isthmus.blocktranslation.format.Manifest.State.CLOSED;
      if (inBucket && random.nextBoolean()) {
        owner = 1 - owner;
        tell("opened on the other host");
      }
      reopen(Takeover.NONE, completed, false);
    }

    private void loseLog() {
      tell("log lost");
      end(false);
      boolean damaged = random.nextBoolean();
      if (damaged) {
        hosts[owner].crash();
        hosts[owner].logs.damage();
      } else {
        hosts[owner].crash();
        hosts[owner].logs.lose();
      }
      end(true);
      mustRefuse(hosts[owner]);
      reopen(
          Takeover.LOSSY,
          flush == Tier.UPLOADED && ack == Tier.APPLIED ? promised : uploaded,
          true);
    }

    private void mustRefuse(SimHost host) {
      boolean before = faulty;
      faulty = false;
      try {
        host.open(Takeover.NONE);
      } catch (DeviceException.Unavailable | DeviceException.Corrupt expected) {
        return;
      } finally {
        faulty = before;
      }
      throw new AssertionError("opened though its log is gone");
    }

    private void takeOver() {
      end(false);
      VolumeCore old = volume();
      int oldOwner = owner;
      owner = 1 - owner;
      tell("host " + owner + " takes over");
      reopen(
          Takeover.LOSSY,
          flush == Tier.UPLOADED && ack == Tier.APPLIED ? promised : uploaded,
          true);
      // The old owner goes on until it finds out; nothing of it is the disk's any more.
      var io = hosts[oldOwner].submit(old, SimHost.writeCommand(0, 8, 1L << 40, false));
      hosts[oldOwner].runUntil(io);
      faulty = false;
      for (int i = 0; i < 100 && old.state().kind() != DeviceState.Kind.FENCED; i++) {
        hosts[oldOwner].advance(1_000);
      }
      faulty = true;
      if (old.state().kind() != DeviceState.Kind.FENCED) {
        throw new AssertionError("not fenced: " + old.state());
      }
      hosts[oldOwner].crash();
      flying.clear();
      checkDisk();
    }

    private void open(Takeover takeover) {
      for (int i = 0; i < 60; i++) {
        try {
          volume = hosts[owner].open(takeover);
          return;
        } catch (DeviceException.Unavailable e) {
          tell("no open: " + e.getMessage());
          if (faultRate == 0) {
            throw e;
          }
          if (i > 40) {
            faulty = false;
          }
          hosts[owner].advance(1_000);
        }
      }
      throw new AssertionError("can't be opened");
    }

    /** Opens, and judges what is there. */
    private void reopen(Takeover takeover, long least, boolean mayRollBack) {
      open(takeover);
      faulty = true;
      long last = volume().positions().appliedLsn();
      tell(
          "open at "
              + last
              + " of "
              + order.size()
              + ", least "
              + least
              + ", "
              + volume().openOutcome());
      if (last < least || last < uploaded) {
        throw new AssertionError(
            "promised " + least + ", uploaded " + uploaded + ", there is " + last);
      }
      if (last > order.size()) {
        throw new AssertionError("there are " + last + " changes of " + order.size());
      }
      long now = volume().info().identity().incarnation();
      boolean rolledBack = volume().openOutcome() instanceof OpenOutcome.RolledBack;
      if (last < completed && (now == incarnation && !rolledBackUntold)) {
        throw new AssertionError("time travel from " + completed + " to " + last);
      }
      if (now != incarnation && !rolledBack) {
        throw new AssertionError("a new incarnation without a word");
      }
      if (rolledBack && !mayRollBack && !rolledBackUntold) {
        throw new AssertionError("rolled back without a cause: " + volume().openOutcome());
      }
      rolledBackUntold = rolledBack;
      incarnation = now;
      order.subList((int) last, order.size()).clear();
      completed = last;
      promised = Math.min(promised, last);
      uploaded = Math.min(uploaded, last);
      flying.clear();
      checkDisk();
      BucketInvariants.check(hosts[owner]);
    }

    private void checkDisk() {
      boolean before = faulty;
      faulty = false;
      long[] expected = state(order.size());
      long[] found = null;
      for (int i = 0; found == null && i < 20; i++) {
        try {
          found = hosts[owner].read(volume(), 0, BLOCKS);
        } catch (AssertionError e) {
          // A request that was sent before the faults ended may still be lost.
          if (!String.valueOf(e.getMessage()).contains("UNAVAILABLE") || i == 19) {
            throw e;
          }
        }
      }
      faulty = before;
      if (!Arrays.equals(expected, found)) {
        throw new AssertionError(
            "expected " + Arrays.toString(expected) + ", found " + Arrays.toString(found));
      }
    }
  }
}
