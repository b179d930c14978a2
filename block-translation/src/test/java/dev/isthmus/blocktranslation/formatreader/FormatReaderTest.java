package dev.isthmus.blocktranslation.formatreader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blocktranslation.formatreader.FormatReader.Role;
import dev.isthmus.blocktranslation.formatreader.FormatReader.Verdict;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the product writes is what docs/FORMAT.md says: a reader made from the page alone gets every
 * byte back from bucket and log, and finds each damaged byte.
 *
 * <p>{@code -Dformat.seed=N} plays a seed again.
 */
class FormatReaderTest {

  private static final int FLIPS = 12;
  private static final UUID OTHER_BOOT = new UUID(1, 2);

  @TempDir private static Path directory = Path.of("");

  private static long seed;
  private static Bucket closed = new Bucket(new ObjectView(Map.of()), new byte[0]);
  private static Bucket crashed = closed;
  private static Bucket reopened = closed;
  private static Bucket small = closed;
  private static NavigableMap<Long, RollFile> closedLog = new TreeMap<>();
  private static NavigableMap<Long, RollFile> crashedLog = new TreeMap<>();
  private static NavigableMap<Long, RollFile> reopenedLog = new TreeMap<>();

  /** A bucket's objects, and what the disk must hold. */
  private static final class Bucket {
    final ObjectView view;
    final byte[] model;

    Bucket(ObjectView view, byte[] model) {
      this.view = view;
      this.model = model;
    }

    ManifestText manifest() {
      return ManifestReader.read(view.require(ObjectNames.MANIFEST));
    }
  }

  @BeforeAll
  static void write() throws Exception {
    seed = Long.getLong("format.seed", new Random().nextLong());
    System.out.println("FormatReaderTest: seed " + seed);
    writeLarge();
    try (var volume = new SampleVolume(directory.resolve("small"), seed + 1)) {
      volume.create();
      volume.play(3 << 20);
      volume.closeDevice();
      volume.open();
      volume.play(1 << 20);
      volume.closeDevice();
      small = new Bucket(volume.objects(), volume.model());
    }
  }

  private static void writeLarge() throws Exception {
    try (var volume = new SampleVolume(directory.resolve("large"), seed)) {
      volume.create();
      volume.play(3 << 20);
      volume.closeDevice();
      volume.open();
      volume.play(20 << 20);
      volume.closeDevice();
      volume.open();
      volume.play(3 << 20);
      volume.settle();
      try (SampleVolume copy = volume.crashedCopy(directory.resolve("copy"))) {
        crashed = new Bucket(copy.objects(), copy.model());
        crashedLog = LogReader.files(copy.log(crashed.manifest()));
        copy.open();
        copy.play(300 << 10);
        copy.settle();
        try (SampleVolume second = copy.crashedCopy(directory.resolve("second"))) {
          reopened = new Bucket(second.objects(), second.model());
          reopenedLog = LogReader.files(second.log(reopened.manifest()));
        }
      }
      volume.play(1 << 20);
      volume.closeDevice();
      closed = new Bucket(volume.objects(), volume.model());
      closedLog = LogReader.files(volume.log(closed.manifest()));
    }
  }

  // ---- what was written reads back ----

  @Test
  void aClosedVolumeIsWhollyInItsBucket() {
    Verdict verdict = FormatReader.judge(closed.view);
    System.out.println("FormatReaderTest: " + verdict.objects() + ", runs " + verdict.runs());
    assertArrayEquals(closed.model, verdict.disk().toBytes(), "seed " + seed);
    assertEquals(1, verdict.count(Role.MANIFEST));
    assertEquals(3, verdict.count(Role.FENCE), "one for each open");
    assertTrue(verdict.count(Role.DATA_SEGMENT) >= 16, verdict.objects()::toString);
    assertEquals(2, verdict.count(Role.KEPT_CHECKPOINT));
    assertTrue(verdict.count(Role.NAMED_PART) >= 2, verdict.objects()::toString);
    assertTrue(verdict.runs() >= 2, "several runs");
    assertEquals(0, verdict.count(Role.OUTSIDE_CHAIN), "no segment that the chain does not reach");
    assertEquals("closed", verdict.manifest().state());
  }

  @Test
  void aCrashedVolumeIsInBucketAndLog() throws IOException {
    Verdict verdict = FormatReader.judge(crashed.view);
    LogReader.Contents log = recover(crashed, crashedLog, bootId());
    assertTrue(log.lastLsn() > verdict.end().lastLsn(), "the log holds what the bucket does not");
    assertFalse(log.cut());
    assertFalse(log.closedInOrder());
    assertCounts(verdict, log);
    log.replay(verdict.end(), verdict.disk());
    assertArrayEquals(crashed.model, verdict.disk().toBytes(), "seed " + seed);
  }

  @Test
  void aLogOfTwoGenerationsIsOneSequence() throws IOException {
    Verdict verdict = FormatReader.judge(reopened.view);
    LogReader.Contents log = recover(reopened, reopenedLog, bootId());
    long generations = log.states().stream().mapToLong(LogRecord::generation).distinct().count();
    assertEquals(2, generations);
    assertEquals("open", verdict.manifest().state());
    assertCounts(verdict, log);
    log.replay(verdict.end(), verdict.disk());
    assertArrayEquals(reopened.model, verdict.disk().toBytes(), "seed " + seed);
  }

  @Test
  void aClosedLogSaysSo() {
    LogReader.Contents log = recover(closed, closedLog, OTHER_BOOT);
    assertTrue(log.closedInOrder());
    assertEquals(closed.manifest().checkpoints().getFirst().lastLsn(), log.lastLsn());
  }

  @Test
  void documentsLeadToTheRecordsOfAnUndamagedLog() {
    crashedLog.values().forEach(RollFile::checkDocuments);
    closedLog.values().forEach(RollFile::checkDocuments);
  }

  /** The log has begun the manifest's epoch, and is whole as far as the bucket can tell. */
  private static void assertCounts(Verdict verdict, LogReader.Contents log) {
    assertTrue(log.lastLsn() >= verdict.durableLsn());
    ManifestText manifest = verdict.manifest();
    LogRecord newest = log.states().getLast();
    assertEquals(manifest.epoch(), newest.epoch());
    LogRecord.State state = newest.state();
    assertNotNull(state);
    assertEquals(manifest.writer(), state.writer());
    assertEquals(manifest.incarnation(), state.incarnation());
  }

  private static LogReader.Contents recover(
      Bucket bucket, NavigableMap<Long, RollFile> files, UUID bootId) {
    ManifestText manifest = bucket.manifest();
    return LogReader.recover("log", files, manifest.volume(), manifest.log(), bootId);
  }

  private static UUID bootId() throws IOException {
    return UUID.fromString(Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip());
  }

  // ---- damage to objects ----

  @Test
  void eachFlippedByteIsFound() {
    var random = new Random(seed);
    assertArrayEquals(small.model, FormatReader.judge(small.view).disk().toBytes());
    for (String key : keysOfEachKind()) {
      byte[] good = bytes(key);
      for (int i = 0; i < FLIPS; i++) {
        int at = random.nextInt(i % 2 == 0 ? good.length : Math.min(good.length, 256));
        DamageException damage = damage(key, at, (byte) (1 + random.nextInt(255)));
        assertEquals(key, damage.object(), "byte " + at + ", seed " + seed);
        assertFalse(damage.field().isEmpty());
      }
    }
  }

  @Test
  void damageNamesItsField() {
    String segment = firstData();
    String fence = key("/segments/", 1);
    String part = namedPart();
    String checkpoint = newestCheckpoint();
    int pages = ByteBuffer.wrap(bytes(part)).order(java.nio.ByteOrder.LITTLE_ENDIAN).getInt(56);
    int index = 128 + 4096 * pages;
    assertEquals("header.magic", damage(segment, 3, (byte) 1).field());
    assertEquals("header.headerCrc", damage(segment, 48, (byte) 1).field());
    assertEquals("table.tableCrc", damage(segment, 256 + 8, (byte) 1).field());
    assertEquals("header.digest", damage(segment, bytes(segment).length - 1, (byte) 1).field());
    assertEquals("header.headerCrc", damage(fence, 200, (byte) 1).field());
    assertEquals("header.headerCrc", damage(checkpoint, 64, (byte) 1).field());
    assertEquals("body.bodyCrc", damage(checkpoint, 300, (byte) 1).field());
    assertEquals("header.headerCrc", damage(part, 90, (byte) 1).field());
    assertEquals("page[0].pageCrc", damage(part, 128 + 40, (byte) 1).field());
    assertEquals("index.indexCrc", damage(part, index + 32, (byte) 1).field());
    assertEquals("filters.filtersCrc", damage(part, bytes(part).length - 1, (byte) 1).field());
    assertEquals("crc32c", damage(ObjectNames.MANIFEST, 30, (byte) 1).field());
  }

  @Test
  void reservedBytesAreRefusedThoughTheChecksumHolds() {
    String segment = firstData();
    byte[] bytes = bytes(segment);
    bytes[192] = 1;
    Fields header = Fields.of(segment, bytes).part("header", 0, 256);
    ByteBuffer.wrap(bytes)
        .order(java.nio.ByteOrder.LITTLE_ENDIAN)
        .putInt(12, (int) header.crcWithout(12));
    assertEquals("header.reserved", judgeDamaged(small.view.with(segment, bytes)).field());
  }

  @Test
  void missingAndUnknownObjectsAreFound() {
    for (String key : keysOfEachKind()) {
      DamageException damage = judgeDamaged(small.view.without(key));
      assertEquals(key, damage.object());
      assertEquals("object", damage.field());
    }
    ObjectView more = small.view.with("runs/notes", new byte[1]);
    assertEquals("runs/notes", judgeDamaged(more).object());
  }

  @Test
  void cutObjectsAreFound() {
    for (String key : keysOfEachKind()) {
      byte[] bytes = bytes(key);
      for (int length : new int[] {0, 8, bytes.length / 2, bytes.length - 1}) {
        ObjectView cut = small.view.with(key, java.util.Arrays.copyOf(bytes, length));
        assertEquals(key, judgeDamaged(cut).object(), "cut to " + length);
      }
    }
  }

  private static String[] keysOfEachKind() {
    return new String[] {
      ObjectNames.MANIFEST, key("/segments/", 1), firstData(), newestCheckpoint(), namedPart()
    };
  }

  private static String key(String kind, long sequence) {
    return small.manifest().volume() + kind + "%016x".formatted(sequence);
  }

  /** The slot behind those that the first fence made dead. */
  private static String firstData() {
    return key("/segments/", 1 + small.manifest().slotWindow());
  }

  private static Checkpoint newest() {
    ManifestText manifest = small.manifest();
    var line = manifest.checkpoints().getFirst();
    var name = new ObjectNames.Name(ObjectNames.Kind.CHECKPOINT, line.epoch(), line.nonce());
    String key = new ObjectNames(manifest.volume()).key(name);
    return CheckpointReader.read(small.view.require(key), name, manifest);
  }

  private static String newestCheckpoint() {
    return new ObjectNames(small.manifest().volume()).key(newest().name());
  }

  private static String namedPart() {
    return new ObjectNames(small.manifest().volume()).key(newest().parts().getFirst().name());
  }

  private static byte[] bytes(String key) {
    Fields object = small.view.require(key);
    return object.raw(0, object.length());
  }

  private static DamageException damage(String key, int at, byte mask) {
    byte[] bytes = bytes(key);
    bytes[at] ^= mask;
    return judgeDamaged(small.view.with(key, bytes));
  }

  private static DamageException judgeDamaged(ObjectView view) {
    return assertThrows(
        DamageException.class, () -> FormatReader.judge(view), () -> "seed " + seed);
  }

  // ---- damage to the log ----

  @Test
  void aDurableRecordThatIsDamagedIsFound() throws IOException {
    var random = new Random(seed);
    RollFile file = crashedLog.lastEntry().getValue();
    for (int i = 0; i < 4; i++) {
      LogRecord record = file.whole().get(1 + random.nextInt(file.whole().size() / 2));
      var damaged = flipped(file, record.offset() + random.nextInt(record.lengthBytes()));
      for (UUID bootId : new UUID[] {bootId(), OTHER_BOOT}) {
        DamageException damage =
            assertThrows(
                DamageException.class,
                () -> recover(crashed, damaged, bootId),
                () -> "record of LSN " + record.lsn() + ", seed " + seed);
        assertEquals(file.name(), damage.object());
        assertTrue(damage.field().startsWith("record@"), damage::getMessage);
      }
    }
  }

  @Test
  void aDamagedStateRecordLeavesNoLog() {
    RollFile file = crashedLog.lastEntry().getValue();
    var damaged = flipped(file, file.whole().getFirst().offset() + 120);
    DamageException damage =
        assertThrows(DamageException.class, () -> recover(crashed, damaged, OTHER_BOOT));
    assertEquals("state record", damage.field());
  }

  @Test
  void damagedFramingLosesNothing() throws IOException {
    RollFile file = crashedLog.lastEntry().getValue();
    LogReader.Contents good = recover(crashed, crashedLog, bootId());
    LogRecord middle = file.whole().get(file.whole().size() / 2);
    LogReader.Contents log = recover(crashed, flipped(file, middle.offset() - 4), bootId());
    assertEquals(good.lastLsn(), log.lastLsn());
    assertEquals(good.changes().size(), log.changes().size());
  }

  @Test
  void aTailThatAPowerCutTookIsCutOff() throws IOException {
    RollFile file = crashedLog.lastEntry().getValue();
    LogRecord victim =
        file.whole().reversed().stream()
            .filter(r -> r.type() == Change.WRITE)
            .findFirst()
            .orElseThrow();
    byte[] bytes = new byte[file.bytes().capacity()];
    // The end of the last write and all behind it never reached the disk.
    file.bytes().get(0, bytes, 0, victim.offset() + LogRecord.HEADER_BYTES + 100);
    var torn = new TreeMap<>(crashedLog);
    torn.put(file.number(), file.with(bytes));
    LogReader.Contents log = recover(crashed, torn, OTHER_BOOT);
    assertTrue(log.cut());
    assertEquals(victim.lsn() - 1, log.lastLsn());
    UUID thisBoot = bootId();
    assertThrows(DamageException.class, () -> recover(crashed, torn, thisBoot));
  }

  private static NavigableMap<Long, RollFile> flipped(RollFile file, int at) {
    byte[] bytes = new byte[file.bytes().capacity()];
    file.bytes().get(0, bytes);
    bytes[at] ^= 0x10;
    var files = new TreeMap<>(crashedLog);
    files.put(file.number(), file.with(bytes));
    return files;
  }
}
