package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blockdevice.contract.BlockStamp;
import dev.isthmus.blockdevice.contract.IoFuture;
import dev.isthmus.blocktranslation.store.FakeBucket;
import dev.isthmus.blocktranslation.store.SimulatedTimer;
import dev.isthmus.blocktranslation.store.StoreFaults;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Writers against a full log, a bucket out of reach and a file system that is full. */
class VolumeBackpressureTest {

  private static final StoreFaults UNREACHABLE = (kind, key) -> StoreFaults.Fault.UNREACHABLE;
  private static final int MIB_BLOCKS = (1 << 20) / SimHost.BLOCK_BYTES;

  private final SimulatedTimer timer = new SimulatedTimer();
  private final FakeBucket bucket = new FakeBucket();
  private SimHost host = new SimHost(timer, bucket, new Random(1));

  @AfterEach
  void noDefects() {
    assertTrue(host.defects.isEmpty(), () -> "defects: " + host.defects);
  }

  private VolumeCore open() {
    host.create(256 << 20, Tier.APPLIED, Tier.LOCAL_DURABLE);
    return host.open();
  }

  /** Writes MiB after MiB until one is not taken at once; returns how many were. */
  private int fill(VolumeCore volume, List<IoFuture> waiting) {
    for (int i = 0; ; i++) {
      IoFuture io =
          host.submit(volume, SimHost.writeCommand(i * MIB_BLOCKS, MIB_BLOCKS, i + 1, false));
      host.advance(2_000);
      if (io.completions() == 0) {
        waiting.add(io);
        return i;
      }
      assertEquals(IoStatus.OK, io.await());
    }
  }

  @Test
  void aFullLogHoldsWritesBackThenRefusesThemRetryablyAndRecovers() {
    VolumeCore volume = open();
    host.withFaults(UNREACHABLE);
    var waiting = new ArrayList<IoFuture>();
    int written = fill(volume, waiting);
    assertTrue(written > 30, "the log took " + written + " MiB");
    host.advance(12_000);
    assertEquals(IoStatus.UNAVAILABLE, waiting.getFirst().await());
    assertEquals(DeviceState.Kind.STALLED, volume.state().kind());
    assertEquals(0, volume.statistics().heldBackWrites());
    // Dirty data is read while the bucket is away.
    assertArrayEquals(new long[] {2, 2}, host.read(volume, MIB_BLOCKS, 2));

    host.withFaults(StoreFaults.NONE);
    host.awaitUploaded(volume);
    host.advance(1_000);
    assertEquals(
        DeviceState.Kind.READY,
        volume.state().kind(),
        "hosts send nothing to a stalled device: it has to recover without a write");
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 1000));
    for (int i = 1; i < written; i++) {
      assertEquals(i + 1, host.read(volume, i * MIB_BLOCKS + 7, 1)[0]);
    }
    volume.close();
    assertEquals(1000, host.read(host.open(), 0, 1)[0]);
  }

  @Test
  void aFullLogThatTakesASmallWriteIsStillFull() {
    VolumeCore volume = open();
    host.withFaults(UNREACHABLE);
    var waiting = new ArrayList<IoFuture>();
    int _ = fill(volume, waiting);
    host.advance(12_000);
    assertEquals(IoStatus.UNAVAILABLE, waiting.getFirst().await());
    IoFuture small = host.submit(volume, SimHost.writeCommand(0, 1, 99, false));
    host.advance(1_000);
    assertEquals(IoStatus.OK, small.await());
    assertEquals(DeviceState.Kind.STALLED, volume.state().kind());
    host.withFaults(StoreFaults.NONE);
    host.awaitUploaded(volume);
    host.advance(1_000);
    assertEquals(DeviceState.Kind.READY, volume.state().kind());
    volume.close();
  }

  @Test
  void writesThatWaitAreCancelledOrEndWithTheClose() {
    VolumeCore volume = open();
    host.withFaults(UNREACHABLE);
    var waiting = new ArrayList<IoFuture>();
    fill(volume, waiting);
    IoFuture second = host.submit(volume, SimHost.writeCommand(0, 1, 99, false));
    waiting.getFirst().cancel();
    host.advance(200);
    assertEquals(IoStatus.CANCELLED, waiting.getFirst().await());
    // The small one finds room now.
    assertTrue(second.completions() <= 1);
    IoFuture third = host.submit(volume, SimHost.writeCommand(0, MIB_BLOCKS, 99, false));
    volume.close();
    assertEquals(1, second.completions());
    assertTrue(third.await() == IoStatus.CLOSED || third.await() == IoStatus.UNAVAILABLE);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void whatIsUploadedIsTrimmedWithoutAnotherWrite(long seed) {
    host = new SimHost(timer, bucket, new Random(seed)).withDelays(1_000_000, 400_000_000);
    VolumeCore volume = open();
    for (int i = 0; i < 9; i++) {
      assertEquals(IoStatus.OK, host.write(volume, i * MIB_BLOCKS, MIB_BLOCKS, i + 1));
    }
    host.awaitUploaded(volume);
    host.advance(1_000);
    assertEquals(8 << 20, volume.statistics().logBytes(), "one roll file is left");
  }

  @Test
  void aDiskThatFailsUnderWaitingWritesRefusesThemRetryablyAndStillUploads() {
    VolumeCore volume = open();
    host.withFaults(UNREACHABLE);
    var waiting = new ArrayList<IoFuture>();
    int written = fill(volume, waiting);
    waiting.add(host.submit(volume, SimHost.writeCommand(0, 1, 77, false)));
    host.advance(100);
    host.logs.failAppends(true);
    host.withFaults(StoreFaults.NONE);
    host.advance(60_000);
    assertEquals(DeviceState.Kind.STALLED, volume.state().kind());
    waiting.forEach(io -> assertEquals(IoStatus.UNAVAILABLE, io.await()));
    assertEquals(IoStatus.UNAVAILABLE, host.write(volume, 0, 1, 78));
    assertEquals(IoStatus.OK, host.flush(volume), "the bucket has all that was applied");
    host.awaitUploaded(volume);
    assertEquals(written, host.read(volume, (written - 1) * MIB_BLOCKS, 1)[0]);
  }

  /** The file system is full beside a log with room: a long write is in the log in part. */
  @Test
  void aWriteThatBeganGoesOnWhereItStopped() {
    VolumeCore volume = open();
    host.withFaults(UNREACHABLE);
    for (int i = 0; i < 7; i++) {
      assertEquals(IoStatus.OK, host.write(volume, i * MIB_BLOCKS, MIB_BLOCKS, i + 1));
    }
    assertEquals(IoStatus.OK, host.write(volume, 7 * MIB_BLOCKS, MIB_BLOCKS / 2, 8));
    host.logs.setFull(true);
    long before = volume.positions().appliedLsn();
    IoFuture begun = host.submit(volume, SimHost.writeCommand(0, MIB_BLOCKS, 100, false));
    host.advance(100);
    assertEquals(0, begun.completions());
    long partly = volume.positions().appliedLsn();
    assertTrue(partly > before && partly < before + 32, "applied in part: " + (partly - before));
    IoFuture behind = host.submit(volume, SimHost.writeCommand(0, 1, 101, false));
    MemorySegment expected = Arena.ofAuto().allocate(SimHost.BLOCK_BYTES, 8);
    BlockStamp.fill(expected, SimHost.BLOCK_BYTES, 1, 100);
    MemorySegment data = Arena.ofAuto().allocate(SimHost.BLOCK_BYTES, 8);
    BlockStamp.fill(data, SimHost.BLOCK_BYTES, 1, 102);
    IoFuture compare =
        host.submit(
            volume, new IoCommand.CompareAndWrite(SimHost.BLOCK_BYTES, expected, data, false));
    host.advance(100);
    host.logs.setFull(false);
    host.advance(100);
    assertEquals(IoStatus.OK, begun.await());
    assertEquals(IoStatus.OK, behind.await());
    assertEquals(IoStatus.OK, compare.await());
    assertEquals(before + 32 + 2, volume.positions().appliedLsn());
    assertArrayEquals(new long[] {101, 102, 100}, host.read(volume, 0, 3));
    assertEquals(100, host.read(volume, MIB_BLOCKS - 1, 1)[0]);
    host.withFaults(StoreFaults.NONE);
    host.awaitUploaded(volume);
    host.crash();
    assertArrayEquals(new long[] {101, 102, 100}, host.read(host.open(), 0, 3));
  }

  @Test
  void aBegunWriteDoesNotWaitForEver() {
    VolumeCore volume = open();
    for (int i = 0; i < 7; i++) {
      assertEquals(IoStatus.OK, host.write(volume, i * MIB_BLOCKS, MIB_BLOCKS, i + 1));
    }
    host.awaitUploaded(volume);
    assertEquals(IoStatus.OK, host.write(volume, 7 * MIB_BLOCKS, MIB_BLOCKS / 2, 8));
    host.awaitUploaded(volume);
    host.logs.setFull(true);
    IoFuture begun = host.submit(volume, SimHost.writeCommand(0, MIB_BLOCKS, 100, false));
    host.advance(1_000);
    assertEquals(0, begun.completions());
    long partly = volume.positions().appliedLsn();
    assertEquals(partly, volume.positions().uploadedLsn(), "what is in the log is uploaded");
    host.advance(25_000);
    assertEquals(IoStatus.MEDIA_ERROR, begun.await(), "it is there in part");
    host.logs.setFull(false);
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 101));
    assertEquals(101, host.read(volume, 0, 1)[0]);
  }
}
