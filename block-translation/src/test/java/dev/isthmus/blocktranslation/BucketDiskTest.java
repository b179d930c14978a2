package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.image.DamagedRange;
import dev.isthmus.blocktranslation.image.DiskReads;
import dev.isthmus.blocktranslation.image.PinnedState;
import dev.isthmus.blocktranslation.map.MapSettings;
import dev.isthmus.blocktranslation.store.PutCondition;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A volume's disk, read from its bucket alone: whole, and with each kind of object damaged or gone.
 * {@code -Dsim.seed=N} plays a seed again.
 */
class BucketDiskTest {

  private final long seed = Long.getLong("sim.seed", new Random().nextLong());
  private final List<String> notices = new ArrayList<>();
  private final ImageVolume volume = ImageVolume.played(seed);
  private BucketImages images = new BucketImages(Path.of("unset"));
  @TempDir private Path temporary = Path.of("unset");

  @BeforeEach
  void tellTheSeed() {
    System.out.println("BucketDiskTest: seed " + seed);
    images.close();
    // So little memory that most of a map of segments alone is written out and merged.
    images = new BucketImages(temporary, new MapSettings(16, 0, 2, 1, 2, 16));
  }

  @AfterEach
  void nothingIsLeft() throws IOException {
    images.close();
    try (Stream<Path> left = Files.list(temporary)) {
      assertEquals(List.of(), left.toList(), "temporary files");
    }
  }

  private BucketDisk open(String checkpoint, boolean skipDamaged, PinnedState... pinned) {
    return open(
        new BucketImages.ReadOptions(
            CheckpointChoice.parse(checkpoint),
            false,
            pinned.length == 0 ? null : pinned[0],
            skipDamaged,
            notices::add));
  }

  private BucketDisk openAt(String checkpoint, PinnedState... pinned) {
    return open(
        new BucketImages.ReadOptions(
            CheckpointChoice.parse(checkpoint),
            true,
            pinned.length == 0 ? null : pinned[0],
            false,
            notices::add));
  }

  private BucketDisk open(BucketImages.ReadOptions options) {
    return images.openVolume(
        volume.host.admin(), SimHost.PLACE.keyPrefix(), SimHost.PLACE.where(), options, () -> {});
  }

  /** All bytes; what is damaged is told, and left as zeroes. */
  private static byte[] bytes(BucketDisk disk, Consumer<DamagedRange> damaged) {
    byte[] all = new byte[(int) disk.sizeBytes()];
    try (var reads = new DiskReads(disk, 0, disk.sizeBytes())) {
      DiskReads.Chunk chunk;
      while ((chunk = reads.next()) != null) {
        for (DamagedRange range : chunk.damaged()) {
          damaged.accept(range);
          chunk
              .data()
              .asSlice(range.sector() * 512 - chunk.offsetBytes(), range.sectorCount() * 512)
              .fill((byte) 0);
        }
        if (!chunk.zeroes()) {
          MemorySegment.copy(
              chunk.data(),
              0,
              MemorySegment.ofArray(all),
              chunk.offsetBytes(),
              chunk.data().byteSize());
        }
      }
    }
    return all;
  }

  private static byte[] bytes(BucketDisk disk) {
    return bytes(
        disk,
        range -> {
          throw new AssertionError("damaged: " + range);
        });
  }

  private boolean said(String words) {
    return notices.stream().anyMatch(notice -> notice.contains(words));
  }

  private String key(String relative) {
    return SimHost.PLACE.keyPrefix() + relative;
  }

  @ParameterizedTest
  @ValueSource(strings = {"auto", "newest", "previous", "none", "KEY"})
  void everyWayLeadsToTheSameDiskAndChangesNothing(String way) {
    int effects = volume.bucket.effects().size();
    String newest = volume.checkpoints().getFirst();
    try (BucketDisk disk = open(way.equals("KEY") ? newest : way, false)) {
      assertArrayEquals(volume.bytes(), bytes(disk));
      assertEquals(volume.lastLsn(), disk.pinned().lastLsn());
      assertTrue(disk.isOpenElsewhere());
      assertEquals("", disk.pinned().shortfall());
      assertTrue(disk.reads().requests() > 0);
    }
    assertEquals(List.of(), notices);
    assertEquals(effects, volume.bucket.effects().size(), "the bucket is as it was");
  }

  /** The state that a checkpoint was taken in, and nothing behind it. */
  private PinnedState assertAt(BucketDisk disk, long lsn) {
    assertEquals(lsn, disk.pinned().lastLsn());
    assertEquals("", disk.pinned().shortfall());
    assertArrayEquals(volume.bytesAt(lsn), bytes(disk));
    return disk.pinned();
  }

  @ParameterizedTest
  @ValueSource(strings = {"newest", "previous", "KEY"})
  void atACheckpointTheDiskIsAsItWasThen(String way) {
    var refs = volume.host.manifest().checkpoints();
    var ref = way.equals("previous") ? refs.getLast() : refs.getFirst();
    String key = volume.checkpoints().get(refs.indexOf(ref));
    String name = way.equals("KEY") ? key : way;
    assertTrue(ref.lastLsn() > 0 && ref.lastLsn() < volume.lastLsn());
    PinnedState pinned;
    try (BucketDisk disk = openAt(name)) {
      pinned = assertAt(disk, ref.lastLsn());
      assertTrue(key.endsWith(pinned.checkpoint()), pinned::toString);
    }
    assertEquals(List.of(), notices);
    // Where the checkpoint itself is damaged, the segments lead to the same state.
    volume.bucket.corrupt(key, volume.random);
    try (BucketDisk disk = openAt(name)) {
      assertEquals(pinned, assertAt(disk, ref.lastLsn()));
    }
    assertTrue(said("is damaged"), notices::toString);
    // A broken-off export goes on with it.
    try (BucketDisk disk = openAt(name, pinned)) {
      assertEquals(pinned, assertAt(disk, ref.lastLsn()));
    }
    // The map behind it may be damaged, too.
    volume.host.keys("runs").forEach(volume.bucket::remove);
    try (BucketDisk disk = openAt(name)) {
      assertEquals(pinned, assertAt(disk, ref.lastLsn()));
    }
  }

  @Test
  void atACheckpointThatIsKeptNoLonger() {
    String key = volume.checkpoints().getLast();
    long lsn = volume.host.manifest().checkpoints().getLast().lastLsn();
    var before = new TreeMap<String, byte[]>();
    for (String each : volume.bucket.keys()) {
      before.put(each, Objects.requireNonNull(volume.bucket.peek(each)));
    }
    VolumeCore core = volume.host.open(Takeover.LOSSY);
    volume.play(core, 20);
    core.close();
    assertFalse(volume.checkpoints().contains(key));
    // As if nothing had been cleaned up yet.
    before.forEach((each, bytes) -> {
      if (!volume.bucket.keys().contains(each)) {
        volume.host.putForeign(each, bytes);
      }
    });
    long sequence;
    try (BucketDisk disk = openAt(key)) {
      sequence = assertAt(disk, lsn).sequence();
    }
    assertTrue(said("not one that the manifest keeps"), notices::toString);
    assertTrue(said(" of LSN " + volume.host.manifest().checkpoints().getFirst().lastLsn()));
    // Parts of its map that were cleaned up are damage, and nothing else.
    before.keySet().stream()
        .filter(each -> each.contains("/runs/"))
        .forEach(each -> {
          volume.bucket.remove(each);
        });
    try (BucketDisk disk = openAt(key)) {
      assertThrows(DeviceException.Corrupt.class, () -> bytes(disk));
    }
    // With the segment that it ends with gone nobody can tell whether it ever was.
    volume.bucket.remove(key(Keys.segment(volume.host.manifest().volume(), sequence)));
    var invalid = assertThrows(DeviceException.Invalid.class, () -> openAt(key));
    assertTrue(invalid.toString().contains("was cleaned up"), invalid::toString);
    for (String way : new String[] {"none", "auto"}) {
      assertThrows(DeviceException.Invalid.class, () -> openAt(way));
    }
  }

  @Test
  void aDamagedCheckpointIsPassedOverLoudly() {
    volume.bucket.corrupt(volume.checkpoints().getFirst(), volume.random);
    try (BucketDisk disk = open("auto", false)) {
      assertArrayEquals(volume.bytes(), bytes(disk));
      assertTrue(said("the newest checkpoint"), notices::toString);
    }
    // Who names one wants that one.
    assertThrows(DeviceException.Corrupt.class, () -> open("newest", false));
    volume.bucket.corrupt(volume.checkpoints().getLast(), volume.random);
    try (BucketDisk disk = open("auto", false)) {
      assertArrayEquals(volume.bytes(), bytes(disk));
      assertTrue(disk.base().contains("segments alone"), disk.base());
    }
  }

  @Test
  void withAllCheckpointsAndTheMapGoneTheSegmentsAreEnough() {
    volume.checkpoints().forEach(volume.bucket::remove);
    volume.host.keys("runs").forEach(volume.bucket::remove);
    try (BucketDisk disk = open("auto", false)) {
      assertArrayEquals(volume.bytes(), bytes(disk));
      assertEquals("", disk.pinned().shortfall());
    }
  }

  @Test
  void aMapThatTurnsOutDamagedIsPutTogetherAnotherWay() {
    var newest = new TreeSet<>(volume.host.keys("runs"));
    newest.forEach(key -> volume.bucket.corrupt(key, volume.random));
    try (BucketDisk disk = open("auto", false)) {
      assertArrayEquals(volume.bytes(), bytes(disk));
      // A flipped bit may lie where nobody looks.
      newest.forEach(volume.bucket::remove);
    }
    try (BucketDisk disk = open("auto", false)) {
      assertArrayEquals(volume.bytes(), bytes(disk));
      assertTrue(said("going on with the segments alone"), notices::toString);
    }
    try (BucketDisk disk = open("newest", false)) {
      assertThrows(DeviceException.Corrupt.class, () -> bytes(disk));
    }
    var lost = new HashSet<Long>();
    try (BucketDisk disk = open("newest", true)) {
      byte[] found =
          bytes(
              disk,
              range -> {
                for (long i = 0; i < range.sectorCount(); i++) {
                  lost.add(range.sector() + i);
                }
              });
      assertEqualsBut(lost, volume.bytes(), found);
      assertFalse(lost.isEmpty());
    }
  }

  /** Sectors that are lost read as zeroes, all others as they must. */
  private static void assertEqualsBut(Set<Long> lost, byte[] expected, byte[] found) {
    for (long sector : lost) {
      int at = (int) sector * 512;
      Arrays.fill(expected, at, at + 512, (byte) 0);
    }
    assertArrayEquals(expected, found);
  }

  @Test
  void aDamagedFrameIsNamedWithItsPlace() {
    Damage damage = damageAFrame();
    var lost = new HashSet<Long>();
    var ranges = new ArrayList<DamagedRange>();
    try (BucketDisk disk = open("auto", false)) {
      byte[] found =
          bytes(
              disk,
              range -> {
                ranges.add(range);
                for (long i = 0; i < range.sectorCount(); i++) {
                  lost.add(range.sector() + i);
                }
              });
      assertEqualsBut(lost, volume.bytes(), found);
    }
    assertFalse(ranges.isEmpty());
    for (DamagedRange range : ranges) {
      assertTrue(range.what().contains("object " + damage.key + ","), range::toString);
      assertTrue(range.what().contains("offset 296"), "behind header and one entry: " + range);
      assertTrue(range.sector() >= damage.sector && range.sectorCount() <= 64, range::toString);
    }
  }

  private record Damage(String key, long sector) {}

  /** Damages the data of the newest write that nothing wrote over. */
  private Damage damageAFrame() {
    for (String key : volume.host.keys("segments").reversed()) {
      byte[] object = Objects.requireNonNull(volume.bucket.peek(key));
      // 256 bytes of header, 40 of the one entry, 72 of the frame's header.
      if (object.length > 256 + 40 + 72) {
        object[object.length - 1] ^= 1;
        long sector =
            MemorySegment.ofArray(object)
                .get(java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED, 256 + 40 + 24);
        volume.host.putForeign(key, object);
        return new Damage(key, sector);
      }
    }
    throw new AssertionError("no segment with data");
  }

  @Test
  void aMissingSegmentIsDamageOfWhatItHeld() {
    Damage damage = damageAFrame();
    volume.bucket.remove(damage.key);
    long sequence = Long.parseLong(damage.key.substring(damage.key.lastIndexOf('/') + 1), 16);
    // Behind the newest checkpoint nobody can tell it from the end.
    try (BucketDisk disk = open("auto", false)) {
      assertTrue(disk.pinned().sequence() < sequence);
      assertArrayEquals(volume.bytesAt(disk.pinned().lastLsn()), bytes(disk));
    }
  }

  @Test
  void aDamagedTableEndsThePrefix() {
    List<String> keys = volume.host.keys("segments");
    String key = keys.get(keys.size() - 10);
    byte[] object = Objects.requireNonNull(volume.bucket.peek(key));
    object[260] ^= 1;
    volume.host.putForeign(key, object);
    var corrupt = assertThrows(DeviceException.Corrupt.class, () -> open("auto", false));
    assertTrue(corrupt.toString().contains(key.substring(SimHost.PLACE.keyPrefix().length())));
    assertTrue(corrupt.toString().contains("--skip-damaged"), corrupt::toString);
    try (BucketDisk disk = open("auto", true)) {
      assertEquals(volume.lastLsn() - 10, disk.pinned().lastLsn());
      assertArrayEquals(volume.bytesAt(disk.pinned().lastLsn()), bytes(disk));
      assertTrue(disk.pinned().shortfall().contains("left out"), disk.pinned()::toString);
    }
  }

  @Test
  void withoutCheckpointsAGapLeavesAnOlderStateAndSaysSo() {
    volume.checkpoints().forEach(volume.bucket::remove);
    String gone = volume.host.keys("segments").get(50);
    volume.bucket.remove(gone);
    try (BucketDisk disk = open("auto", false)) {
      assertTrue(disk.pinned().shortfall().contains("is missing"), disk.pinned()::toString);
      assertTrue(said("is missing"));
      assertTrue(disk.pinned().lastLsn() > 0 && disk.pinned().lastLsn() < volume.lastLsn());
      assertArrayEquals(volume.bytesAt(disk.pinned().lastLsn()), bytes(disk));
    }
    volume.bucket.remove(volume.host.keys("segments").getFirst());
    var corrupt = assertThrows(DeviceException.Corrupt.class, () -> open("auto", false));
    assertTrue(corrupt.toString().contains("nothing can be read"), corrupt::toString);
  }

  @Test
  void aPinnedStateStaysTheSameWhateverIsWrittenMeanwhile() {
    PinnedState pinned;
    long lsn = volume.lastLsn();
    try (BucketDisk disk = open("auto", false)) {
      pinned = disk.pinned();
      // Reads of the older state go on while the volume does.
      VolumeCore core = volume.host.open(Takeover.LOSSY);
      volume.play(core, 20);
      core.close();
      core = volume.host.open();
      volume.play(core, 20);
      core.close();
      assertArrayEquals(volume.bytesAt(lsn), bytes(disk));
    }
    for (String way : new String[] {"auto", "none"}) {
      try (BucketDisk disk = open(way, false, pinned)) {
        assertArrayEquals(volume.bytesAt(lsn), bytes(disk));
        assertEquals(pinned, disk.pinned());
      }
    }
    // Both checkpoints are newer now, and of the segments one is gone.
    volume.bucket.remove(pinned.checkpoint().isEmpty() ? "" : key(checkpointKey(pinned)));
    volume.bucket.remove(volume.host.keys("segments").get(3));
    assertThrows(DeviceException.Invalid.class, () -> open("auto", false, pinned));
  }

  private String checkpointKey(PinnedState pinned) {
    return pinned.volume() + "/checkpoints/" + pinned.checkpoint();
  }

  @Test
  void anotherVolumeOrOneBeingDeletedIsRefused() {
    PinnedState pinned;
    try (BucketDisk disk = open("auto", false)) {
      pinned = disk.pinned();
    }
    var other =
        new PinnedState(
            new java.util.UUID(1, 2),
            1,
            pinned.sizeBytes(),
            pinned.epoch(),
            pinned.writer(),
            pinned.sequence(),
            pinned.lastLsn(),
            pinned.lastTimeNanos(),
            "",
            "");
    assertThrows(DeviceException.Invalid.class, () -> open("auto", false, other));
    volume.host.changeManifest(m -> m.deleted("0".repeat(32), new java.util.UUID(3, 4)));
    assertThrows(DeviceException.Unavailable.class, () -> open("auto", false));
    volume.bucket.remove(key(Keys.MANIFEST));
    assertThrows(DeviceException.Unavailable.class, () -> open("auto", false));
  }

  @Test
  void aDirectoryOfDownloadedObjectsServesAsWell(@TempDir Path copies) throws IOException {
    Path copy = copies.resolve("vol");
    for (String key : volume.bucket.keys()) {
      Path file = copy.resolve(key.substring(SimHost.PLACE.keyPrefix().length()));
      Files.createDirectories(file.getParent());
      Files.write(file, Objects.requireNonNull(volume.bucket.peek(key)));
    }
    var options = BucketImages.ReadOptions.newest(notices::add);
    try (BucketDisk disk = images.openVolume(copy.toString(), options)) {
      assertArrayEquals(volume.bytes(), bytes(disk));
    }
    var invalid =
        assertThrows(
            DeviceException.Invalid.class, () -> images.openVolume(copies.toString(), options));
    assertTrue(invalid.toString().contains(copy.toString()), invalid::toString);
    refusesToWrite(copy);
  }

  private static void refusesToWrite(Path copy) {
    try (var threads = new EngineThreads(java.time.Duration.ofSeconds(5));
        var store =
            threads.connect(new dev.isthmus.blocktranslation.store.StoreAddress.Copy(copy))) {
      var put =
          assertThrows(
              CompletionException.class,
              () ->
                  store
                      .put(
                          "manifest",
                          List.of(),
                          PutCondition.always(),
                          RequestOptions.of(RequestPurpose.ADMIN))
                      .join());
      assertTrue(put.getCause() instanceof StoreException.Invalid, put::toString);
    }
  }
}
