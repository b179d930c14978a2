package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blockdevice.contract.IoFuture;
import dev.isthmus.blocktranslation.store.FakeBucket;
import dev.isthmus.blocktranslation.store.RequestKind;
import dev.isthmus.blocktranslation.store.SimulatedTimer;
import dev.isthmus.blocktranslation.store.StoreFaults;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Tiers that change under a volume in use: in which order, and what stays when a step fails. */
class VolumeTiersTest {

  private final SimulatedTimer timer = new SimulatedTimer();
  private final FakeBucket bucket = new FakeBucket();
  private final SimHost host = new SimHost(timer, bucket, new Random(1));

  @AfterEach
  void noDefects() {
    assertTrue(host.defects.isEmpty(), () -> "defects: " + host.defects);
  }

  private VolumeCore open(Tier ack, Tier flush) {
    host.create(64 << 20, ack, flush);
    return host.open();
  }

  private static CompletableFuture<Tiers> begin(
      VolumeCore volume, String ack, String flush, String rpo) {
    return volume.setTiers(TierChange.parse(ack, flush, rpo), () -> false);
  }

  private Tiers set(VolumeCore volume, String ack, String flush, String rpo) {
    CompletableFuture<Tiers> change = begin(volume, ack, flush, rpo);
    SimLoop.runUntil(timer, change);
    return change.join();
  }

  private <T extends DeviceException> T refused(Class<T> type, CompletableFuture<Tiers> change) {
    var failure =
        assertThrows(
            CompletionException.class,
            () -> {
              SimLoop.runUntil(timer, change);
              change.join();
            });
    return assertInstanceOf(type, failure.getCause());
  }

  /** Hears of each PUT of the manifest, at the moment when it is sent. */
  private static StoreFaults atManifest(Runnable look) {
    return (kind, key) -> {
      if (kind == RequestKind.PUT && key.endsWith("/manifest")) {
        look.run();
      }
      return StoreFaults.Fault.NONE;
    };
  }

  private static StoreFaults noPut(String keyPart) {
    return (kind, key) ->
        kind == RequestKind.PUT && key.contains(keyPart)
            ? StoreFaults.Fault.UNREACHABLE
            : StoreFaults.Fault.NONE;
  }

  @Test
  void theManifestSaysLocalOnlyOfWhatIsOnTheDisk() {
    VolumeCore volume = open(Tier.APPLIED, Tier.LOCAL_DURABLE);
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 1));
    assertEquals(0, volume.positions().localDurableLsn());
    var atManifest = new ArrayList<String>();
    host.withFaults(
        atManifest(() ->
            atManifest.add(volume.tiers().ack() + " " + volume.positions().localDurableLsn())));
    assertEquals(Tier.LOCAL_DURABLE, set(volume, "local", "", "").ack());
    assertEquals(List.of("LOCAL_DURABLE 1"), atManifest);
    assertEquals(Tier.LOCAL_DURABLE, host.manifest().ack());
    assertEquals(Tier.LOCAL_DURABLE, volume.summary().tiers().ack());
    assertFalse(volume.info().volatileWriteCache());
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 2));
    host.cutPower();
    VolumeCore after = host.open();
    assertEquals(OpenOutcome.COMPLETE, after.openOutcome());
    assertEquals(2, host.read(after, 0, 1)[0]);
  }

  @Test
  void theManifestSaysUploadedOnlyOfWhatIsInTheBucket() {
    VolumeCore volume = open(Tier.APPLIED, Tier.LOCAL_DURABLE);
    host.withFaults(noPut("/segments/"));
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 1));
    assertEquals(IoStatus.OK, host.flush(volume));
    CompletableFuture<Tiers> change = begin(volume, "", "uploaded", "");
    host.advance(60_000);
    assertFalse(change.isDone());
    assertEquals(Tier.LOCAL_DURABLE, host.manifest().flush());
    IoFuture flush = host.submit(volume, dev.isthmus.blockdevice.IoCommand.FLUSH);
    host.advance(1_000);
    assertEquals(0, flush.completions(), "the stronger rule is kept to from the beginning");
    var atManifest = new AtomicReference<>(0L);
    host.withFaults(atManifest(() -> atManifest.set(volume.positions().uploadedLsn())));
    SimLoop.runUntil(timer, change);
    assertEquals(1L, atManifest.get());
    assertEquals(Tier.UPLOADED, change.join().flush());
    host.runUntil(flush);
    host.crash();
    host.logs.lose();
    assertEquals(1, host.read(host.open(Takeover.UNFLUSHED), 0, 1)[0]);
  }

  @Test
  void anEnforcedRpoIsRecordedOnceItHolds() {
    VolumeCore volume = open(Tier.APPLIED, Tier.LOCAL_DURABLE);
    host.withFaults(noPut("/segments/"));
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 1));
    assertEquals("60s", alarmOnly(volume));
    host.advance(5_000);
    CompletableFuture<Tiers> change = begin(volume, "", "", "2s,enforce");
    host.advance(0);
    IoFuture held = host.submit(volume, SimHost.writeCommand(0, 1, 2, false));
    host.advance(5_000);
    assertEquals(0, held.completions(), "it is older than 2 s already");
    assertEquals("1m", host.manifest().tiers().rpo().toString());
    host.withFaults(StoreFaults.NONE);
    SimLoop.runUntil(timer, change);
    host.runUntil(held);
    assertEquals(IoStatus.OK, held.await());
    assertEquals("2s,enforce", host.manifest().tiers().rpo().toString());
    assertEquals(Rpo.NONE, set(volume, "", "", "none").rpo());
    host.crash();
    assertEquals(Rpo.NONE, host.open().tiers().rpo());
  }

  /** Nothing is promised by an alarm, so nothing is waited for. */
  private String alarmOnly(VolumeCore volume) {
    return set(volume, "", "", "60s").rpo().limitMillis() / 1000 + "s";
  }

  @Test
  void aWeakerPromiseIsGivenOnlyAfterTheManifestSaysSo() {
    VolumeCore volume = open(Tier.LOCAL_DURABLE, Tier.UPLOADED);
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 1));
    var atManifest = new ArrayList<Tiers>();
    host.withFaults(atManifest(() -> atManifest.add(volume.tiers())));
    Tiers now = set(volume, "applied", "local", "");
    assertEquals(new Tiers(Tier.APPLIED, Tier.LOCAL_DURABLE), now);
    assertEquals(List.of(new Tiers(Tier.LOCAL_DURABLE, Tier.UPLOADED)), atManifest);
    assertEquals(now, host.manifest().tiers());
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 2));
    host.cutPower();
    assertInstanceOf(OpenOutcome.RolledBack.class, host.open().openOutcome());
  }

  @Test
  void aWeakeningThatFailsLeavesTheStrongerInForceAndSaysSo() {
    VolumeCore volume = open(Tier.LOCAL_DURABLE, Tier.LOCAL_DURABLE);
    host.withFaults(noPut("/manifest"));
    DeviceException failure =
        refused(DeviceException.Unavailable.class, begin(volume, "applied", "", ""));
    String said = String.valueOf(failure.getMessage());
    assertTrue(said.contains("did not finish"), said);
    assertTrue(said.contains("ack=local flush=local rpo=none are in force here"), said);
    assertEquals(Tier.LOCAL_DURABLE, volume.tiers().ack());
    assertTrue(volume.info().volatileWriteCache(), "it may have been recorded: hosts shall flush");
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 1));
    assertEquals(1, volume.positions().localDurableLsn());
    host.withFaults(StoreFaults.NONE);
    assertEquals(Tier.APPLIED, set(volume, "applied", "", "").ack());
  }

  @Test
  void aStrengtheningThatFailsLeavesItInForceAndCanBeFinishedOrTakenBack() {
    VolumeCore volume = open(Tier.APPLIED, Tier.LOCAL_DURABLE);
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 1));
    host.withFaults(noPut("/manifest"));
    refused(DeviceException.Unavailable.class, begin(volume, "local", "", ""));
    assertEquals(Tier.LOCAL_DURABLE, volume.tiers().ack());
    assertEquals(Tier.APPLIED, volume.summary().tiers().ack());
    assertTrue(volume.info().volatileWriteCache(), "it is not recorded yet");
    host.withFaults(StoreFaults.NONE);
    assertEquals(Tier.LOCAL_DURABLE, set(volume, "local", "", "").ack());
    assertFalse(volume.info().volatileWriteCache());
    host.withFaults(noPut("/manifest"));
    refused(DeviceException.Unavailable.class, begin(volume, "", "uploaded", ""));
    host.withFaults(StoreFaults.NONE);
    assertEquals(new Tiers(Tier.LOCAL_DURABLE, Tier.LOCAL_DURABLE), set(volume, "", "local", ""));
    assertEquals(new Tiers(Tier.LOCAL_DURABLE, Tier.LOCAL_DURABLE), host.manifest().tiers());
  }

  @Test
  void aForceThatFailsEndsTheChangeBeforeTheManifest() {
    VolumeCore volume = open(Tier.APPLIED, Tier.LOCAL_DURABLE);
    host.withFaults(noPut("/segments/"));
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 1));
    host.logs.failForces(true);
    refused(DeviceException.Unavailable.class, begin(volume, "local", "", ""));
    assertTrue(volume.isLogFailed());
    assertEquals(Tier.APPLIED, host.manifest().ack());
    // Nothing is local to a log that failed, though the bucket has all of it.
    host.withFaults(StoreFaults.NONE);
    host.awaitUploaded(volume);
    var later = refused(DeviceException.Unavailable.class, begin(volume, "local", "", ""));
    assertTrue(String.valueOf(later.getMessage()).contains("its log failed"));
    assertEquals(Tier.APPLIED, host.manifest().ack());
  }

  @Test
  void aChangeThatIsGivenUpWaitsForNothingMore() {
    VolumeCore volume = open(Tier.APPLIED, Tier.LOCAL_DURABLE);
    host.withFaults(noPut("/segments/"));
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 1));
    CompletableFuture<Tiers> change = begin(volume, "", "uploaded", "");
    host.advance(1_000);
    assertTrue(change.cancel(false));
    host.advance(100);
    assertEquals(Tier.UPLOADED, volume.tiers().flush());
    assertEquals(Tier.LOCAL_DURABLE, volume.summary().tiers().flush());
    CompletableFuture<Tiers> again = begin(volume, "", "uploaded", "");
    host.advance(5_000);
    assertFalse(again.isDone(), "in force is not yet true of what completed before");
    assertEquals(Tier.LOCAL_DURABLE, host.manifest().flush());
    assertTrue(again.cancel(false));
    host.withFaults(StoreFaults.NONE);
    host.awaitUploaded(volume);
    host.advance(60_000);
    assertEquals(Tier.LOCAL_DURABLE, host.manifest().flush(), "it does not end by itself");
    assertEquals(Tier.UPLOADED, set(volume, "", "uploaded", "").flush());
  }

  @Test
  void oneChangeAtATime() {
    VolumeCore volume = open(Tier.APPLIED, Tier.LOCAL_DURABLE);
    host.withFaults(noPut("/segments/"));
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 1));
    CompletableFuture<Tiers> first = begin(volume, "", "uploaded", "");
    var second = refused(DeviceException.Unavailable.class, begin(volume, "local", "", ""));
    assertTrue(String.valueOf(second.getMessage()).contains("another change"));
    assertFalse(first.isDone());
    host.withFaults(StoreFaults.NONE);
    SimLoop.runUntil(timer, first);
    assertEquals(new Tiers(Tier.APPLIED, Tier.UPLOADED), host.manifest().tiers());
  }

  @ParameterizedTest
  @EnumSource(
      value = StoreFaults.Fault.class,
      names = {"REPLY_CUT", "REPLY_LOST", "DUPLICATED", "LATE_EFFECT", "CONFLICT"})
  void aLostReplyOfTheManifestIsNoStranger(StoreFaults.Fault fault) {
    VolumeCore volume = open(Tier.APPLIED, Tier.LOCAL_DURABLE);
    host.withFaults(
        StoreFaults.script(RequestKind.PUT, "/manifest", StoreFaults.NONE, fault, fault));
    assertEquals("5s", set(volume, "local", "", "5s").rpo().toString());
    host.advance(60_000);
    assertEquals("ack=local flush=local rpo=5s", host.manifest().tiers().toString());
    assertEquals(DeviceState.Kind.READY, volume.state().kind());
    volume.close();
    assertEquals("ack=local flush=local rpo=5s", host.open().tiers().toString());
  }

  @Test
  void anotherOwnerIsToldFromALateReply() {
    VolumeCore volume = open(Tier.APPLIED, Tier.LOCAL_DURABLE);
    var other = new SimHost(timer, bucket, new Random(2));
    VolumeCore taken = other.open(Takeover.LOSSY);
    refused(DeviceException.Fenced.class, begin(volume, "local", "", ""));
    assertEquals(DeviceState.Kind.FENCED, volume.state().kind());
    refused(DeviceException.Fenced.class, begin(volume, "", "", "5s"));
    assertEquals(Tiers.DEFAULT, host.manifest().tiers());
    taken.close();
  }

  @Test
  void aCheckpointAndAChangeTakeTurnsAtTheManifest() {
    VolumeCore volume = open(Tier.APPLIED, Tier.LOCAL_DURABLE);
    for (int i = 1; i < 128; i++) {
      assertEquals(IoStatus.OK, host.write(volume, i, 1, i));
      host.awaitUploaded(volume);
    }
    long counter = host.manifest().counter();
    var change = new AtomicReference<CompletableFuture<Tiers>>();
    host.withFaults(
        atManifest(() -> {
          if (change.get() == null) {
            change.set(begin(volume, "local", "", "7s"));
          }
        }));
    assertEquals(IoStatus.OK, host.write(volume, 200, 1, 200));
    host.advance(5_000);
    CompletableFuture<Tiers> begun = java.util.Objects.requireNonNull(change.get());
    assertEquals("ack=local flush=local rpo=7s", begun.join().toString());
    assertEquals(1, host.manifest().checkpoints().size());
    assertEquals(begun.join(), host.manifest().tiers());
    assertEquals(counter + 2, host.manifest().counter());
  }

  @Test
  void aCloseEndsAChangeThatWaits() {
    VolumeCore volume = open(Tier.APPLIED, Tier.LOCAL_DURABLE);
    host.withFaults(noPut("/segments/"));
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 1));
    CompletableFuture<Tiers> change = begin(volume, "", "uploaded", "");
    host.advance(1_000);
    volume.close();
    refused(DeviceException.Unavailable.class, change);
    refused(DeviceException.Unavailable.class, begin(volume, "", "", "5s"));
    host.withFaults(StoreFaults.NONE);
    VolumeCore after = host.open();
    assertEquals(Tiers.DEFAULT, after.tiers());
    assertEquals(1, host.read(after, 0, 1)[0]);
  }

  // What hosts are told of the cache.

  @Test
  void aCacheThatAppearsUnderHostsIsRefusedAfterItWasAnnounced() {
    VolumeCore volume = open(Tier.LOCAL_DURABLE, Tier.LOCAL_DURABLE);
    assertFalse(volume.info().volatileWriteCache());
    var announced = new ArrayList<Boolean>();
    volume.addListener(device -> announced.add(device.info().volatileWriteCache()));
    for (String[] words : new String[][] {{"applied", ""}, {"", "uploaded"}}) {
      announced.clear();
      var failure =
          refused(
              DeviceException.Invalid.class,
              volume.setTiers(
                  TierChange.parse(words[0], words[1], ""),
                  () -> volume.info().volatileWriteCache()));
      assertTrue(String.valueOf(failure.getMessage()).contains("Unpublish"), failure::toString);
      assertEquals(List.of(true, false), announced, "a host between the two heard of it");
      assertEquals(new Tiers(Tier.LOCAL_DURABLE, Tier.LOCAL_DURABLE), volume.tiers());
      assertEquals(volume.tiers(), host.manifest().tiers());
    }
    announced.clear();
    assertEquals(Tier.APPLIED, set(volume, "applied", "", "").ack());
    assertEquals(List.of(true), announced);
  }

  @Test
  void aCacheThatGoesIsAnnouncedLastAndMayGoUnderHosts() {
    VolumeCore volume = open(Tier.APPLIED, Tier.UPLOADED);
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 1));
    var announced = new ArrayList<Tiers>();
    volume.addListener(device -> {
      if (!device.info().volatileWriteCache()) {
        announced.add(host.manifest().tiers());
      }
    });
    CompletableFuture<Tiers> change =
        volume.setTiers(
            TierChange.parse("local", "local", ""),
            () -> {
              throw new AssertionError("hosts that flush needlessly do no harm");
            });
    SimLoop.runUntil(timer, change);
    assertEquals(List.of(new Tiers(Tier.LOCAL_DURABLE, Tier.LOCAL_DURABLE)), announced);
    assertEquals(1, volume.positions().localDurableLsn());
  }
}
