package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blockdevice.contract.IoFuture;
import dev.isthmus.blocktranslation.store.FakeBucket;
import dev.isthmus.blocktranslation.store.SimulatedTimer;
import dev.isthmus.blocktranslation.store.StoreFaults;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A log whose disk fails a force, an append or a read: what each command ends with, and when. */
class LogFailureTest {

  private static final StoreFaults UNREACHABLE = (kind, key) -> StoreFaults.Fault.UNREACHABLE;
  private static final int MIB_BLOCKS = (1 << 20) / SimHost.BLOCK_BYTES;

  private final SimulatedTimer timer = new SimulatedTimer();
  private final FakeBucket bucket = new FakeBucket();
  private final SimHost host = new SimHost(timer, bucket, new Random(1));

  @AfterEach
  void noDefects() {
    assertTrue(host.defects.isEmpty(), () -> "defects: " + host.defects);
  }

  private VolumeCore open(Tier ack) {
    host.create(256 << 20, ack, Tier.LOCAL_DURABLE);
    return host.open();
  }

  private long waitedMillis(IoFuture io) {
    long from = timer.nanoTime();
    host.runUntil(io);
    return (timer.nanoTime() - from) / 1_000_000;
  }

  @Test
  void aFlushWhoseForceFailedIsMadeGoodByTheBucket() {
    VolumeCore volume = open(Tier.APPLIED);
    host.withFaults(UNREACHABLE);
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 1));
    host.logs.failForces(true);
    IoFuture flush = host.submit(volume, IoCommand.FLUSH);
    IoFuture fua = host.submit(volume, SimHost.writeCommand(1, 1, 2, true));
    host.advance(3_000);
    assertEquals(0, flush.completions(), "it waits for the bucket");
    assertEquals(0, fua.completions());
    host.logs.failForces(false);
    assertEquals(DeviceState.Kind.DEGRADED, volume.state().kind());
    assertTrue(volume.isLogFailed());
    String reason = volume.state().reason();
    assertTrue(reason.contains("the bucket has LSN 0 of 2, 8192 bytes are left"), reason);
    assertTrue(reason.contains("volume recover"), reason);
    host.withFaults(StoreFaults.NONE);
    host.runUntil(flush);
    host.runUntil(fua);
    assertEquals(IoStatus.OK, flush.await());
    assertEquals(IoStatus.OK, fua.await());
    assertEquals(2, volume.positions().uploadedLsn());
    assertEquals(0, volume.positions().localDurableLsn() - volume.positions().uploadedLsn());
    assertTrue(volume.state().reason().contains("nothing is lost"), volume.state().reason());
    assertEquals(IoStatus.OK, host.flush(volume));
    host.cutPower();
    volume = host.open(Takeover.LOSSY);
    assertEquals(1, host.read(volume, 0, 1)[0]);
    assertEquals(2, host.read(volume, 1, 1)[0]);
  }

  @Test
  void withoutTheBucketAFlushIsRefusedRetryablyAndAnAppliedWriteIsNot() {
    VolumeCore volume = open(Tier.APPLIED);
    host.withFaults(UNREACHABLE);
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 1));
    host.logs.failForces(true);
    IoFuture flush = host.submit(volume, IoCommand.FLUSH);
    IoFuture fua = host.submit(volume, SimHost.writeCommand(1, 1, 2, true));
    long waited = waitedMillis(flush);
    assertTrue(waited >= 10_000 && waited < 10_500, "the flush waited " + waited + " ms");
    assertEquals(IoStatus.UNAVAILABLE, flush.await());
    assertEquals(DeviceState.Kind.STALLED, volume.state().kind(), "a host has to wait, not fail");
    waited += waitedMillis(fua);
    assertTrue(waited >= 20_000 && waited < 21_000, "the write waited " + waited + " ms");
    assertEquals(IoStatus.MEDIA_ERROR, fua.await());
    assertFalse(fua.await().isRetryable(), "its data is in the disk");
    assertEquals(2, host.read(volume, 1, 1)[0], "reads go on");
    IoFuture cancelled = host.submit(volume, IoCommand.FLUSH);
    host.advance(1_000);
    cancelled.cancel();
    host.advance(500);
    assertEquals(IoStatus.CANCELLED, cancelled.await());
  }

  @Test
  void withAckLocalAWriteIsNeverAcknowledgedByALogThatFailed() {
    VolumeCore volume = open(Tier.LOCAL_DURABLE);
    host.withFaults(UNREACHABLE);
    host.logs.failForces(true);
    var writes = new ArrayList<IoFuture>();
    for (int i = 0; i < 5; i++) {
      writes.add(host.submit(volume, SimHost.writeCommand(i, 1, i + 1, false)));
    }
    host.advance(2_000);
    writes.forEach(io -> assertEquals(0, io.completions()));
    host.withFaults(StoreFaults.NONE);
    writes.forEach(host::runUntil);
    writes.forEach(io -> assertEquals(IoStatus.OK, io.await()));
    assertEquals(5, volume.positions().uploadedLsn());
  }

  @Test
  void newChangesAreHeldAndThenRefusedRetryablyWithoutEffect() {
    VolumeCore volume = open(Tier.APPLIED);
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 1));
    host.logs.failForces(true);
    assertEquals(IoStatus.OK, host.flush(volume), "the bucket takes it within a moment");
    long applied = volume.positions().appliedLsn();
    MemorySegment data = Arena.ofAuto().allocate(SimHost.BLOCK_BYTES, 8);
    List<IoFuture> changes =
        List.of(
            host.submit(volume, SimHost.writeCommand(0, 1, 9, false)),
            host.submit(volume, SimHost.writeCommand(5, 20, 9, true)),
            host.submit(volume, new IoCommand.Discard(0, 4096)),
            host.submit(volume, new IoCommand.WriteZeroes(0, 4096, false, true)),
            host.submit(volume, new IoCommand.CompareAndWrite(8192, data, data, false)));
    long waited = waitedMillis(changes.getFirst());
    assertTrue(waited >= 9_900 && waited < 10_500, "waited " + waited + " ms");
    changes.forEach(host::runUntil);
    changes.forEach(io -> assertEquals(IoStatus.UNAVAILABLE, io.await()));
    assertEquals(DeviceState.Kind.STALLED, volume.state().kind());
    assertEquals(applied, volume.positions().appliedLsn());
    assertEquals(1, host.read(volume, 0, 1)[0]);
    assertEquals(0, volume.statistics().heldBackWrites());
    volume.close();
    volume = host.open();
    assertEquals(OpenOutcome.COMPLETE, volume.openOutcome());
    assertEquals(1, host.manifest().incarnation());
    assertEquals(1, host.read(volume, 0, 1)[0]);
  }

  @Test
  void anAppendThatFailsHasNoEffectAndIsHeldLikeTheOthers() {
    VolumeCore volume = open(Tier.APPLIED);
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 1));
    host.logs.failAppends(true);
    assertEquals(IoStatus.UNAVAILABLE, host.write(volume, 0, 1, 2));
    assertEquals(1, host.read(volume, 0, 1)[0]);
    assertTrue(volume.isLogFailed());
    drain(volume, 5);
    assertEquals(1, volume.positions().uploadedLsn());
  }

  private void drain(VolumeCore volume, long limitSeconds) {
    host.await(volume.drain(Duration.ofSeconds(limitSeconds)));
  }

  @Test
  void aDrainSaysWhatIsLeftAndWhatIsDone() {
    VolumeCore volume = open(Tier.APPLIED);
    host.withFaults(UNREACHABLE);
    assertEquals(IoStatus.OK, host.write(volume, 0, MIB_BLOCKS, 1));
    var late = assertThrows(DeviceException.Unavailable.class, () -> drain(volume, 3));
    assertTrue(
        String.valueOf(late.getMessage()).contains("LSN 0 of 32, 1048576 bytes"),
        late.getMessage());
    host.withFaults(StoreFaults.NONE);
    drain(volume, 60);
    assertEquals(32, volume.positions().uploadedLsn());
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 2), "a drain takes nothing away");
    volume.close();
    drain(volume, 1);
  }

  /** One record in the middle can't be read: the bucket gets all before it, and no slot behind. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 20, 40, 300})
  void theBucketGetsEverythingBeforeARecordThatIsGone(long badLsn) {
    VolumeCore volume = open(Tier.APPLIED);
    host.withFaults(UNREACHABLE);
    int writes = 400;
    for (int i = 1; i <= writes; i++) {
      assertEquals(IoStatus.OK, host.write(volume, i * 8, 8, i));
    }
    host.advance(1_000);
    host.logs.failReadOf(badLsn);
    host.logs.failForces(true);
    IoFuture flush = host.submit(volume, IoCommand.FLUSH);
    host.withFaults(StoreFaults.NONE);
    host.runUntil(flush);
    host.advance(20_000);
    // Segments that were built before the disk failed are good, whatever became of the log.
    long uploaded = volume.positions().uploadedLsn();
    if (uploaded < badLsn) {
      assertEquals(badLsn - 1, uploaded);
      assertEquals(IoStatus.MEDIA_ERROR, flush.await());
      assertEquals(DeviceState.Kind.FAILED, volume.state().kind());
      String reason = volume.state().reason();
      assertTrue(reason.contains("LSN " + badLsn + " to 400 can't be brought"), reason);
      assertThrows(DeviceException.Corrupt.class, () -> drain(volume, 1));
    } else {
      assertEquals(writes, uploaded);
    }
    for (int i = 1; i <= writes; i++) {
      if (uploaded < badLsn && i == badLsn) {
        IoFuture read =
            host.submit(
                volume,
                new IoCommand.Read(
                    i * 8L * SimHost.BLOCK_BYTES,
                    Arena.ofAuto().allocate(8L * SimHost.BLOCK_BYTES, 8)));
        host.runUntil(read);
        assertEquals(IoStatus.CORRUPT, read.await(), "never older data");
      } else {
        assertEquals(i, host.read(volume, i * 8, 1)[0]);
      }
    }
    host.crash();
    host.logs.lose();
    VolumeCore again = host.open(Takeover.LOSSY);
    assertNotEquals(OpenOutcome.COMPLETE, again.openOutcome());
    for (int i = 1; i <= writes; i++) {
      assertEquals(i <= uploaded ? i : 0, host.read(again, i * 8, 1)[0]);
    }
  }

  /** A disk that gives a record at the second try has lost nothing. */
  @Test
  void aRecordThatIsReadLateIsNotLost() {
    VolumeCore volume = open(Tier.APPLIED);
    host.withFaults(UNREACHABLE);
    assertEquals(IoStatus.OK, host.write(volume, 0, 8, 1));
    host.logs.failReads(true);
    host.withFaults(StoreFaults.NONE);
    host.advance(300);
    host.logs.failReads(false);
    host.awaitUploaded(volume);
    assertEquals(DeviceState.Kind.READY, volume.state().kind());
    volume.close();
  }
}
