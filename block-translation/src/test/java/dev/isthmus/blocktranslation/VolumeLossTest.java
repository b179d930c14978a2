package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.store.FakeBucket;
import dev.isthmus.blocktranslation.store.RequestKind;
import dev.isthmus.blocktranslation.store.SimulatedTimer;
import dev.isthmus.blocktranslation.store.StoreFaults;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What an open that would lose something says of it, before and after. */
class VolumeLossTest {

  private final SimulatedTimer timer = new SimulatedTimer();
  private final FakeBucket bucket = new FakeBucket();
  private final SimHost host = new SimHost(timer, bucket, new Random(1));

  /** Three changes in the bucket, and one more in the log. */
  private void fourChanges(Tier flush) {
    host.create(16 << 20, Tier.APPLIED, flush);
    VolumeCore volume = host.open();
    write(volume, 1, 3);
    host.awaitUploaded(volume);
    host.withFaults((kind, key) ->
        kind == RequestKind.PUT ? StoreFaults.Fault.UNREACHABLE : StoreFaults.Fault.NONE);
    write(volume, 4, 4);
    host.advance(1_000);
    host.crash();
    host.withFaults(StoreFaults.NONE);
  }

  private void write(VolumeCore volume, int from, int to) {
    for (int id = from; id <= to; id++) {
      assertEquals(IoStatus.OK, host.write(volume, id, 1, id));
    }
  }

  private String refusal(Class<? extends DeviceException> type, String word) {
    DeviceException refused = assertThrows(type, host::open);
    assertEquals(
        word, assertInstanceOf(OperatorNeededException.class, refused.getCause()).takeover());
    return String.valueOf(refused.getMessage());
  }

  private static void assertSays(String message, String... parts) {
    for (String part : parts) {
      assertTrue(message.contains(part), () -> "\"" + part + "\" in: " + message);
    }
  }

  private String owner() {
    Manifest manifest = host.manifest();
    return "(epoch " + manifest.epoch() + ", writer " + manifest.writer() + ")";
  }

  @Test
  void aMissingLog() {
    fourChanges(Tier.LOCAL_DURABLE);
    String owner = owner();
    host.logs.lose();
    String refusal = refusal(DeviceException.Unavailable.class, "lossy");
    assertSays(
        refusal,
        owner,
        "its log (" + host.manifest().log() + ") is not on this host",
        "The bucket ends at LSN 3, of 20",
        "s ago)",
        "it does not say how much more that log had",
        "Everything after LSN 3 would be lost to the disk, flushed writes too",
        "on the host that has the log",
        "takeover=lossy");
    var outcome =
        assertInstanceOf(OpenOutcome.RolledBack.class, host.open(Takeover.LOSSY).openOutcome());
    assertEquals(3, outcome.toLsn());
    assertSays(outcome.reason(), owner, "The bucket ends at LSN 3, of 20", "is not on this host");
    assertTrue(outcome.reason().length() <= Manifest.MAX_REASON, outcome.reason());
  }

  @Test
  void whatTheBucketKnowsOfTheLogIsSaid() {
    host.create(16 << 20, Tier.APPLIED, Tier.LOCAL_DURABLE);
    VolumeCore volume = host.open();
    Manifest manifest = host.manifest();
    var position =
        new ChainPosition(
            1, 2, manifest.epoch(), manifest.writer(), 2, 1_000_000_000L, manifest.epoch(), 4);
    var loss =
        new LossReport(
            "fake://v", manifest, position, "it is gone", false, null, null, 63_000_000_000L);
    assertSays(
        String.valueOf(loss.refusal().getMessage()),
        "The bucket ends at LSN 2, of 1970-01-01T00:00:01Z (62.0s ago); LSN 3 to 4 were durable in"
            + " that log, and what came after them is not known.");
    volume.close();
  }

  /** What the chain says of the lost log is not asked of the one that took its place. */
  @Test
  void aLossyOpenThatBrokeOffBeforeItsFenceNeedsNoSecondWord() {
    host.create(64 << 20, Tier.APPLIED, Tier.LOCAL_DURABLE);
    VolumeCore volume = host.open();
    // Four segments are under way; the fifth is sealed when more than it holds is durable.
    host.withFaults(noSegmentFrom(0x11));
    for (int id = 1; id <= 300; id++) {
      assertEquals(IoStatus.OK, host.write(volume, id * 8, 8, id));
    }
    assertEquals(IoStatus.OK, host.flush(volume));
    host.withFaults(noSegmentFrom(0x16));
    host.advance(20_000);
    long uploaded = volume.positions().uploadedLsn();
    assertTrue(uploaded > 0 && uploaded < volume.positions().localDurableLsn());
    host.crash();
    host.logs.lose();
    assertThrows(DeviceException.Unavailable.class, () -> host.open(Takeover.LOSSY));
    assertEquals(2, host.manifest().incarnation(), "it got as far as the manifest");
    host.withFaults(StoreFaults.NONE);
    VolumeCore again = host.open();
    assertInstanceOf(OpenOutcome.RolledBack.class, again.openOutcome());
    assertEquals(uploaded, again.positions().appliedLsn());
    assertEquals(2, host.manifest().incarnation());
    again.close();
  }

  private static StoreFaults noSegmentFrom(long slot) {
    return (kind, key) ->
        kind == RequestKind.PUT
                && key.contains("/segments/")
                && Long.parseLong(key.substring(key.lastIndexOf('/') + 1), 16) >= slot
            ? StoreFaults.Fault.UNREACHABLE
            : StoreFaults.Fault.NONE;
  }

  @Test
  void withFlushesInTheBucketOnlyUnflushedWrites() {
    fourChanges(Tier.UPLOADED);
    host.logs.lose();
    String refusal = refusal(DeviceException.Unavailable.class, "unflushed");
    assertSays(
        refusal,
        "Completed writes after LSN 3 that were not flushed would be lost; what was flushed is in"
            + " the bucket",
        "takeover=unflushed");
    assertInstanceOf(OpenOutcome.RolledBack.class, host.open(Takeover.UNFLUSHED).openOutcome());
  }

  @Test
  void aDamagedLogIsToldWithWhatIsWhole() {
    fourChanges(Tier.UPLOADED);
    host.logs.damage();
    // Whatever the tier: of a damaged disk nobody knows what else it lost.
    String refusal = refusal(DeviceException.Corrupt.class, "lossy");
    assertSays(
        refusal,
        "damaged where it was durable: a durable record is damaged (file ",
        "The log on this host holds 1 change (4KiB of data, LSN 4, the newest of 20",
        "/log-" + host.manifest().log() + " --above 3 --damaged --list`");
    var outcome =
        assertInstanceOf(OpenOutcome.RolledBack.class, host.open(Takeover.LOSSY).openOutcome());
    assertSays(outcome.reason(), "The log on this host holds 1 change", "is damaged");
  }

  @Test
  void aLogThatItsDiskDoesNotGiveIsToldToBeMendedHere() {
    fourChanges(Tier.LOCAL_DURABLE);
    host.logs.failOpens(true);
    String refusal = refusal(DeviceException.Unavailable.class, "lossy");
    assertSays(
        refusal,
        "its log can't be read: reading ",
        "The log is on this host, in ",
        "log-" + host.manifest().log(),
        "mend that disk, or copy what it still gives",
        "--log-dir");
    assertFalse(refusal.contains("on the host that has the log"), refusal);
    host.logs.failOpens(false);
    assertEquals(OpenOutcome.COMPLETE, host.open().openOutcome());
  }

  @Test
  void anOlderCopyOfTheLogIsToldWithWhatItHolds() {
    host.create(16 << 20, Tier.APPLIED, Tier.LOCAL_DURABLE);
    VolumeCore volume = host.open();
    write(volume, 1, 3);
    host.awaitUploaded(volume);
    host.crash();
    host.logs.restoreOlderCopy(2);
    assertSays(
        refusal(DeviceException.Unavailable.class, "lossy"),
        "the log on this host ends at LSN 2, earlier than it did",
        "The log on this host holds nothing above the bucket's last LSN");
  }

  @Test
  void aPowerCutSaysHowFarTheDiskAndItsLogGo() {
    host.create(16 << 20, Tier.APPLIED, Tier.LOCAL_DURABLE);
    VolumeCore volume = host.open();
    write(volume, 1, 2);
    assertEquals(IoStatus.OK, host.flush(volume));
    write(volume, 3, 3);
    host.awaitUploaded(volume);
    host.cutPower();
    var outcome = assertInstanceOf(OpenOutcome.RolledBack.class, host.open().openOutcome());
    assertSays(
        outcome.reason(),
        "this host was started anew",
        "The disk goes up to LSN 3; up to 2 the log had been made durable");
  }
}
