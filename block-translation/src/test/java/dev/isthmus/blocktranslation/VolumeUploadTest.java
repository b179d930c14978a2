package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
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
import dev.isthmus.blockdevice.contract.IoFuture;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.store.FakeBucket;
import dev.isthmus.blocktranslation.store.RequestKind;
import dev.isthmus.blocktranslation.store.SimulatedTimer;
import dev.isthmus.blocktranslation.store.StoreFaults;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What goes to the bucket, in which order, and what stops it. */
class VolumeUploadTest {

  private static final int MIB_BLOCKS = (1 << 20) / SimHost.BLOCK_BYTES;
  private static final int HALF = MIB_BLOCKS / 2;

  private final SimulatedTimer timer = new SimulatedTimer();
  private final FakeBucket bucket = new FakeBucket();
  private SimHost host = new SimHost(timer, bucket, new Random(1));

  @AfterEach
  void noDefects() {
    assertTrue(host.defects.isEmpty(), () -> "defects: " + host.defects);
  }

  private VolumeCore open(Tier flush) {
    host.create(64 << 20, Tier.APPLIED, flush);
    return host.open();
  }

  private String slot(long sequence) {
    return SimHost.PLACE.keyPrefix() + Keys.segment(host.manifest().volume(), sequence);
  }

  /** The slot that the next segment takes: no segment was written since the open. */
  private long nextSlot() {
    String last = host.keys("segments").getLast();
    long sequence = Long.parseUnsignedLong(last.substring(last.length() - 16), 16);
    boolean fence = java.util.Objects.requireNonNull(bucket.peek(last)).length == 256;
    return fence ? sequence + host.manifest().slotWindow() : sequence + 1;
  }

  /**
   * Uploads overtake each other freely; a copy of the bucket at any moment opens as the state after
   * some write, no older than what was reported uploaded.
   */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void theBucketAloneIsAPrefixAtAnyMoment(long seed) {
    var random = new Random(seed);
    host = new SimHost(timer, bucket, random).withDelays(80_000_000, 20_000_000);
    VolumeCore volume = open(Tier.LOCAL_DURABLE);
    var writes = new ArrayList<IoFuture>();
    int copies = 0;
    for (int id = 1; id <= 120; id++) {
      // Always the same block, and a place of its own: a later write without an earlier one shows.
      writes.add(host.submit(volume, SimHost.writeCommand(0, 1, 2L * id - 1, false)));
      writes.add(host.submit(volume, SimHost.writeCommand(id * 16, 8, 2L * id, false)));
      host.advance(random.nextInt(12));
      if (id % 10 == 0) {
        long uploaded = volume.positions().uploadedLsn();
        assertPrefix(bucket.copy(), uploaded, id);
        copies++;
      }
    }
    assertEquals(12, copies);
    writes.forEach(io -> assertEquals(IoStatus.OK, io.await()));
    volume.close();
  }

  private static void assertPrefix(FakeBucket copy, long uploaded, int written) {
    var other = new SimHost(new SimulatedTimer(), copy, new Random(1));
    VolumeCore volume = other.open(Takeover.LOSSY);
    long last = volume.positions().appliedLsn();
    assertTrue(last >= uploaded, () -> "reported " + uploaded + ", there is " + last);
    assertEquals(last % 2 == 0 ? Math.max(0, last - 1) : last, other.read(volume, 0, 1)[0]);
    for (int id = 1; id <= written; id++) {
      long expected = 2L * id <= last ? 2L * id : 0;
      assertEquals(expected, other.read(volume, id * 16 + 7, 1)[0], "block of write " + 2L * id);
    }
    volume.close();
    assertTrue(other.defects.isEmpty(), () -> "defects: " + other.defects);
  }

  @Test
  void itsOwnObjectIsRecognisedWhenTheReplyWasLost() {
    VolumeCore volume = open(Tier.UPLOADED);
    host.withFaults(
        StoreFaults.script(
            RequestKind.PUT,
            "/segments/",
            StoreFaults.NONE,
            StoreFaults.Fault.REPLY_CUT,
            StoreFaults.Fault.REPLY_LOST,
            StoreFaults.Fault.DUPLICATED));
    for (int id = 1; id <= 5; id++) {
      assertEquals(IoStatus.OK, host.write(volume, id, 1, id));
      if (host.flush(volume) == IoStatus.UNAVAILABLE) {
        // A reply is waited for longer than a flush waits.
        host.awaitUploaded(volume);
        assertEquals(IoStatus.OK, host.flush(volume));
      }
    }
    assertEquals(5, volume.positions().uploadedLsn());
    assertEquals(DeviceState.Kind.READY, volume.state().kind());
    host.logs.lose();
    host.crash();
    assertArrayEquals(
        new long[] {0, 1, 2, 3, 4, 5}, host.read(host.open(Takeover.UNFLUSHED), 0, 6));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 10, 256, 5000})
  void whateverElseLiesInItsSlotFences(int length) {
    VolumeCore volume = open(Tier.LOCAL_DURABLE);
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 1));
    host.awaitUploaded(volume);
    host.putForeign(slot(nextSlot()), new byte[length]);
    assertEquals(IoStatus.OK, host.write(volume, 1, 1, 2));
    host.advance(1_000);
    assertEquals(DeviceState.Kind.FENCED, volume.state().kind());
    assertEquals(IoStatus.FENCED, host.write(volume, 2, 1, 3));
    assertEquals(IoStatus.FENCED, host.flush(volume));
    assertArrayEquals(new long[] {1, 2, 0}, host.read(volume, 0, 3), "reads go on");
    assertThrows(DeviceException.Fenced.class, volume::close);
    assertEquals(Manifest.State.OPEN, host.manifest().state());
    assertFalse(host.logs.isAnyLocked(), "the log is let go of");
    assertEquals(DeviceState.Kind.CLOSED, volume.state().kind());
  }

  /** Later segments are stored already when the oldest one finds its slot taken. */
  @Test
  void nothingBehindATakenSlotCounts() {
    VolumeCore volume = open(Tier.UPLOADED);
    host.putForeign(slot(nextSlot()), new byte[300]);
    for (int i = 0; i < 3; i++) {
      assertEquals(IoStatus.OK, host.write(volume, i * MIB_BLOCKS, MIB_BLOCKS, i + 1));
    }
    IoFuture flush = host.submit(volume, IoCommand.FLUSH);
    host.advance(2_000);
    assertEquals(IoStatus.FENCED, flush.await());
    assertEquals(0, volume.positions().uploadedLsn());
    assertThrows(DeviceException.Fenced.class, volume::close);
    assertFalse(host.logs.isAnyLocked());
  }

  @Test
  void theFirstOfTwoOwnersIsFencedAndNothingOfItLandsAfter() {
    VolumeCore first = open(Tier.UPLOADED);
    assertEquals(IoStatus.OK, host.write(first, 0, 1, 1));
    assertEquals(IoStatus.OK, host.flush(first));
    var second = new SimHost(timer, bucket, new Random(2));
    assertThrows(DeviceException.Unavailable.class, second::open);
    VolumeCore taken = second.open(Takeover.LOSSY);
    assertEquals(1, second.read(taken, 0, 1)[0]);
    assertEquals(IoStatus.OK, host.write(first, 1, 1, 2));
    assertEquals(IoStatus.FENCED, host.flush(first));
    assertEquals(DeviceState.Kind.FENCED, first.state().kind());
    assertArrayEquals(new long[] {1, 2}, host.read(first, 0, 2), "what it acknowledged");
    assertEquals(IoStatus.OK, second.write(taken, 2, 1, 3));
    assertEquals(IoStatus.OK, second.flush(taken));
    host.advance(30_000);
    assertThrows(DeviceException.Fenced.class, first::close);
    assertArrayEquals(new long[] {1, 0, 3}, second.read(taken, 0, 3));
    taken.close();
    assertArrayEquals(new long[] {1, 0, 3}, second.read(second.open(), 0, 3));
  }

  /** A window narrower than the uploader's own parallelism. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void aNarrowWindowIsKept(int window) {
    host.create(64 << 20, Tier.APPLIED, Tier.LOCAL_DURABLE);
    host.changeManifest(m ->
        new Manifest(
            m.counter(),
            m.nonce(),
            m.volume(),
            m.name(),
            m.createdNanos(),
            m.sizeBytes(),
            m.blockSizeBytes(),
            m.epoch(),
            m.writer(),
            m.incarnation(),
            window,
            m.log(),
            m.state(),
            m.rolledBack(),
            m.tiers(),
            m.fencing(),
            m.checkpoints()));
    VolumeCore volume = host.open();
    host.withFaults((kind, key) -> StoreFaults.Fault.UNREACHABLE);
    for (int i = 0; i < 6; i++) {
      assertEquals(IoStatus.OK, host.write(volume, i * MIB_BLOCKS, MIB_BLOCKS, i + 1));
    }
    int segments = host.keys("segments").size();
    host.advance(5_000);
    host.withFaults(StoreFaults.NONE);
    host.awaitUploaded(volume);
    assertTrue(host.keys("segments").size() > segments);
    volume.close();
  }

  /** What can't be read back from the log is never passed over by a close. */
  @Test
  void aBacklogThatIsLostIsNotClosedAway() {
    VolumeCore volume = open(Tier.LOCAL_DURABLE);
    host.withFaults((kind, key) -> StoreFaults.Fault.UNREACHABLE);
    assertEquals(IoStatus.OK, host.write(volume, 0, HALF, 1));
    host.withFaults(StoreFaults.NONE);
    host.logs.failReads(true);
    assertThrows(DeviceException.class, volume::close);
    assertEquals(Manifest.State.OPEN, host.manifest().state(), "the log still counts");
    host.logs.failReads(false);
    VolumeCore again = host.open();
    assertEquals(1, host.read(again, HALF - 1, 1)[0]);
    again.close();
  }

  @Test
  void aVolumeThatIsFencedWhileItClosesIsNotClosedAway() {
    VolumeCore volume = open(Tier.LOCAL_DURABLE);
    host.putForeign(slot(nextSlot()), new byte[300]);
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 1));
    assertThrows(DeviceException.Fenced.class, volume::close);
    assertEquals(Manifest.State.OPEN, host.manifest().state());
    assertEquals(List.of(), host.manifest().checkpoints());
  }

  @Test
  void aDiscardOfAHugeDiskIsOneRecord() {
    host.create(1L << 40, Tier.APPLIED, Tier.UPLOADED);
    VolumeCore volume = host.open();
    assertEquals(IoStatus.OK, host.write(volume, 1000, 2, 1));
    long before = timer.nanoTime();
    assertEquals(IoStatus.OK, host.run(volume, new IoCommand.Discard(0, 1L << 40)));
    assertTrue(timer.nanoTime() - before < 1_000_000, "not instant");
    assertEquals(IoStatus.OK, host.write(volume, 2000, 1, 2));
    assertEquals(IoStatus.OK, host.flush(volume));
    assertEquals(3, volume.positions().uploadedLsn());
    volume.close();
    volume = host.open();
    assertArrayEquals(new long[] {0, 0}, host.read(volume, 1000, 2));
    assertEquals(2, host.read(volume, 2000, 1)[0]);
    volume.close();
  }

  @Test
  void withAckLocalEveryCompletedWriteOutlivesAPowerCut() {
    host.create(64 << 20, Tier.LOCAL_DURABLE, Tier.LOCAL_DURABLE);
    VolumeCore volume = host.open();
    assertFalse(volume.info().volatileWriteCache());
    host.withFaults((kind, key) -> StoreFaults.Fault.UNREACHABLE);
    for (int id = 1; id <= 30; id++) {
      assertEquals(IoStatus.OK, host.write(volume, id, 1, id));
    }
    assertEquals(30, volume.positions().localDurableLsn());
    host.withFaults(StoreFaults.NONE);
    host.cutPower();
    volume = host.open();
    assertEquals(OpenOutcome.COMPLETE, volume.openOutcome());
    assertEquals(30, host.read(volume, 30, 1)[0]);
  }
}
