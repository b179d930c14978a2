package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.Positions;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blocktranslation.PowerCutHistory.PowerOn;
import dev.isthmus.blocktranslation.store.BucketJournal;
import dev.isthmus.blocktranslation.store.ExecutorStoreTimer;
import dev.isthmus.blocktranslation.store.FakeObjectStore;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.StoreFaults;
import dev.isthmus.blocktranslation.store.StoreLimits;
import dev.isthmus.blocktranslation.store.StoreTesting;
import dev.isthmus.wal.WeakForce;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * The process whose machine loses power: writes through a volume at queue depth 16, its log on a
 * recording disk, with flushes and FUA between, and marks in the disk's record what it was
 * promised, after it was. When a command failed it submits no more and waits for the bucket. It
 * never ends by itself.
 *
 * <p>Arguments: seed, the disk's directory, its mount, its marks, the mistake of the force ({@link
 * WeakForce}) or {@code SOUND}, and the power-ons before.
 */
final class PowerCutWriter {

  private static final int QUEUE_DEPTH = 16;

  /** Printed once the record is worth cutting, however slow the machine. */
  static final String WARM = "WARM";

  /** Begins what is printed when a command failed; none is submitted after it. */
  static final String ERROR = "ERROR";

  /**
   * Begins what is printed when, after an error, the volume has brought all it has applied into the
   * bucket, or found that it can't, or was given {@link #LONGEST_SETTLING_NANOS} to: its state.
   */
  static final String SETTLED = "SETTLED";

  private static final long LONGEST_SETTLING_NANOS = 60_000_000_000L;

  private static final int WARM_PROMISES = 25;

  /** Requests to the bucket and their replies take up to this long each. */
  private static final long MAX_BUCKET_DELAY_NANOS = 10_000_000;

  private final VolumeCore volume;
  private final Marks marks;
  private final boolean ackIsDurable;
  private final Semaphore slots = new Semaphore(QUEUE_DEPTH);
  private volatile boolean failed;
  private final AtomicLong doneId = new AtomicLong();
  private final AtomicLong promisedLsn = new AtomicLong();

  private PowerCutWriter(VolumeCore volume, Marks marks, boolean ackIsDurable) {
    this.volume = volume;
    this.marks = marks;
    this.ackIsDurable = ackIsDurable;
  }

  /** Marks go into the disk's record. Thread-safe. */
  private record Marks(Path file) {

    void mark(String text) {
      // One write is one mark.
      try (var out = new FileOutputStream(file.toFile(), true)) {
        out.write(text.getBytes(StandardCharsets.UTF_8));
      } catch (IOException e) {
        // The power is off: this thread's machine stands still until the process is killed.
        while (true) {
          LockSupport.park();
        }
      }
    }
  }

  public static void main(String[] args) throws Exception {
    long seed = Long.parseLong(args[0]);
    Path disk = Path.of(args[1]);
    var marks = new Marks(Path.of(args[3]));
    LogHome logs =
        args[4].equals("SOUND") ? LogHome.DISK : WeakLogHome.of(WeakForce.valueOf(args[4]));
    List<PowerOn> before =
        Arrays.asList(args).subList(5, args.length).stream().map(PowerOn::parse).toList();
    var history = new PowerCutHistory(seed, before);
    Path journal = PowerCutHistory.journal(disk);
    Files.createDirectories(journal);
    history.bucket().listen(new BucketJournal(journal, marks::mark));
    ObjectStore store =
        FakeObjectStore.open(
            history.bucket(),
            new ExecutorStoreTimer(StoreTesting.timerExecutor()),
            new Random(seed),
            StoreFaults.NONE,
            StoreLimits.DEFAULT,
            MAX_BUCKET_DELAY_NANOS);
    Tier ack = PowerCutHistory.ack(seed);
    var host = new TestHost(store, TestHost.settings(Path.of(args[2], "host")), logs);
    if (!history.created()) {
      host.create(
          (long) CrashScript.BLOCKS * CrashScript.BLOCK_BYTES,
          CrashScript.BLOCK_BYTES,
          ack,
          PowerCutHistory.flush(seed));
      marks.mark(PowerCutHistory.CREATED);
    }
    VolumeCore volume = host.open();
    long lsn = volume.positions().appliedLsn();
    marks.mark(PowerCutHistory.READY + " " + lsn + " " + volume.info().identity().incarnation());
    var writer = new PowerCutWriter(volume, marks, ack == Tier.LOCAL_DURABLE);
    Thread.ofPlatform().daemon().name("marks").start(writer::markPromises);
    writer.play(history, lsn + 1);
  }

  private void play(PowerCutHistory history, long firstId) throws InterruptedException {
    CrashScript script = history.nextScript();
    var random = new Random(script.seed());
    for (long id = firstId; !failed; id++) {
      slots.acquire();
      long submitted = id;
      IoCommand command = script.command(id, PowerCutHistory.stamp(history.powerOns(), id));
      volume.submit(command, status -> done(submitted, command, status));
      if (random.nextInt(40) == 0) {
        flush();
      }
    }
    settle();
  }

  private void settle() throws InterruptedException {
    long deadline = System.nanoTime() + LONGEST_SETTLING_NANOS;
    Positions positions;
    do {
      Thread.sleep(50);
      positions = volume.positions();
    } while (positions.uploadedLsn() < positions.appliedLsn()
        && volume.state().kind() != DeviceState.Kind.FAILED
        && System.nanoTime() < deadline);
    System.out.println(SETTLED + " " + positions + " " + volume.state());
    new CountDownLatch(1).await();
  }

  private void failed(String what) {
    if (!failed) {
      System.out.println(ERROR + " " + what);
      failed = true;
    }
  }

  private void done(long id, IoCommand command, IoStatus status) {
    slots.release();
    if (status != IoStatus.OK) {
      failed("change " + id + " ended " + status);
      return;
    }
    raise(doneId, id);
    // Changes are durable in their order, so what completed as durable speaks for all before it.
    if (ackIsDurable || (command instanceof IoCommand.Write write && write.fua())) {
      raise(promisedLsn, id);
    }
  }

  private void flush() throws InterruptedException {
    long covered = doneId.get();
    slots.acquire();
    volume.submit(
        IoCommand.FLUSH,
        status -> {
          slots.release();
          if (status == IoStatus.OK) {
            raise(promisedLsn, covered);
          } else {
            failed("a flush ended " + status);
          }
        });
  }

  private static void raise(AtomicLong value, long to) {
    long _ = value.accumulateAndGet(to, Math::max);
  }

  private void markPromises() {
    long markedDone = 0;
    long markedPromise = 0;
    int promises = 0;
    while (true) {
      Positions positions = volume.positions();
      raise(promisedLsn, Math.max(positions.localDurableLsn(), positions.uploadedLsn()));
      long promise = promisedLsn.get();
      long done = doneId.get();
      if (promise > markedPromise) {
        marks.mark(PowerCutHistory.PROMISED + " " + promise);
        markedPromise = promise;
        if (++promises == WARM_PROMISES) {
          System.out.println(WARM);
        }
      }
      if (done > markedDone) {
        marks.mark(PowerCutHistory.DONE + " " + done);
        markedDone = done;
      }
      LockSupport.parkNanos(500_000);
    }
  }
}
