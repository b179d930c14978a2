package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.store.FakeBucket;
import dev.isthmus.blocktranslation.store.RequestKind;
import dev.isthmus.blocktranslation.store.SimulatedTimer;
import dev.isthmus.blocktranslation.store.StoreFaults;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What an open finds after an owner that did not close. */
class VolumeRecoveryTest {

  private final SimulatedTimer timer = new SimulatedTimer();
  private final FakeBucket bucket = new FakeBucket();
  private final SimHost host = new SimHost(timer, bucket, new Random(1));

  @AfterEach
  void noDefects() {
    assertTrue(host.defects.isEmpty(), () -> "defects: " + host.defects);
  }

  private void create(Tier ack, Tier flush) {
    host.create(1 << 20, ack, flush);
  }

  @Test
  void aCrashLosesNothing() {
    create(Tier.APPLIED, Tier.LOCAL_DURABLE);
    VolumeCore volume = host.open();
    assertEquals(IoStatus.OK, host.write(volume, 3, 2, 1));
    host.awaitUploaded(volume);
    assertEquals(IoStatus.OK, host.write(volume, 4, 2, 2));
    host.crash();
    volume = host.open();
    assertEquals(OpenOutcome.COMPLETE, volume.openOutcome());
    assertArrayEquals(new long[] {0, 1, 2, 2, 0}, host.read(volume, 2, 5));
    volume.close();
    volume = host.open();
    assertArrayEquals(new long[] {0, 1, 2, 2, 0}, host.read(volume, 2, 5));
    volume.close();
  }

  /**
   * What was uploaded but never forced may be gone from the log after a power cut: the bucket has
   * it, so nothing flushed is missing, and no word is asked for.
   */
  @Test
  void aPowerCutWithoutAnyFlushNeedsNoWord() {
    create(Tier.APPLIED, Tier.LOCAL_DURABLE);
    VolumeCore volume = host.open();
    for (int i = 1; i <= 20; i++) {
      assertEquals(IoStatus.OK, host.write(volume, i, 1, i));
      host.awaitUploaded(volume);
    }
    host.cutPower();
    volume = host.open();
    var outcome = assertInstanceOf(OpenOutcome.RolledBack.class, volume.openOutcome());
    assertEquals(20, outcome.toLsn());
    assertArrayEquals(new long[] {0, 1, 2}, host.read(volume, 0, 3));
    assertEquals(20, host.read(volume, 20, 1)[0]);
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 21));
    volume.close();
    assertEquals(OpenOutcome.COMPLETE, host.open().openOutcome());
  }

  /** Completed writes, of which nothing was forced; the first is in the bucket. */
  private VolumeCore writeUnflushed() {
    create(Tier.APPLIED, Tier.LOCAL_DURABLE);
    VolumeCore volume = host.open();
    assertEquals(IoStatus.OK, host.write(volume, 1, 1, 1));
    host.awaitUploaded(volume);
    assertEquals(IoStatus.OK, host.write(volume, 2, 1, 2));
    return volume;
  }

  /** Begins a term in the log that never gets into the manifest. */
  private void openInVain() {
    long epoch = host.manifest().epoch();
    host.withFaults((kind, key) ->
        kind == RequestKind.PUT && key.endsWith("/manifest")
            ? StoreFaults.Fault.UNREACHABLE
            : StoreFaults.Fault.NONE);
    assertThrows(DeviceException.Unavailable.class, host::open);
    host.withFaults(StoreFaults.NONE);
    host.crash();
    assertEquals(epoch, host.manifest().epoch(), "the term took effect");
  }

  @Test
  void anOpenInVainAfterACrashIsNoRollback() {
    VolumeCore _ = writeUnflushed();
    host.crash();
    openInVain();
    openInVain();
    VolumeCore volume = host.open();
    assertEquals(OpenOutcome.COMPLETE, volume.openOutcome());
    assertArrayEquals(new long[] {1, 2}, host.read(volume, 1, 2));
  }

  @Test
  void anOpenInVainAfterAPowerCutLaundersNoBootId() {
    VolumeCore _ = writeUnflushed();
    host.cutPower();
    openInVain();
    openInVain();
    VolumeCore volume = host.open();
    assertInstanceOf(OpenOutcome.RolledBack.class, volume.openOutcome());
    assertEquals(2, host.manifest().incarnation());
    assertEquals(1, host.read(volume, 1, 1)[0]);
  }

  /** The opener in vain had found everything and forced it before it began its term. */
  @Test
  void aPowerCutAfterAnOpenInVainLosesNothing() {
    VolumeCore _ = writeUnflushed();
    host.crash();
    openInVain();
    host.cutPower();
    openInVain();
    VolumeCore volume = host.open();
    assertEquals(OpenOutcome.COMPLETE, volume.openOutcome());
    assertArrayEquals(new long[] {1, 2}, host.read(volume, 1, 2));
  }

  @Test
  void anOpenInVainDoesNotHideAnOrderlyClose() {
    VolumeCore volume = writeUnflushed();
    host.withFaults((kind, key) -> StoreFaults.Fault.UNREACHABLE);
    volume.close();
    host.withFaults(StoreFaults.NONE);
    assertEquals(Manifest.State.OPEN, host.manifest().state());
    host.cutPower();
    openInVain();
    volume = host.open();
    assertEquals(OpenOutcome.COMPLETE, volume.openOutcome());
    assertArrayEquals(new long[] {1, 2}, host.read(volume, 1, 2));
  }

  /** A replacement of the manifest that was given up, and lands while the next open replaces it. */
  @Test
  void aLateManifestOfThisHostIsNoOtherOwner() {
    VolumeCore _ = writeUnflushed();
    host.crash();
    String key = SimHost.PLACE.keyPrefix() + Keys.MANIFEST;
    byte[] before = Objects.requireNonNull(bucket.peek(key));
    VolumeCore _ = host.open();
    host.crash();
    byte[] late = Objects.requireNonNull(bucket.peek(key));
    host.putForeign(key, before);
    bucket.remove(host.keys("segments").getLast());
    host.withFaults((kind, name) -> {
      if (kind == RequestKind.PUT && name.equals(key)) {
        host.withFaults(StoreFaults.NONE);
        host.putForeign(key, late);
      }
      return StoreFaults.Fault.NONE;
    });
    VolumeCore volume = host.open();
    assertEquals(OpenOutcome.COMPLETE, volume.openOutcome());
    assertArrayEquals(new long[] {1, 2}, host.read(volume, 1, 2));
  }

  /**
   * The newest checkpoint ends the chain, and the log is an older copy of itself that even the
   * bucket's last LSN does not tell from one that a power cut shortened.
   */
  @Test
  void aLogRestoredFromABackupIsFoundByTheCheckpointAlone() {
    host.create(16 << 20, Tier.APPLIED, Tier.LOCAL_DURABLE);
    VolumeCore volume = host.open();
    for (int i = 1; host.manifest().checkpoints().isEmpty(); i++) {
      assertEquals(IoStatus.OK, host.write(volume, i, 1, i));
      assertEquals(IoStatus.OK, host.flush(volume));
      host.awaitUploaded(volume);
      host.advance(100);
    }
    Manifest.CheckpointRef newest = host.manifest().checkpoints().getFirst();
    assertEquals(newest.lastLsn(), volume.positions().appliedLsn(), "nothing after it");
    host.cutPower();
    host.logs.restoreOlderCopy(newest.lastLsn() - 5);
    var refused = assertThrows(DeviceException.Unavailable.class, host::open);
    String message = String.valueOf(refused.getMessage());
    assertTrue(message.contains("earlier than it did"), message);
    volume = host.open(Takeover.LOSSY);
    var outcome = assertInstanceOf(OpenOutcome.RolledBack.class, volume.openOutcome());
    assertEquals(newest.lastLsn(), outcome.toLsn());
    // The new log starts at what the bucket has, and its fence claims no more than that.
    host.cutPower();
    assertInstanceOf(OpenOutcome.RolledBack.class, host.open().openOutcome());
  }
}
