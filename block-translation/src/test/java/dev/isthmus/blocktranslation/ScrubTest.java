package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.scrub.ScrubFinding;
import dev.isthmus.blocktranslation.scrub.ScrubFinding.Kind;
import dev.isthmus.blocktranslation.scrub.ScrubFinding.Severity;
import dev.isthmus.blocktranslation.scrub.ScrubProgress.State;
import dev.isthmus.blocktranslation.scrub.ScrubSettings;
import dev.isthmus.blocktranslation.scrub.ScrubTesting;
import dev.isthmus.blocktranslation.scrub.VolumeScrub;
import dev.isthmus.blocktranslation.store.FakeBucket;
import dev.isthmus.blocktranslation.store.RequestKind;
import dev.isthmus.blocktranslation.store.SimulatedTimer;
import dev.isthmus.blocktranslation.store.StoreFaults;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a scrub finds, what it lets go on, and that it never cries wolf. */
class ScrubTest {

  private static final int BLOCKS = 2000;
  private static final ScrubSettings UNLIMITED = ScrubSettings.readOnly(0);
  private static final ScrubSettings REPAIR = new ScrubSettings(0, false, true);

  private final SimulatedTimer timer = new SimulatedTimer();
  private final FakeBucket bucket = new FakeBucket();
  private final SimHost host = new SimHost(timer, bucket, new Random(1));
  private final Random random = new Random(2);
  private final long[] model = new long[BLOCKS];
  private long nextId = 1;

  @AfterEach
  void noDefects() {
    assertTrue(host.defects.isEmpty(), () -> "defects: " + host.defects);
  }

  private VolumeCore create() {
    host.create(64 << 20, Tier.APPLIED, Tier.LOCAL_DURABLE);
    return host.open();
  }

  private void writeSome(VolumeCore volume, int writes) {
    for (int i = 0; i < writes; i++) {
      int blocks = 1 + random.nextInt(12);
      int block = random.nextInt(BLOCKS - blocks);
      assertEquals(IoStatus.OK, host.write(volume, block, blocks, nextId));
      for (int j = 0; j < blocks; j++) {
        model[block + j] = nextId;
      }
      nextId++;
    }
    host.awaitUploaded(volume);
  }

  private static VolumeScrub scrubbed(VolumeCore volume, ScrubSettings settings) {
    VolumeScrub scrub = volume.scrubs().prepare(settings);
    scrub.run();
    return scrub;
  }

  private static void assertSound(VolumeScrub scrub) {
    assertEquals(State.DONE, scrub.progress().state(), scrub.progress()::toString);
    assertEquals(List.of(), scrub.findings());
  }

  private void assertModel(VolumeCore volume) {
    for (int block = 0; block < BLOCKS; block += 100) {
      org.junit.jupiter.api.Assertions.assertArrayEquals(
          java.util.Arrays.copyOfRange(model, block, block + 100), host.read(volume, block, 100));
    }
  }

  @Test
  void aSoundVolumeHasNoFindings() {
    VolumeCore volume = create();
    assertSound(scrubbed(volume, UNLIMITED)); // empty
    for (int round = 0; round < 3; round++) {
      writeSome(volume, 150);
      VolumeScrub scrub = scrubbed(volume, new ScrubSettings(0, true, true));
      assertSound(scrub);
      assertEquals(volume.positions().uploadedLsn(), scrub.progress().throughLsn());
      volume.close();
      volume = host.open();
    }
    VolumeScrub small = ScrubTesting.withWindow(volume.scrubs().target(), UNLIMITED, 150);
    small.run();
    assertSound(small);
    long all = scrubbed(volume, UNLIMITED).progress().requests();
    assertTrue(small.progress().requests() > all, "several walks");
    assertModel(volume);
  }

  @Test
  void aDamagedFrameIsNamedWithItsSectorsAndRepairedWhileTheLogHasIt() {
    VolumeCore volume = create();
    writeSome(volume, 60);
    FrameRef ref = liveFrame(volume);
    damage(ref, 100);
    ScrubFinding found = only(scrubbed(volume, UNLIMITED));
    assertEquals(Kind.FRAME, found.kind());
    assertEquals(Severity.ENDANGERED, found.severity());
    assertEquals(ref.offset(), found.offsetBytes());
    assertEquals(ref.sector(), found.firstSector());
    assertTrue(
        found.object().endsWith(Keys.segment(volume.info().identity().uuid(), ref.segment())));
    assertEquals(Severity.REPAIRED, only(scrubbed(volume, REPAIR)).severity());
    host.awaitUploaded(volume);
    assertEquals(Severity.HARMLESS, only(scrubbed(volume, REPAIR)).severity());
    volume.close();
    volume = host.open();
    assertModel(volume);
    assertEquals(Severity.HARMLESS, only(scrubbed(volume, UNLIMITED)).severity());
  }

  @Test
  void memoryIsAGoodCopyToo() {
    VolumeCore volume = create();
    writeSome(volume, 60);
    volume.close();
    volume = host.open();
    FrameRef ref = liveFrame(volume);
    assertModel(volume);
    var _ = host.read(volume, (int) (ref.sector() / 8), 1); // in memory now
    damage(ref, 100);
    ScrubFinding found = only(scrubbed(volume, UNLIMITED));
    assertEquals(Severity.ENDANGERED, found.severity());
    assertTrue(found.meaning().contains("memory"), found.meaning());
    assertEquals(Severity.REPAIRED, only(scrubbed(volume, REPAIR)).severity());
    volume.close();
    assertModel(host.open());
  }

  @Test
  void withoutACopyNothingIsInvented() {
    VolumeCore volume = create();
    writeSome(volume, 60);
    volume.close();
    volume = host.open();
    FrameRef ref = liveFrame(volume);
    volume.cache().clear();
    damage(ref, 100);
    long applied = volume.positions().appliedLsn();
    ScrubFinding found = only(scrubbed(volume, REPAIR));
    assertEquals(Severity.LOST, found.severity());
    assertEquals(applied, volume.positions().appliedLsn(), "nothing was written");
    int block = (int) (ref.sector() / 8);
    var data = java.lang.foreign.Arena.ofAuto().allocate(SimHost.BLOCK_BYTES, 8);
    assertEquals(
        IoStatus.CORRUPT,
        host.run(
            volume,
            new dev.isthmus.blockdevice.IoCommand.Read((long) block * SimHost.BLOCK_BYTES, data)));
    // Written over by its user it is whole again.
    int blocks = ref.storedLength() / SimHost.BLOCK_BYTES;
    assertEquals(IoStatus.OK, host.write(volume, block, blocks, 9999));
    host.awaitUploaded(volume);
    volume.close();
    volume = host.open();
    assertEquals(Severity.HARMLESS, only(scrubbed(volume, UNLIMITED)).severity());
  }

  @Test
  void aRepairNeverUndoesANewerWrite() {
    VolumeCore volume = create();
    writeSome(volume, 60);
    FrameRef ref = liveFrame(volume);
    damage(ref, 100);
    int block = (int) (ref.sector() / 8);
    assertEquals(IoStatus.OK, host.write(volume, block, 1, 7777));
    model[block] = 7777;
    // Still in the log alone: the rest of the frame is written anew, the block is not.
    var _ = scrubbed(volume, REPAIR);
    assertModel(volume);
    host.awaitUploaded(volume);
    volume.close();
    assertModel(host.open());
  }

  @Test
  void nothingIsCalledMissingThatTheOwnerReplacedMeanwhile() {
    VolumeCore volume = create();
    writeSome(volume, 1200);
    volume.close();
    VolumeCore open = host.open();
    // 64 KiB a second: the scrub lasts for many minutes, in which checkpoints and merges go on and
    // what they doom is deleted.
    VolumeScrub scrub =
        ScrubTesting.withWindow(
            open.scrubs().target(), new ScrubSettings(64 << 10, true, true), 100);
    var writer =
        new Object() {
          long writes;

          void next() {
            if (scrub.progress().state().isEnd()) {
              return;
            }
            int block = random.nextInt(BLOCKS);
            model[block] = 100_000 + ++writes;
            open.submit(SimHost.writeCommand(block, 1, model[block], false), result -> {});
            var _ = timer.schedule(this::next, 120_000_000);
          }
        };
    writer.next();
    scrub.run();
    assertSound(scrub);
    assertTrue(writer.writes > 3000, "writes: " + writer.writes);
    assertTrue(
        bucket.effects().stream().anyMatch(effect -> effect.kind() == RequestKind.DELETE),
        "objects were deleted meanwhile");
    host.awaitUploaded(open);
    assertModel(open);
    open.close();
    VolumeCore again = host.open();
    assertSound(scrubbed(again, new ScrubSettings(0, true, false)));
    assertModel(again);
  }

  @Test
  void itWaitsOutAnOutageAndHearsOfPauseAndCancel() {
    VolumeCore volume = create();
    writeSome(volume, 100);
    VolumeScrub scrub = volume.scrubs().prepare(ScrubSettings.readOnly(64 << 10));
    long start = timer.nanoTime();
    var states = new java.util.TreeSet<State>();
    var look =
        new Object() {
          void next() {
            states.add(scrub.progress().state());
            long seconds = (timer.nanoTime() - start) / 1_000_000_000L;
            host.withFaults(
                seconds >= 5 && seconds < 305
                    ? (_, _) -> StoreFaults.Fault.UNREACHABLE
                    : StoreFaults.NONE);
            if (seconds == 306) {
              scrub.pause();
            } else if (seconds == 311) {
              scrub.resume();
            } else if (seconds == 313) {
              scrub.cancel();
            }
            if (!scrub.progress().state().isEnd()) {
              var _ = timer.schedule(this::next, 1_000_000_000L);
            }
          }
        };
    look.next();
    scrub.run();
    assertEquals(State.CANCELLED, scrub.progress().state(), scrub.progress()::toString);
    assertTrue(
        states.containsAll(List.of(State.RUNNING, State.WAITING, State.PAUSED)), states::toString);
    assertEquals(List.of(), scrub.findings());
  }

  @Test
  void theRateIsKept() {
    VolumeCore volume = create();
    writeSome(volume, 200);
    volume.close();
    volume = host.open();
    long start = timer.nanoTime();
    VolumeScrub scrub = scrubbed(volume, ScrubSettings.readOnly(256 << 10));
    assertSound(scrub);
    double seconds = (timer.nanoTime() - start) / 1e9;
    double rate = scrub.progress().bytesDone() / seconds;
    assertTrue(rate > 200 << 10 && rate < 300 << 10, "bytes a second: " + rate);
    assertEquals(100, scrub.progress().percent());
  }

  @Test
  void whatNothingNamesIsListedAndNotDeleted() {
    VolumeCore volume = create();
    writeSome(volume, 50);
    volume.close();
    volume = host.open();
    Manifest manifest = host.manifest();
    String prefix = SimHost.PLACE.keyPrefix();
    List<String> orphans =
        List.of(
            prefix + Keys.run(manifest.volume(), manifest.epoch() - 1, 77),
            prefix + Keys.checkpoint(manifest.volume(), manifest.epoch() - 1, 78),
            prefix + Keys.segment(manifest.volume(), 5), // a dead slot behind the first fence
            prefix + Keys.segment(new java.util.UUID(1, 2), 5));
    orphans.forEach(key -> host.putForeign(key, new byte[100]));
    // Of this owner: it may be named yet.
    host.putForeign(prefix + Keys.run(manifest.volume(), manifest.epoch(), 79), new byte[100]);
    VolumeScrub scrub = scrubbed(volume, new ScrubSettings(0, true, false));
    assertEquals(State.DONE, scrub.progress().state());
    assertEquals(
        orphans.stream().sorted().toList(),
        scrub.findings().stream().map(ScrubFinding::object).sorted().toList());
    assertTrue(scrub.findings().stream().allMatch(f -> f.severity() == Severity.SURPLUS));
    assertFalse(scrub.progress().isDamaged());
    assertTrue(bucket.keys().containsAll(orphans));
    assertSound(scrubbed(volume, UNLIMITED));
  }

  @Test
  void anOutageOfTheListingIsWaitedOutAndNotForEver() {
    VolumeCore volume = create();
    writeSome(volume, 50);
    volume.close();
    volume = host.open();
    String orphan = SimHost.PLACE.keyPrefix() + "notes.txt";
    host.putForeign(orphan, new byte[100]);
    long start = timer.nanoTime();
    var lists = new java.util.ArrayList<Long>();
    host.withFaults((kind, _) -> {
      if (kind != RequestKind.LIST) {
        return StoreFaults.Fault.NONE;
      }
      long seconds = (timer.nanoTime() - start) / 1_000_000_000L;
      lists.add(seconds);
      return seconds < 600 ? StoreFaults.Fault.UNREACHABLE : StoreFaults.Fault.NONE;
    });
    VolumeScrub scrub = scrubbed(volume, new ScrubSettings(0, true, false));
    assertEquals(orphan, only(scrub).object());
    assertTrue(lists.getFirst() < 60 && lists.getLast() >= 600, lists::toString);
    // One that does not end.
    host.withFaults((kind, _) ->
        kind == RequestKind.LIST ? StoreFaults.Fault.UNREACHABLE : StoreFaults.Fault.NONE);
    long again = timer.nanoTime();
    scrub = scrubbed(volume, new ScrubSettings(0, true, false));
    assertEquals(State.FAILED, scrub.progress().state());
    assertTrue(scrub.failure() instanceof DeviceException.Unavailable);
    long minutes = (timer.nanoTime() - again) / 60_000_000_000L;
    assertTrue(minutes >= 30 && minutes < 35, "gave up after minutes: " + minutes);
    host.withFaults(StoreFaults.NONE);
  }

  @Test
  void aMissingSegmentAndAMissingPart() {
    VolumeCore volume = create();
    writeSome(volume, 100);
    volume.close();
    volume = host.open();
    String part = host.keys("runs").getFirst();
    FrameRef ref = liveFrame(volume);
    volume.cache().clear();
    String segment =
        SimHost.PLACE.keyPrefix() + Keys.segment(host.manifest().volume(), ref.segment());
    byte[] kept = Objects.requireNonNull(bucket.peek(segment));
    bucket.remove(segment);
    List<ScrubFinding> findings = scrubbed(volume, UNLIMITED).findings();
    assertTrue(findings.size() > 1, findings::toString);
    assertTrue(findings.stream().allMatch(f -> f.object().equals(segment)));
    assertTrue(findings.stream().allMatch(f -> f.severity() == Severity.LOST));
    host.putForeign(segment, kept);
    assertSound(scrubbed(volume, UNLIMITED));
    bucket.remove(part);
    findings = scrubbed(volume, UNLIMITED).findings();
    assertTrue(
        findings.stream().anyMatch(f -> f.object().equals(part) && f.kind() == Kind.MAP_PART),
        findings::toString);
  }

  @Test
  void itWaitsForItsTurn() {
    VolumeCore volume = create();
    writeSome(volume, 20);
    Runnable other = ScrubTesting.turn(host.scrubs, "s3://disks/other");
    VolumeScrub scrub = volume.scrubs().prepare(UNLIMITED);
    var seen = new java.util.ArrayList<String>();
    var _ =
        timer.schedule(
            () -> {
              seen.add(scrub.progress().state() + ": " + scrub.progress().note());
              assertEquals(0, scrub.progress().requests());
              other.run();
            },
            60_000_000_000L);
    scrub.run();
    assertEquals(List.of("QUEUED: one scrub runs at a time: now that of s3://disks/other"), seen);
    assertSound(scrub);
    assertTrue(ScrubTesting.isFree(host.scrubs));
  }

  @Test
  void aPausedOneLetsOthersGoFirst() {
    VolumeCore volume = create();
    writeSome(volume, 20);
    Runnable other = ScrubTesting.turn(host.scrubs, "other");
    VolumeScrub scrub = volume.scrubs().prepare(UNLIMITED);
    scrub.pause();
    var free = new java.util.ArrayList<Boolean>();
    var _ = timer.schedule(other, 1_000_000_000L);
    var _ =
        timer.schedule(
            () -> {
              assertEquals(State.PAUSED, scrub.progress().state());
              free.add(ScrubTesting.isFree(host.scrubs));
              scrub.resume();
            },
            2_000_000_000L);
    scrub.run();
    assertEquals(List.of(true), free);
    assertSound(scrub);
  }

  @Test
  void howeverItEndsTheNextHasItsTurn() {
    VolumeCore volume = create();
    writeSome(volume, 100);
    // Cancelled while it waits.
    Runnable other = ScrubTesting.turn(host.scrubs, "other");
    VolumeScrub waits = volume.scrubs().prepare(UNLIMITED);
    var _ = timer.schedule(waits::cancel, 1_000_000_000L);
    waits.run();
    assertEquals(State.CANCELLED, waits.progress().state());
    assertEquals(0, waits.progress().requests());
    assertFalse(ScrubTesting.isFree(host.scrubs), "the other one's turn is not given away");
    other.run();
    assertTrue(ScrubTesting.isFree(host.scrubs));
    // Cancelled while it runs.
    VolumeScrub runs = volume.scrubs().prepare(ScrubSettings.readOnly(64 << 10));
    var _ = timer.schedule(runs::cancel, 1_000_000_000L);
    runs.run();
    assertEquals(State.CANCELLED, runs.progress().state());
    assertTrue(runs.progress().requests() > 0);
    assertTrue(ScrubTesting.isFree(host.scrubs));
    // Failed.
    String manifest = SimHost.PLACE.keyPrefix() + Keys.MANIFEST;
    byte[] kept = Objects.requireNonNull(bucket.peek(manifest));
    host.putForeign(manifest, new byte[100]);
    VolumeScrub fails = scrubbed(volume, UNLIMITED);
    assertEquals(State.FAILED, fails.progress().state());
    assertTrue(fails.progress().failure() instanceof DeviceException.Corrupt);
    assertTrue(ScrubTesting.isFree(host.scrubs));
    host.putForeign(manifest, kept);
    assertSound(scrubbed(volume, UNLIMITED));
  }

  private static ScrubFinding only(VolumeScrub scrub) {
    assertEquals(State.DONE, scrub.progress().state(), scrub.progress()::toString);
    assertEquals(1, scrub.findings().size(), scrub.findings()::toString);
    return scrub.findings().getFirst();
  }

  /** A frame that is wholly live: found by reading a block from the bucket. */
  private FrameRef liveFrame(VolumeCore volume) {
    for (int block = BLOCKS - 8; block > 0; block--) {
      volume.cache().clear();
      if (host.read(volume, block, 1)[0] == 0) {
        continue;
      }
      for (FrameRef ref : volume.cache().frames()) {
        int first = (int) (ref.sector() / 8);
        boolean whole = ref.storedLength() >= 2 * SimHost.BLOCK_BYTES;
        for (int i = 1; i < ref.storedLength() / SimHost.BLOCK_BYTES; i++) {
          whole &= model[first + i] == model[first];
        }
        if (whole) {
          volume.cache().clear();
          return ref;
        }
      }
    }
    throw new AssertionError("no such frame");
  }

  private void damage(FrameRef ref, int at) {
    String key = SimHost.PLACE.keyPrefix() + Keys.segment(host.manifest().volume(), ref.segment());
    byte[] bytes = Objects.requireNonNull(bucket.peek(key));
    bytes[ref.offset() + at] ^= 1;
    host.putForeign(key, bytes);
  }
}
