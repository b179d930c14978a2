package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blockdevice.contract.IoFuture;
import dev.isthmus.blocktranslation.store.FakeBucket;
import dev.isthmus.blocktranslation.store.RequestKind;
import dev.isthmus.blocktranslation.store.SimulatedTimer;
import dev.isthmus.blocktranslation.store.StoreFaults;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A limit on how far the bucket lags behind: kept by early uploads, an alarm, and enforced. */
class VolumeRpoTest {

  private static final StoreFaults UNREACHABLE = (kind, key) -> StoreFaults.Fault.UNREACHABLE;

  /** Swallows what goes to the bucket: no failure is seen for long. */
  private static final StoreFaults SILENT =
      (kind, key) ->
          kind == RequestKind.PUT ? StoreFaults.Fault.REQUEST_LOST : StoreFaults.Fault.NONE;

  private final SimulatedTimer timer = new SimulatedTimer();
  private final FakeBucket bucket = new FakeBucket();
  private SimHost host = new SimHost(timer, bucket, new Random(1));

  @AfterEach
  void noDefects() {
    assertTrue(host.defects.isEmpty(), () -> "defects: " + host.defects);
  }

  private VolumeCore open(String rpo) {
    host.create(64 << 20, new Tiers(Tier.APPLIED, Tier.LOCAL_DURABLE, Rpo.parse(rpo)));
    return host.open();
  }

  private VolumeCore openSealingAfter20s(String rpo) {
    host =
        new SimHost(
            timer,
            bucket,
            new Random(1),
            new ObjectVolumeSettings(
                Path.of("simulated"),
                64 << 20,
                1 << 20,
                16 << 20,
                1 << 20,
                Duration.ofSeconds(20),
                Duration.ofSeconds(30)));
    return open(rpo);
  }

  @Test
  void segmentsAreSealedSoEarlyThatTheyArriveWithinIt() {
    VolumeCore volume = openSealingAfter20s("4s");
    for (int i = 1; i <= 20; i++) {
      assertEquals(IoStatus.OK, host.write(volume, i, 1, i));
      host.advance(900);
      assertEquals(i - 1, volume.positions().uploadedLsn(), "sealed too soon: a quarter is 1 s");
      host.advance(150);
      assertEquals(i, volume.positions().uploadedLsn());
    }
    assertEquals(0, volume.statistics().rpoExceededNanos());
  }

  @Test
  void withoutItTheSettingAloneDecides() {
    VolumeCore volume = openSealingAfter20s("none");
    assertEquals(IoStatus.OK, host.write(volume, 1, 1, 1));
    host.advance(19_900);
    assertEquals(0, volume.positions().uploadedLsn());
    host.advance(200);
    assertEquals(1, volume.positions().uploadedLsn());
  }

  @Test
  void aLongOneNeverMakesUploadsLater() {
    VolumeCore volume = openSealingAfter20s("24h");
    assertEquals(IoStatus.OK, host.write(volume, 1, 1, 1));
    host.advance(20_100);
    assertEquals(1, volume.positions().uploadedLsn());
  }

  @Test
  void theAlarmTellsLimitAgeAndBytesAndEndsWithTheLag() {
    VolumeCore volume = open("5s");
    host.withFaults(SILENT);
    long from = timer.nanoTime();
    assertEquals(IoStatus.OK, host.write(volume, 0, 3, 1));
    long after = timer.nanoTime();
    host.advance(4_900);
    assertEquals(DeviceState.READY, volume.state());
    assertFalse(volume.statistics().rpoExceeded());
    host.advance(3_000);
    assertEquals(DeviceState.Kind.DEGRADED, volume.state().kind());
    assertEquals(
        "rpo 5s is exceeded: 12288 bytes are not in the bucket, the oldest for 7.9s",
        volume.state().reason());
    host.advance(1_000);
    assertTrue(volume.state().reason().endsWith("8.9s"), volume.state().reason());
    assertTrue(volume.statistics().rpoExceeded());
    assertEquals(IoStatus.OK, host.write(volume, 4, 1, 2), "an alarm alone holds nobody up");
    host.withFaults(StoreFaults.NONE);
    while (volume.positions().uploadedLsn() == 0) {
      host.advance(1);
    }
    long counted = volume.statistics().rpoExceededNanos();
    long now = timer.nanoTime();
    assertTrue(counted <= now - from - 5_000_000_000L, counted + " ns");
    assertTrue(counted >= now - after - 5_000_000_000L - 2_000_000, counted + " ns");
    host.awaitUploaded(volume);
    host.advance(60_000);
    assertEquals(DeviceState.READY, volume.state());
    assertFalse(volume.statistics().rpoExceeded());
    assertTrue(volume.statistics().rpoExceededNanos() <= counted + 2_000_000);
  }

  @Test
  void anIdleVolumeIsNeverLate() {
    VolumeCore volume = open("1s,enforce");
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 1));
    host.awaitUploaded(volume);
    host.withFaults(UNREACHABLE);
    host.advance(3_600_000);
    assertEquals(DeviceState.READY, volume.state());
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 2));
  }

  @Test
  void everyKindOfChangeIsHeldThenRefusedRetryablyAndReadsAndFlushesGoOn() {
    VolumeCore volume = open("2s,enforce");
    assertEquals(IoStatus.OK, host.write(volume, 9, 1, 9));
    host.awaitUploaded(volume);
    host.withFaults((kind, key) ->
        kind == RequestKind.PUT ? StoreFaults.Fault.UNREACHABLE : StoreFaults.Fault.NONE);
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 1));
    host.advance(1_900);
    assertEquals(IoStatus.OK, host.write(volume, 1, 1, 2));
    host.advance(200);
    long applied = volume.positions().appliedLsn();
    MemorySegment data = Arena.ofAuto().allocate(SimHost.BLOCK_BYTES, 8);
    var held = new ArrayList<IoFuture>();
    for (IoCommand change :
        List.of(
            SimHost.writeCommand(2, 1, 3, false),
            SimHost.writeCommand(2, 1, 3, true),
            new IoCommand.WriteZeroes(0, SimHost.BLOCK_BYTES, true, false),
            new IoCommand.Discard(0, SimHost.BLOCK_BYTES),
            new IoCommand.CompareAndWrite(64 * SimHost.BLOCK_BYTES, data, data, false))) {
      held.add(host.submit(volume, change));
    }
    host.advance(9_000);
    held.forEach(io -> assertEquals(0, io.completions()));
    assertEquals(5, volume.statistics().heldBackWrites());
    assertEquals(IoStatus.OK, host.flush(volume), "what is there is on the disk");
    assertEquals(1, host.read(volume, 0, 1)[0]);
    host.advance(1_200);
    held.forEach(io -> assertEquals(IoStatus.UNAVAILABLE, io.await()));
    assertEquals(applied, volume.positions().appliedLsn(), "a refusal has no effect");
    assertEquals(DeviceState.Kind.STALLED, volume.state().kind());
    String reason = volume.state().reason();
    assertTrue(reason.contains("waits for the bucket: rpo 2s,enforce;"), reason);
    assertTrue(reason.contains("8192 bytes are not in the bucket"), reason);

    host.withFaults(StoreFaults.NONE);
    host.advance(10_000);
    assertEquals(DeviceState.READY, volume.state(), "hosts send nothing to a stalled device");
    assertEquals(IoStatus.OK, host.write(volume, 2, 1, 4));
  }

  @Test
  void aWriteThatIsHeldGoesOnAsSoonAsTheBucketIsNearEnough() {
    VolumeCore volume = open("2s,enforce");
    host.withFaults(UNREACHABLE);
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 1));
    host.advance(3_000);
    IoFuture held = host.submit(volume, SimHost.writeCommand(0, 1, 2, false));
    IoFuture compare = host.submit(volume, compareAndWrite(0, 2, 3));
    host.advance(1_000);
    assertEquals(0, held.completions());
    host.withFaults(StoreFaults.NONE);
    host.advance(8_000);
    assertEquals(IoStatus.OK, held.await());
    assertEquals(IoStatus.OK, compare.await());
    assertEquals(3, host.read(volume, 0, 1)[0]);
  }

  private static IoCommand compareAndWrite(int block, long expected, long id) {
    var from = (IoCommand.Write) SimHost.writeCommand(block, 1, expected, false);
    var to = (IoCommand.Write) SimHost.writeCommand(block, 1, id, false);
    return new IoCommand.CompareAndWrite(
        (long) block * SimHost.BLOCK_BYTES, from.data(), to.data(), false);
  }

  /** What losing host and log would lose never spans more than the limit. */
  @Test
  void nothingCompletesThatWasAppliedLaterThanTheLimitAfterTheOldestThatIsMissing() {
    for (int seed = 0; seed < 4; seed++) {
      var random = new Random(seed);
      host =
          new SimHost(timer, new FakeBucket(), random)
              .withDelays(1 + random.nextInt(900_000_000), 1 + random.nextInt(20_000_000));
      VolumeCore volume = open("1s,enforce");
      var appliedNanos = new ArrayList<Long>(List.of(0L));
      int held = 0;
      for (int i = 0; i < 200; i++) {
        if (random.nextInt(40) == 0) {
          host.withFaults(random.nextBoolean() ? UNREACHABLE : StoreFaults.NONE);
        }
        IoFuture io = host.submit(volume, SimHost.writeCommand(i % 1000, 1, i + 1, false));
        host.advance(0);
        long now = timer.nanoTime();
        if (io.completions() == 0) {
          held++;
          host.runUntil(io);
          now = timer.nanoTime();
        }
        if (io.await() == IoStatus.OK) {
          appliedNanos.add(now);
          int oldest = (int) volume.positions().uploadedLsn() + 1;
          if (oldest < appliedNanos.size()) {
            long lag = now - appliedNanos.get(oldest);
            assertTrue(lag <= 1_000_000_000L, "seed " + seed + ": " + lag + " ns");
          }
        }
        host.advance(random.nextInt(100));
      }
      assertTrue(held > 0 || seed > 0, "the limit was never met");
      assertEquals(appliedNanos.size() - 1, volume.positions().appliedLsn());
      host.crash();
    }
  }

  @Test
  void recordsOfTheLogCountFromTheOpen() {
    VolumeCore volume = open("5s,enforce");
    host.withFaults(UNREACHABLE);
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 1));
    host.advance(4_000);
    host.crash();
    host.advance(600_000);
    host.withFaults(StoreFaults.NONE).withDelays(1_000, 1_000);
    volume = host.open();
    host.withFaults(UNREACHABLE);
    host.advance(4_000);
    assertEquals(0, volume.positions().uploadedLsn());
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 2));
    host.advance(1_500);
    assertTrue(volume.statistics().rpoExceeded());
    IoFuture late = host.submit(volume, SimHost.writeCommand(0, 1, 3, false));
    host.advance(11_000);
    assertEquals(IoStatus.UNAVAILABLE, late.await());
  }
}
