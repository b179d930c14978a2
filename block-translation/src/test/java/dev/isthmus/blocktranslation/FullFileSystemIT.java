package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blockdevice.contract.BlockStamp;
import dev.isthmus.blockdevice.contract.IoFuture;
import dev.isthmus.blocktranslation.store.ExecutorStoreTimer;
import dev.isthmus.blocktranslation.store.FakeBucket;
import dev.isthmus.blocktranslation.store.FakeObjectStore;
import dev.isthmus.blocktranslation.store.StoreFaults;
import dev.isthmus.blocktranslation.store.StoreLimits;
import dev.isthmus.blocktranslation.store.StoreTesting;
import dev.isthmus.wal.TemporaryMount;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A volume whose log lies on a real file system that others fill, in real time. */
@Timeout(180)
class FullFileSystemIT {

  private static final long MIB = 1L << 20;
  private static final int WRITE_BLOCKS = 32;
  private static final int SLOTS = 256;

  @TempDir Path temp;

  private final FakeBucket bucket = new FakeBucket();

  /** What each slot of 128 KiB was last told to be written with. */
  private final long[] written = new long[SLOTS];

  private long nextId = 1;

  private TestHost host(Path logs) {
    return new TestHost(
        logs,
        FakeObjectStore.open(
            bucket,
            new ExecutorStoreTimer(StoreTesting.timerExecutor()),
            new Random(1),
            StoreFaults.NONE,
            StoreLimits.DEFAULT,
            1_000_000));
  }

  private static void await(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < deadline, what);
      LockSupport.parkNanos(10_000_000);
    }
  }

  private IoFuture submitWrite(VolumeCore volume) {
    int slot = (int) (nextId % SLOTS);
    written[slot] = nextId;
    var io = new IoFuture();
    volume.submit(SimHost.writeCommand(slot * WRITE_BLOCKS, WRITE_BLOCKS, nextId++, false), io);
    return io;
  }

  private void check(VolumeCore volume) {
    for (int slot = 0; slot < SLOTS; slot++) {
      MemorySegment data = Arena.ofAuto().allocate((long) WRITE_BLOCKS * SimHost.BLOCK_BYTES, 8);
      var io = new IoFuture();
      volume.submit(new IoCommand.Read((long) slot * WRITE_BLOCKS * SimHost.BLOCK_BYTES, data), io);
      assertEquals(IoStatus.OK, io.await());
      for (int block = 0; block < WRITE_BLOCKS; block++) {
        assertEquals(
            written[slot],
            BlockStamp.idOf(
                data.asSlice((long) block * SimHost.BLOCK_BYTES, SimHost.BLOCK_BYTES),
                slot * WRITE_BLOCKS + block));
      }
    }
  }

  @Test
  void writersWaitThenHearWhyAndGoOnByThemselvesWhenThereIsSpace() throws IOException {
    try (var mount = TemporaryMount.tmpfs(temp.resolve("disk"), 48 * MIB);
        TestHost host = host(mount.path().resolve("logs"))) {
      host.create(64 * MIB, SimHost.BLOCK_BYTES, Tier.APPLIED, Tier.LOCAL_DURABLE);
      VolumeCore volume = host.open();
      for (int round = 0; round < 3; round++) {
        IoFuture held;
        try (var _ = new Filler(mount)) {
          held = writeUntilHeld(volume);
        }
        mount.free();
        assertEquals(IoStatus.OK, held.await(), "nobody but the space was needed");
      }
      checkRefusal(volume, mount);
      mount.free();
      await("ready again without a write", () -> volume.state().kind() == DeviceState.Kind.READY);
      for (int i = 0; i < SLOTS; i++) {
        assertEquals(IoStatus.OK, submitWrite(volume).await());
      }
      check(volume);
      volume.close();
      check(host.open());
    }
  }

  private void checkRefusal(VolumeCore volume, TemporaryMount mount) {
    try (var _ = new Filler(mount)) {
      IoFuture late = writeUntilHeld(volume);
      IoStatus end = late.await();
      // The first of those that wait may be in the log in part: then it is not retryable.
      assertTrue(end == IoStatus.UNAVAILABLE || end == IoStatus.MEDIA_ERROR, end.name());
      assertEquals(DeviceState.Kind.STALLED, volume.state().kind());
      String why = volume.state().reason();
      assertTrue(why.contains(mount.path().toString()), why);
      assertTrue(why.contains("bytes free"), why);
      assertTrue(why.contains("needs 8388608 bytes"), why);
      assertTrue(why.contains("make room there"), why);
      var flush = new IoFuture();
      volume.submit(IoCommand.FLUSH, flush);
      assertEquals(IoStatus.OK, flush.await());
      // From here on no commit comes to wake the volume.
      await(
          "everything is in the bucket",
          () -> volume.positions().uploadedLsn() == volume.positions().appliedLsn());
    }
  }

  /** Takes what is free again and again: files that the log trims give some back. */
  private static final class Filler implements AutoCloseable {
    private final Thread thread;
    private volatile boolean stopped;

    Filler(TemporaryMount mount) {
      thread =
          Thread.ofPlatform()
              .daemon()
              .start(() -> {
                while (!stopped) {
                  try {
                    mount.fill();
                  } catch (IOException e) {
                    return;
                  }
                  LockSupport.parkNanos(1_000_000);
                }
              });
    }

    @Override
    public void close() {
      stopped = true;
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private IoFuture writeUntilHeld(VolumeCore volume) {
    while (true) {
      IoFuture io = submitWrite(volume);
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(3);
      while (io.completions() == 0 && System.nanoTime() < deadline) {
        LockSupport.parkNanos(1_000_000);
      }
      if (io.completions() == 0) {
        return io;
      }
      assertEquals(IoStatus.OK, io.await());
    }
  }

  @Test
  void anOpenWithoutSpaceSaysWhatItNeedsAndLeavesNothingBehind() throws IOException {
    try (var mount = TemporaryMount.tmpfs(temp.resolve("disk"), 40 * MIB);
        TestHost host = host(mount.path().resolve("logs"))) {
      host.create(64 * MIB, SimHost.BLOCK_BYTES, Tier.APPLIED, Tier.LOCAL_DURABLE);
      Files.createDirectories(mount.path().resolve("logs"));
      mount.fill();
      for (int i = 0; i < 5; i++) {
        var full = assertThrows(DeviceException.Exhausted.class, host::open);
        String why = String.valueOf(full.getMessage());
        assertTrue(why.contains(mount.path().resolve("logs").toString()), why);
        assertTrue(why.contains("bytes free"), why);
        assertTrue(why.contains("--log-dir"), why);
      }
      try (Stream<Path> left = Files.walk(mount.path().resolve("logs"))) {
        assertFalse(left.anyMatch(path -> path.getFileName().toString().startsWith("log-")));
      }
      mount.free();
      VolumeCore volume = host.open();
      assertEquals(OpenOutcome.COMPLETE, volume.openOutcome());
      assertEquals(IoStatus.OK, submitWrite(volume).await());
      volume.close();
    }
  }

  /** The kernel itself fails the write-back; nothing of the test's is between it and the log. */
  @Test
  void aDiskThatFailsCostsNothingWhileTheBucketIsThere() throws IOException {
    try (var mount = TemporaryMount.thinDisk(temp.resolve("thin"), 512 * MIB, 48 * MIB);
        TestHost host = host(mount.path().resolve("logs"))) {
      host.create(64 * MIB, SimHost.BLOCK_BYTES, Tier.APPLIED, Tier.LOCAL_DURABLE);
      VolumeCore volume = host.open();
      mount.fill();
      for (int i = 0; i < 50; i++) {
        assertEquals(IoStatus.OK, submitWrite(volume).await());
      }
      var flush = new IoFuture();
      volume.submit(IoCommand.FLUSH, flush);
      assertEquals(IoStatus.OK, flush.await());
      await("the log failed", volume::isLogFailed);
      assertEquals(DeviceState.Kind.DEGRADED, volume.state().kind());
      assertEquals(volume.positions().appliedLsn(), volume.positions().uploadedLsn());
      check(volume);
      volume.close();
      try (TestHost other = host(temp.resolve("other"))) {
        VolumeCore again = other.open();
        assertEquals(OpenOutcome.COMPLETE, again.openOutcome());
        assertEquals(1, again.info().identity().incarnation());
        check(again);
        again.close();
      }
    }
  }
}
