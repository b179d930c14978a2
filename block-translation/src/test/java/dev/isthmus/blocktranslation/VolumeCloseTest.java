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
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.store.FakeBucket;
import dev.isthmus.blocktranslation.store.RequestKind;
import dev.isthmus.blocktranslation.store.SimulatedTimer;
import dev.isthmus.blocktranslation.store.StoreFaults;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Closing with everything in flight, with a bucket or a disk that fails. */
class VolumeCloseTest {

  private static final StoreFaults UNREACHABLE = (kind, key) -> StoreFaults.Fault.UNREACHABLE;

  private final SimulatedTimer timer = new SimulatedTimer();
  private final FakeBucket bucket = new FakeBucket();
  private final SimHost host = new SimHost(timer, bucket, new Random(1));

  @AfterEach
  void noDefects() {
    assertTrue(host.defects.isEmpty(), () -> "defects: " + host.defects);
  }

  private VolumeCore open(Tier flush) {
    host.create(64 << 20, Tier.APPLIED, flush);
    return host.open();
  }

  @Test
  void everyCommandEndsOnceThoughTheBucketIsGone() {
    VolumeCore volume = open(Tier.UPLOADED);
    assertEquals(IoStatus.OK, host.write(volume, 0, 8, 1));
    assertEquals(IoStatus.OK, host.flush(volume));
    volume.close();
    volume = host.open();
    host.withFaults(UNREACHABLE);
    var all = new ArrayList<IoFuture>();
    all.add(host.submit(volume, SimHost.writeCommand(3, 1, 2, false)));
    IoFuture flush = host.submit(volume, IoCommand.FLUSH);
    IoFuture fua = host.submit(volume, SimHost.writeCommand(4, 1, 3, true));
    all.add(flush);
    all.add(fua);
    all.add(host.submit(volume, new IoCommand.Read(0, Arena.ofAuto().allocate(8L * 4096, 8))));
    all.add(
        host.submit(
            volume,
            new IoCommand.CompareAndWrite(
                0, Arena.ofAuto().allocate(4096, 8), Arena.ofAuto().allocate(4096, 8), false)));
    long before = timer.nanoTime();
    volume.close();
    assertTrue(timer.nanoTime() - before < 60_000_000_000L, "the close took too long");
    all.forEach(io -> assertEquals(1, io.completions()));
    assertEquals(IoStatus.OK, all.getFirst().await());
    assertEquals(IoStatus.UNAVAILABLE, flush.await(), "may be asked for again");
    assertEquals(IoStatus.MEDIA_ERROR, fua.await(), "it is there, but not uploaded");
    assertEquals(Manifest.State.OPEN, host.manifest().state());
    host.withFaults(StoreFaults.NONE);
    host.advance(60_000);
    all.forEach(io -> assertEquals(1, io.completions()));
    volume = host.open();
    assertEquals(OpenOutcome.COMPLETE, volume.openOutcome());
    assertEquals(2, host.read(volume, 3, 1)[0]);
    assertEquals(3, host.read(volume, 4, 1)[0]);
    volume.close();
  }

  @Test
  void nothingHappensAfterAClose() {
    VolumeCore volume = open(Tier.LOCAL_DURABLE);
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 1));
    assertEquals(IoStatus.OK, host.flush(volume)); // its mark is due in 5 ms
    volume.close();
    volume.close();
    int requests = bucket.effects().size();
    host.advance(300_000);
    assertEquals(requests, bucket.effects().size());
    assertEquals(DeviceState.Kind.CLOSED, volume.state().kind());
    assertEquals(IoStatus.CLOSED, host.run(volume, IoCommand.FLUSH));
    assertEquals(IoStatus.CLOSED, host.write(volume, 0, 1, 2));
    assertNotEquals(0, volume.statistics().segmentsUploaded(), "the last figures stay");
    assertFalse(host.logs.isAnyLocked());
  }

  /** A full log is asked for room once a second, and a close has to wait for the disk. */
  @Test
  void aFullLogIsNotAskedForRoomOnceItIsClosed() {
    VolumeCore volume = open(Tier.LOCAL_DURABLE);
    host.logs.setFull(true);
    for (int block = 0; volume.state().kind() != DeviceState.Kind.STALLED; block += 256) {
      IoStatus _ = host.write(volume, block, 256, 1);
    }
    host.withInterleaving(() -> host.advance(2_000));
    volume.close();
    assertEquals(DeviceState.Kind.CLOSED, volume.state().kind());
    assertFalse(host.logs.isAnyLocked());
  }

  @Test
  void anotherHostOpensWhatWasClosedAndBack() {
    VolumeCore volume = open(Tier.LOCAL_DURABLE);
    var other = new SimHost(timer, bucket, new Random(2));
    for (int id = 1; id <= 6; id++) {
      SimHost at = id % 2 == 1 ? host : other;
      assertEquals(OpenOutcome.COMPLETE, volume.openOutcome());
      assertEquals(IoStatus.OK, at.write(volume, id, 1, id));
      volume.close();
      SimHost next = id % 2 == 1 ? other : host;
      volume = next.open();
      for (int i = 1; i <= id; i++) {
        assertEquals(i, next.read(volume, i, 1)[0]);
      }
    }
    assertEquals(1, host.manifest().incarnation());
    assertTrue(
        host.logs.names().stream().filter(name -> !name.contains("aside")).count() == 1,
        () -> "logs: " + host.logs.names());
    assertTrue(other.defects.isEmpty());
  }

  @Test
  void reopeningWithoutWritesCostsLittleAndLosesNothing() {
    VolumeCore volume = open(Tier.LOCAL_DURABLE);
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 1));
    volume.close();
    for (int i = 0; i < 30; i++) {
      volume = host.open();
      assertEquals(OpenOutcome.COMPLETE, volume.openOutcome());
      assertEquals(1, host.read(volume, 0, 1)[0]);
      if (i % 3 == 0) {
        host.crash();
      } else {
        volume.close();
      }
    }
    assertEquals(1, host.manifest().incarnation());
    assertEquals(1, host.keys("segments").stream().filter(this::holdsData).count());
  }

  private boolean holdsData(String key) {
    return java.util.Objects.requireNonNull(bucket.peek(key)).length > 256;
  }

  @Test
  void aLogThatFailsAtTheLastIsToldUnlessEverythingIsInTheBucket() {
    VolumeCore volume = open(Tier.LOCAL_DURABLE);
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 1));
    host.withFaults(UNREACHABLE);
    assertEquals(IoStatus.OK, host.write(volume, 1, 1, 2));
    host.logs.failForces(true);
    assertEquals(IoStatus.UNAVAILABLE, host.flush(volume));
    assertThrows(DeviceException.Unavailable.class, volume::close);
    assertFalse(host.logs.isAnyLocked());
    host.withFaults(StoreFaults.NONE);
    host.logs.failForces(false);
    volume = host.open();
    assertEquals(2, host.read(volume, 1, 1)[0]);
    volume.close();
  }

  @Test
  void aListenerThatThrowsHarmsNothing() {
    VolumeCore volume = open(Tier.UPLOADED);
    volume.addListener(device -> {
      throw new IllegalStateException("by the test's own hand");
    });
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 1));
    host.withFaults(UNREACHABLE);
    host.advance(60_000);
    assertEquals(DeviceState.Kind.DEGRADED, volume.state().kind());
    host.withFaults(StoreFaults.NONE);
    assertEquals(IoStatus.OK, host.flush(volume));
    volume.close();
  }

  /** The manifest's own change is lost on the way, is late, or comes twice. */
  @Test
  void aCloseWhoseRepliesAreLostIsAClose() {
    for (StoreFaults.Fault fault :
        List.of(
            StoreFaults.Fault.REPLY_CUT,
            StoreFaults.Fault.REPLY_LOST,
            StoreFaults.Fault.DUPLICATED,
            StoreFaults.Fault.LATE_EFFECT,
            StoreFaults.Fault.CONFLICT)) {
      var ownBucket = new FakeBucket();
      var own = new SimHost(timer, ownBucket, new Random(7));
      own.create(64 << 20, Tier.APPLIED, Tier.LOCAL_DURABLE);
      VolumeCore volume = own.open();
      assertEquals(IoStatus.OK, own.write(volume, 0, 1, 1));
      own.withFaults(
          StoreFaults.script(RequestKind.PUT, "/manifest", StoreFaults.NONE, fault, fault));
      volume.close();
      assertEquals(Manifest.State.CLOSED, own.manifest().state(), () -> "after " + fault);
      own.withFaults(StoreFaults.script(RequestKind.PUT, "", StoreFaults.NONE, fault, fault));
      volume = own.open();
      assertEquals(OpenOutcome.COMPLETE, volume.openOutcome());
      assertEquals(1, own.read(volume, 0, 1)[0]);
      own.advance(60_000);
      assertEquals(IoStatus.OK, own.write(volume, 0, 1, 2));
      volume.close();
      assertEquals(2, own.read(own.open(), 0, 1)[0]);
      assertTrue(own.defects.isEmpty(), () -> fault + ": " + own.defects);
    }
  }
}
