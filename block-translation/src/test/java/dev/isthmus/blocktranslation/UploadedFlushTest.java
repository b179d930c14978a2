package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blockdevice.contract.IoFuture;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.store.FakeBucket;
import dev.isthmus.blocktranslation.store.RequestKind;
import dev.isthmus.blocktranslation.store.SimulatedTimer;
import dev.isthmus.blocktranslation.store.StoreFaults;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Flushes and FUA writes of the tier {@code flush=uploaded} while the bucket is out of reach: none
 * waits for ever, each can be given up, and the volume says when hosts shall wait.
 */
class UploadedFlushTest {

  private static final StoreFaults UNREACHABLE = (kind, key) -> StoreFaults.Fault.UNREACHABLE;
  private static final StoreFaults NO_SEGMENTS =
      (kind, key) ->
          kind == RequestKind.PUT && key.contains("/segments/")
              ? StoreFaults.Fault.UNREACHABLE
              : StoreFaults.Fault.NONE;

  private final SimulatedTimer timer = new SimulatedTimer();
  private final FakeBucket bucket = new FakeBucket();
  private SimHost host = new SimHost(timer, bucket, new Random(1));

  @AfterEach
  void noDefects() {
    assertTrue(host.defects.isEmpty(), () -> "defects: " + host.defects);
  }

  /** A volume with one write that the bucket does not get, its log whole or failed. */
  private VolumeCore outOfReach(boolean logFails) {
    host.create(64 << 20, Tier.APPLIED, Tier.UPLOADED);
    VolumeCore volume = host.open();
    host.withFaults(UNREACHABLE);
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 1));
    if (logFails) {
      host.logs.failAppends(true);
      IoFuture given = host.submit(volume, SimHost.writeCommand(1, 1, 2, false));
      host.advance(10);
      given.cancel();
      host.runUntil(given);
      assertEquals(IoStatus.CANCELLED, given.await());
      assertTrue(volume.isLogFailed());
    }
    return volume;
  }

  private static DeviceState.Kind whenBack(boolean logFails) {
    return logFails ? DeviceState.Kind.DEGRADED : DeviceState.Kind.READY;
  }

  private long waitedMillis(IoFuture io) {
    long from = timer.nanoTime();
    host.runUntil(io);
    return (timer.nanoTime() - from) / 1_000_000;
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aFlushIsRefusedRetryablyAndTheVolumeRecoversByItself(boolean logFails) {
    VolumeCore volume = outOfReach(logFails);
    IoFuture flush = host.submit(volume, IoCommand.FLUSH);
    var refusedIn = new DeviceState.Kind[1];
    volume.addListener(device -> {
      if (flush.completions() == 0) {
        refusedIn[0] = device.state().kind();
      }
    });
    long waited = waitedMillis(flush);
    assertTrue(waited >= 10_000 && waited < 10_500, "the flush waited " + waited + " ms");
    assertEquals(IoStatus.UNAVAILABLE, flush.await());
    assertEquals(DeviceState.Kind.STALLED, refusedIn[0], "said before the refusal");
    assertEquals(DeviceState.Kind.STALLED, volume.state().kind());
    assertEquals(1, host.read(volume, 0, 1)[0], "reads that log and cache serve go on");
    host.advance(60_000);
    assertEquals(DeviceState.Kind.STALLED, volume.state().kind());
    host.withFaults(StoreFaults.NONE);
    host.awaitUploaded(volume);
    assertEquals(
        whenBack(logFails),
        volume.state().kind(),
        "hosts send nothing to a stalled device: it has to recover without a command");
    assertEquals(IoStatus.OK, host.flush(volume));
    host.logs.lose();
    host.crash();
    assertEquals(1, host.read(host.open(Takeover.LOSSY), 0, 1)[0]);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aFlushThatIsGivenUpEndsSoon(boolean logFails) {
    VolumeCore volume = outOfReach(logFails);
    IoFuture flush = host.submit(volume, IoCommand.FLUSH);
    host.advance(3_000);
    assertEquals(0, flush.completions());
    flush.cancel();
    host.advance(200);
    assertEquals(1, flush.completions());
    assertEquals(IoStatus.CANCELLED, flush.await());
    assertEquals(DeviceState.Kind.DEGRADED, volume.state().kind(), "nobody was refused");
  }

  /** It is applied: it never ends as if it were not, and not before hosts give it up themselves. */
  @Test
  void aForcedWriteWaitsLongerThanItsHostAndThenItsDurabilityIsUnknown() {
    VolumeCore volume = outOfReach(false);
    IoFuture fua = host.submit(volume, SimHost.writeCommand(1, 1, 2, true));
    host.advance(10_500);
    assertEquals(DeviceState.Kind.STALLED, volume.state().kind(), "hosts with ANA shall wait");
    host.advance(22_000);
    assertEquals(0, fua.completions());
    long waited = 32_500 + waitedMillis(fua);
    assertTrue(waited >= 35_000 && waited < 35_500, "the write waited " + waited + " ms");
    assertEquals(IoStatus.MEDIA_ERROR, fua.await());
    assertFalse(fua.await().isRetryable(), "its data is in the disk");
    assertEquals(2, host.read(volume, 1, 1)[0]);
    IoFuture second = host.submit(volume, SimHost.writeCommand(1, 1, 3, true));
    host.advance(20_000);
    host.withFaults(StoreFaults.NONE);
    host.runUntil(second);
    assertEquals(IoStatus.OK, second.await());
    assertEquals(DeviceState.Kind.READY, volume.state().kind());
  }

  /** What a host left behind when its connection ended: a new one waits for its end. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aForcedWriteThatIsGivenUpEndsSoonAndNotAsIfItHadNoEffect(boolean logFails) {
    host.create(64 << 20, Tier.APPLIED, logFails ? Tier.LOCAL_DURABLE : Tier.UPLOADED);
    VolumeCore volume = host.open();
    host.withFaults(UNREACHABLE);
    host.logs.failForces(logFails);
    IoFuture fua = host.submit(volume, SimHost.writeCommand(1, 1, 2, true));
    host.advance(1_000);
    assertEquals(0, fua.completions());
    fua.cancel();
    host.advance(200);
    assertEquals(1, fua.completions());
    assertEquals(IoStatus.MEDIA_ERROR, fua.await());
    assertEquals(2, host.read(volume, 1, 1)[0]);
  }

  @Test
  void aCloseDoesNotWaitForAFlushThatCanNotEnd() {
    VolumeCore volume = outOfReach(false);
    IoFuture flush = host.submit(volume, IoCommand.FLUSH);
    long from = timer.nanoTime();
    volume.close();
    assertEquals(IoStatus.UNAVAILABLE, flush.await());
    long tookMillis = (timer.nanoTime() - from) / 1_000_000;
    assertTrue(tookMillis < 31_000, "10 s for the flush, 20 s for the bucket: " + tookMillis);
    host.withFaults(StoreFaults.NONE);
    assertEquals(1, host.read(host.open(), 0, 1)[0]);
  }

  /** Nobody waits any more when the bucket is back, and no segment is full or old enough. */
  @Test
  void whatAFlushWasRefusedForIsNotLeftToWaitForAFullSegment() {
    VolumeCore volume = fullAndPartialSegments();
    assertEquals(IoStatus.UNAVAILABLE, host.flush(volume));
    host.withFaults(StoreFaults.NONE);
    host.advance(20_000);
    assertEquals(DeviceState.Kind.READY, volume.state().kind());
    assertEquals(volume.positions().appliedLsn(), volume.positions().uploadedLsn());
  }

  /** More than is sent at once waits for the bucket; the last of it is not due for an hour. */
  private VolumeCore fullAndPartialSegments() {
    ObjectVolumeSettings base = SimHost.settings(1 << 20);
    host =
        new SimHost(
            timer,
            bucket,
            new Random(1),
            new ObjectVolumeSettings(
                Path.of("simulated"),
                base.logCapacityBytes(),
                base.cacheBytes(),
                base.mapMemoryBytes(),
                base.segmentBytes(),
                Duration.ofHours(1),
                base.requestTimeout()));
    host.create(64 << 20, Tier.APPLIED, Tier.UPLOADED);
    VolumeCore volume = host.open();
    host.withFaults(UNREACHABLE);
    int blocks = (1 << 20) / SimHost.BLOCK_BYTES;
    for (int i = 0; i < 5; i++) {
      assertEquals(IoStatus.OK, host.write(volume, i * blocks, blocks, i + 1));
    }
    return volume;
  }

  /** Two wait for everything to be uploaded: the end of one is not the end of the other's hurry. */
  @Test
  void aDrainThatGivesUpLeavesACloseItsHurry() {
    VolumeCore volume = fullAndPartialSegments();
    var _ =
        timer.schedule(
            () -> {
              var _ = timer.schedule(() -> host.withFaults(StoreFaults.NONE), 5_000_000_000L);
              volume.close();
            },
            2_900_000_000L);
    assertThrows(DeviceException.class, () -> host.await(volume.drain(Duration.ofSeconds(3))));
    assertEquals(Manifest.State.CLOSED, host.manifest().state(), "all of it is in the bucket");
  }

  @Test
  void aChangeOfTiersIsBoundedByWhoeverAskedForIt() {
    host.create(64 << 20, Tier.APPLIED, Tier.LOCAL_DURABLE);
    VolumeCore volume = host.open();
    host.withFaults(NO_SEGMENTS);
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 1));
    CompletableFuture<Tiers> change =
        volume.setTiers(TierChange.parse("", "uploaded", ""), () -> false);
    host.advance(60_000);
    assertFalse(change.isDone());
    assertEquals(DeviceState.Kind.DEGRADED, volume.state().kind(), "no host waits");
    host.withFaults(StoreFaults.NONE);
    SimLoop.runUntil(timer, change);
    assertEquals(Tier.UPLOADED, change.join().flush());
  }

  @Test
  void flushesThatNeedTheBucketNoMoreEndTheStall() {
    host.create(64 << 20, Tier.APPLIED, Tier.UPLOADED);
    VolumeCore volume = host.open();
    host.withFaults(NO_SEGMENTS);
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 1));
    assertEquals(IoStatus.UNAVAILABLE, host.flush(volume));
    IoFuture waiting = host.submit(volume, IoCommand.FLUSH);
    assertEquals(DeviceState.Kind.STALLED, volume.state().kind());
    CompletableFuture<Tiers> change =
        volume.setTiers(TierChange.parse("", "local", ""), () -> false);
    SimLoop.runUntil(timer, change);
    assertEquals(DeviceState.Kind.DEGRADED, volume.state().kind());
    host.runUntil(waiting);
    assertTrue(List.of(IoStatus.OK, IoStatus.UNAVAILABLE).contains(waiting.await()));
    assertEquals(DeviceState.Kind.DEGRADED, volume.state().kind(), "the next one is not refused");
    assertEquals(IoStatus.OK, host.flush(volume));
  }
}
