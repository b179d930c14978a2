package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.format.SegmentHeader;
import dev.isthmus.blocktranslation.store.FakeBucket;
import dev.isthmus.blocktranslation.store.SimulatedTimer;
import dev.isthmus.blocktranslation.store.StoreFaults;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Who may have a volume after somebody else had it: take-overs, deletions, restarts. */
class VolumeOwnershipTest {

  private final SimulatedTimer timer = new SimulatedTimer();
  private final FakeBucket bucket = new FakeBucket();
  private final SimHost host = new SimHost(timer, bucket, new Random(1));
  private final SimHost other = new SimHost(timer, bucket, new Random(2));

  @AfterEach
  void noDefects() {
    assertTrue(host.defects.isEmpty(), () -> "defects: " + host.defects);
    assertTrue(other.defects.isEmpty(), () -> "defects: " + other.defects);
  }

  private VolumeCore open() {
    host.create(16 << 20, Tier.APPLIED, Tier.LOCAL_DURABLE);
    VolumeCore volume = host.open();
    assertEquals(IoStatus.OK, host.write(volume, 1, 1, 1));
    host.awaitUploaded(volume);
    return volume;
  }

  private void delete() {
    var _ =
        new VolumeAdmin(host.admin(), new Nonces(new Random(9))).delete(SimHost.PLACE, count -> {});
  }

  private void assertFencedByTheDeletion(VolumeCore volume) {
    assertEquals(IoStatus.OK, host.write(volume, 2, 1, 2), "it has not heard of it yet");
    for (int i = 0; i < 100 && volume.state().kind() != DeviceState.Kind.FENCED; i++) {
      host.advance(20);
    }
    host.advance(100);
    assertEquals(DeviceState.Kind.FENCED, volume.state().kind());
    String reason = volume.state().reason();
    assertTrue(reason.startsWith(SimHost.PLACE.where() + " was deleted"), reason);
    assertTrue(reason.contains("after LSN 1 is kept in the local log"), reason);
    assertEquals(IoStatus.FENCED, host.write(volume, 3, 1, 3));
    // The fence alone: nothing of the owner has arrived behind it.
    List<String> left = bucket.keys();
    assertEquals(1, left.size(), left::toString);
    byte[] fence = Objects.requireNonNull(bucket.peek(left.getFirst()));
    assertEquals(SegmentHeader.BYTES, fence.length);
    assertEquals(SegmentHeader.FENCE, MemorySegment.ofArray(fence).asByteBuffer().get(10));
  }

  @Test
  void deletingAVolumeFencesItsOwnerAtItsNextUpload() {
    VolumeCore volume = open();
    delete();
    assertFencedByTheDeletion(volume);
    host.crash();
    assertThrows(DeviceException.Unavailable.class, () -> host.open(Takeover.UNATTENDED));
    // A new volume of that name has nothing to do with what is left.
    host.create(16 << 20, Tier.APPLIED, Tier.LOCAL_DURABLE);
    volume = host.open();
    assertEquals(0, host.read(volume, 1, 1)[0]);
    volume.close();
  }

  @Test
  void aDeletionThatBrokeOffIsFinishedWithItsFence() {
    VolumeCore volume = open();
    for (int i = 0; i < 2; i++) {
      // It dies when all but fence and manifest are gone.
      assertThrows(
          ArithmeticException.class,
          () ->
              new VolumeAdmin(host.admin(), new Nonces(new Random(8)))
                  .delete(
                      SimHost.PLACE,
                      count -> {
                        throw new ArithmeticException("dies");
                      }));
      assertEquals(Manifest.State.DELETED, host.manifest().state());
      assertEquals(2, bucket.keys().size());
    }
    delete();
    assertFencedByTheDeletion(volume);
  }

  @Test
  void aDeletionThatBrokeOffBeforeItsFenceMakesOne() {
    VolumeCore volume = open();
    host.changeManifest(m -> m.deleted("0".repeat(32), new UUID(7, 7)));
    delete();
    assertFencedByTheDeletion(volume);
  }

  @Test
  void whatWasClosedIsDeletedWhole() {
    open().close();
    delete();
    assertEquals(List.of(), bucket.keys());
  }

  @Test
  void aDamagedVolumeCanBeDeletedToo() {
    VolumeCore _ = open();
    host.crash();
    bucket.truncate(host.keys("segments").getLast(), 100);
    delete();
    assertEquals(List.of(), bucket.keys());
  }

  // Restarts of a host that lost the volume

  /** The other host takes the volume over and closes it in order. */
  private void takeOverAndClose() {
    VolumeCore taken = other.open(Takeover.LOSSY);
    assertInstanceOf(OpenOutcome.RolledBack.class, taken.openOutcome());
    assertEquals(IoStatus.OK, other.write(taken, 5, 1, 5));
    taken.close();
    assertEquals(Manifest.State.CLOSED, host.manifest().state());
  }

  private void assertNotTakenBack() {
    byte[] before = bucket.peek(SimHost.PLACE.keyPrefix() + "manifest");
    for (int i = 0; i < 2; i++) {
      var refused =
          assertThrows(DeviceException.Fenced.class, () -> host.open(Takeover.UNATTENDED));
      assertEquals(
          "", assertInstanceOf(OperatorNeededException.class, refused.getCause()).takeover());
      String message = String.valueOf(refused.getMessage());
      assertTrue(message.contains("was taken over by another gateway"), message);
    }
    org.junit.jupiter.api.Assertions.assertArrayEquals(
        before, bucket.peek(SimHost.PLACE.keyPrefix() + "manifest"));
    VolumeCore volume = host.open();
    assertEquals(5, host.read(volume, 5, 1)[0]);
    // Somebody's word makes it this host's again.
    host.crash();
    assertEquals(5, host.read(host.open(Takeover.UNATTENDED), 5, 1)[0]);
  }

  @Test
  void aFencedOwnerDoesNotTakeTheVolumeBackByItself() {
    VolumeCore volume = open();
    takeOverAndClose();
    assertEquals(IoStatus.OK, host.write(volume, 2, 1, 2), "it has not heard of it yet");
    for (int i = 0; i < 100 && volume.state().kind() != DeviceState.Kind.FENCED; i++) {
      host.advance(20);
    }
    host.advance(100);
    String reason = volume.state().reason();
    assertTrue(reason.contains("was opened by another gateway (writer "), reason);
    host.crash();
    assertNotTakenBack();
  }

  @Test
  void norDoesOneThatNeverHeardOfIt() {
    VolumeCore _ = open();
    host.cutPower();
    takeOverAndClose();
    assertNotTakenBack();
  }

  @Test
  void norDoesOneWhoseCloseDidNotReachTheBucket() {
    VolumeCore volume = open();
    host.withFaults((kind, key) -> StoreFaults.Fault.UNREACHABLE);
    assertEquals(IoStatus.OK, host.write(volume, 2, 1, 2));
    volume.close();
    host.withFaults(StoreFaults.NONE);
    takeOverAndClose();
    assertNotTakenBack();
  }

  @Test
  void whileTheOtherHasItTheRefusalSaysWhatWouldBeLost() {
    VolumeCore volume = open();
    assertEquals(IoStatus.OK, host.write(volume, 2, 1, 2));
    host.crash();
    VolumeCore taken = other.open(Takeover.LOSSY);
    var refused = assertThrows(DeviceException.Fenced.class, () -> host.open(Takeover.UNATTENDED));
    String message = String.valueOf(refused.getMessage());
    assertTrue(message.contains("takeover=lossy"), message);
    assertTrue(message.contains("not tried again by itself"), message);
    // Who asks is told the same, as something that may change by itself.
    assertThrows(DeviceException.Unavailable.class, host::open);
    taken.close();
  }

  @Test
  void whatWasClosedInOrderComesBackByItself() {
    open().close();
    VolumeCore taken = other.open();
    assertEquals(IoStatus.OK, other.write(taken, 5, 1, 5));
    taken.close();
    VolumeCore volume = host.open(Takeover.UNATTENDED);
    assertEquals(OpenOutcome.COMPLETE, volume.openOutcome());
    assertEquals(5, host.read(volume, 5, 1)[0]);
  }

  @Test
  void aHostWithoutHistoryOpensWhatIsClosed() {
    open().close();
    assertEquals(1, other.read(other.open(Takeover.UNATTENDED), 1, 1)[0]);
  }

  @Test
  void aCrashOfItsOwnIsNoReasonToAsk() {
    VolumeCore _ = open();
    host.crash();
    assertEquals(1, host.read(host.open(Takeover.UNATTENDED), 1, 1)[0]);
  }

  @Test
  void aDamagedNoteAsksOnceMore() {
    open().close();
    other.open().close();
    host.logs.damageNotes();
    var refused = assertThrows(DeviceException.Fenced.class, () -> host.open(Takeover.UNATTENDED));
    assertInstanceOf(OperatorNeededException.class, refused.getCause());
    assertEquals(OpenOutcome.COMPLETE, host.open().openOutcome());
  }
}
