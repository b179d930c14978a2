package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blocktranslation.DamageVolume.Outcome;
import dev.isthmus.blocktranslation.FormatPage.Field;
import dev.isthmus.blocktranslation.format.FormatException;
import dev.isthmus.blocktranslation.format.SegmentEntry;
import dev.isthmus.blocktranslation.format.SegmentHeader;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Every field of every object in the bucket, as docs/FORMAT.md has them, with a flipped bit; every
 * kind of object cut, lengthened, and replaced by another valid one: the volume is refused with the
 * object's name, or reads of what is gone are corrupt, or all is right from what is redundant.
 * Never wrong data. And a scrub finds it by itself.
 */
class ObjectDamageTest {

  private static FormatPage page = emptyPage();
  private static DamageVolume closed = DamageVolume.closed(1);
  private static DamageVolume orphaned = DamageVolume.orphaned(2);
  private static final DamageVolume STRANGER = DamageVolume.closed(3);
  private static final Map<String, Map<Outcome, Integer>> SUMMARY = new TreeMap<>();
  private static int fields;

  private static FormatPage emptyPage() {
    try {
      return FormatPage.read();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @BeforeAll
  static void soundBefore() {
    for (DamageVolume volume : List.of(closed, orphaned)) {
      String key = volume.keys("segments").getFirst();
      assertEquals(Outcome.RIGHT, volume.outcome(key, volume.peek(key), "undamaged"));
      assertFalse(volume.scrubFinds(key, volume.peek(key), "undamaged"));
      assertEquals(List.of(), DamageVolume.scrub(volume.host).findings());
    }
  }

  @AfterAll
  static void summary() {
    System.out.println("ObjectDamageTest: " + fields + " fields; outcomes by structure:");
    SUMMARY.forEach((structure, outcomes) -> System.out.println("  " + structure + " " + outcomes));
  }

  private static void damaged(
      DamageVolume volume, String structure, String key, byte[] bytes, String what) {
    assertFalse(Arrays.equals(bytes, volume.peek(key)), what + " changes nothing");
    Outcome outcome = volume.outcome(key, bytes, what);
    SUMMARY
        .computeIfAbsent(structure, _ -> new EnumMap<>(Outcome.class))
        .merge(outcome, 1, Integer::sum);
    assertTrue(
        volume.scrubFinds(key, bytes, what),
        () -> what + " (" + outcome + "): the scrub does not find it in " + key);
  }

  /** Flips the lowest bit of the first and the highest of the last byte of each field. */
  private static void flipEach(
      DamageVolume volume, String key, int base, List<Field> structure, int limit) {
    for (Field field : structure) {
      if (field.offset() >= limit) {
        continue;
      }
      fields++;
      for (int end = 0; end < 2; end++) {
        byte[] bytes = volume.peek(key);
        int at = base + field.offset() + end * (field.length() - 1);
        bytes[at] ^= (byte) (end == 0 ? 1 : 0x80);
        damaged(volume, field.structure(), key, bytes, field + " of " + key + ", byte " + at);
      }
    }
  }

  private static SegmentHeader header(DamageVolume volume, String key) {
    try {
      return SegmentHeader.decode(
          MemorySegment.ofArray(volume.peek(key)), volume.host.manifest().volume(), sequence(key));
    } catch (FormatException e) {
      throw new AssertionError(key, e);
    }
  }

  private static long sequence(String key) {
    return Long.parseLong(key.substring(key.lastIndexOf('/') + 1), 16);
  }

  private static List<SegmentEntry> writes(DamageVolume volume, String key) {
    try {
      return header(volume, key).decodeTable(MemorySegment.ofArray(volume.peek(key))).stream()
          .filter(entry -> entry.operation() == SegmentEntry.WRITE)
          .toList();
    } catch (FormatException e) {
      throw new AssertionError(key, e);
    }
  }

  private static String newest(DamageVolume volume, int kind) {
    return volume.keys("segments").stream()
        .filter(key -> header(volume, key).kind() == kind)
        .toList()
        .getLast();
  }

  private static int u32(byte[] bytes, int at) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(at);
  }

  @Test
  void frames() {
    for (DamageVolume volume : List.of(closed, orphaned)) {
      String key = newest(volume, SegmentHeader.DATA);
      SegmentEntry last = writes(volume, key).getLast();
      flipEach(volume, key, last.frameOffset(), page.fields("Frame", 1), Integer.MAX_VALUE);
      flipEach(
          volume,
          key,
          last.frameOffset() + 72,
          List.of(
              new Field("Frame data", "first", 0, 4),
              new Field("Frame data", "middle", last.storedLength() / 2, 4),
              new Field("Frame data", "last", last.storedLength() - 4, 4)),
          Integer.MAX_VALUE);
    }
    assertEquals(Map.of(Outcome.CORRUPT_READS, 64), SUMMARY.get("Frame 1"));
  }

  @Test
  void segments() {
    for (DamageVolume volume : List.of(closed, orphaned)) {
      String key = newest(volume, SegmentHeader.DATA);
      flipEach(volume, key, 0, page.fields("Segment", 1), Integer.MAX_VALUE);
      flipEach(volume, key, 256 + 40 * 2, page.fields("Segment", 2), Integer.MAX_VALUE);
    }
    flipEach(
        orphaned,
        newest(orphaned, SegmentHeader.FENCE),
        0,
        page.fields("Segment", 1),
        Integer.MAX_VALUE);
  }

  @Test
  void partsOfTheMap() {
    String key = closed.keys("runs").getLast();
    byte[] bytes = closed.peek(key);
    int pages = u32(bytes, 56);
    flipEach(closed, key, 0, page.fields("Map run part", 1), Integer.MAX_VALUE);
    flipEach(closed, key, 128, page.fields("Map run part", 2), Integer.MAX_VALUE);
    flipEach(closed, key, 128 + 32 + 32 * 5, page.fields("Map run part", 3), Integer.MAX_VALUE);
    flipEach(closed, key, 128 + 4096 * pages, page.fields("Map run part", 4), Integer.MAX_VALUE);
    int filters = 128 + 4096 * pages + 32 + 8 * pages;
    flipEach(
        closed,
        key,
        filters,
        List.of(
            new Field("Map run part filters", "bits", 0, 127),
            new Field("Map run part filters", "shift", 127, 1)),
        Integer.MAX_VALUE);
  }

  @Test
  void checkpoints() {
    for (String key : List.of(newestCheckpoint(closed), olderCheckpoint(closed))) {
      byte[] bytes = closed.peek(key);
      int runs = u32(bytes, 120);
      int segments = u32(bytes, 124);
      flipEach(closed, key, 0, page.fields("Checkpoint", 1), Integer.MAX_VALUE);
      flipEach(closed, key, 256, page.fields("Checkpoint", 2), Integer.MAX_VALUE);
      flipEach(closed, key, 256 + 64 * runs, page.fields("Checkpoint", 3), Integer.MAX_VALUE);
      if (u32(bytes, 128) > 0) {
        flipEach(
            closed,
            key,
            256 + 64 * runs + 32 * segments,
            page.fields("Checkpoint", 4),
            Integer.MAX_VALUE);
      }
    }
    assertTrue(SUMMARY.containsKey("Checkpoint 4"), "a doomed entry was there to damage");
    assertEquals(
        List.of(Outcome.RIGHT),
        List.copyOf(SUMMARY.getOrDefault("Checkpoint 1", Map.of()).keySet()));
  }

  private static String newestCheckpoint(DamageVolume volume) {
    return checkpoint(volume, 0);
  }

  private static String olderCheckpoint(DamageVolume volume) {
    return checkpoint(volume, 1);
  }

  private static String checkpoint(DamageVolume volume, int index) {
    var manifest = volume.host.manifest();
    var ref = manifest.checkpoints().get(index);
    return SimHost.PLACE.keyPrefix()
        + dev.isthmus.blocktranslation.format.Keys.checkpoint(
            manifest.volume(), ref.epoch(), ref.nonce());
  }

  @Test
  void manifests() {
    String key = SimHost.PLACE.keyPrefix() + "manifest";
    for (DamageVolume volume : List.of(closed, orphaned)) {
      String text = new String(volume.peek(key), StandardCharsets.UTF_8);
      for (String name : page.manifestKeys()) {
        int line = text.indexOf("\n" + name + " ");
        assertTrue(line > 0, name);
        fields++;
        int end = text.indexOf('\n', line + 1);
        for (int at : new int[] {line + 1, line + name.length() + 2, end - 1, end}) {
          byte[] bytes = volume.peek(key);
          bytes[at] ^= 1;
          damaged(volume, "Manifest", key, bytes, "manifest key " + name + ", byte " + at);
        }
      }
    }
    assertEquals(
        List.of(Outcome.REFUSED), List.copyOf(SUMMARY.getOrDefault("Manifest", Map.of()).keySet()));
  }

  private static Map<String, String> oneOfEach(DamageVolume volume) {
    var objects = new TreeMap<String, String>();
    objects.put("Manifest", SimHost.PLACE.keyPrefix() + "manifest");
    objects.put("Checkpoint", newestCheckpoint(volume));
    objects.put("Older checkpoint", olderCheckpoint(volume));
    objects.put("Map run part", volume.keys("runs").getLast());
    objects.put("Segment", newest(volume, SegmentHeader.DATA));
    return objects;
  }

  @Test
  void objectsCutLengthenedAndEmpty() {
    oneOfEach(closed)
        .forEach((kind, key) -> {
          byte[] bytes = closed.peek(key);
          for (int length :
              new int[] {
                0, 1, bytes.length / 2, bytes.length - 1, bytes.length + 1, 2 * bytes.length
              }) {
            damaged(
                closed, kind + " length", key, Arrays.copyOf(bytes, length), key + " of " + length);
          }
        });
    for (int kind : new int[] {SegmentHeader.DATA, SegmentHeader.FENCE}) {
      String key = newest(orphaned, kind);
      byte[] bytes = orphaned.peek(key);
      for (int length : new int[] {0, 100, bytes.length - 1, bytes.length + 1}) {
        damaged(orphaned, "Chain length", key, Arrays.copyOf(bytes, length), key + " of " + length);
      }
    }
  }

  @Test
  void anotherValidObjectOfTheSameKindIsNotTakenForIt() {
    oneOfEach(closed)
        .forEach((kind, key) -> {
          String folder = key.substring(0, key.lastIndexOf('/') + 1);
          var others = new ArrayList<byte[]>();
          others.add(STRANGER.peek(oneOfEach(STRANGER).getOrDefault(kind, "")));
          closed.bucket.keys().stream()
              .filter(other -> other.startsWith(folder) && !other.equals(key))
              .filter(other -> !folder.equals(SimHost.PLACE.keyPrefix()))
              .forEach(other -> others.add(closed.peek(other)));
          for (byte[] other : others) {
            damaged(closed, kind + " replaced", key, other, "another valid " + kind);
          }
        });
    String data = newest(orphaned, SegmentHeader.DATA);
    String fence = newest(orphaned, SegmentHeader.FENCE);
    damaged(orphaned, "Chain replaced", data, orphaned.peek(fence), "a fence for a segment");
    damaged(orphaned, "Chain replaced", fence, orphaned.peek(data), "a segment for a fence");
  }

  @Test
  void anOlderManifestBringsNoOlderDiskBack() {
    String key = SimHost.PLACE.keyPrefix() + "manifest";
    for (byte[] older : closed.olderManifests) {
      assertEquals(Outcome.REFUSED, closed.outcome(key, older, "the manifest of an earlier owner"));
    }
    assertEquals(3, closed.olderManifests.size());
  }

  @Test
  void anotherValidFrameOrPageIsNotTakenForIt() {
    List<String> data =
        closed.keys("segments").stream()
            .filter(key -> header(closed, key).kind() == SegmentHeader.DATA)
            .toList();
    String key = data.getLast();
    int swaps = 0;
    SegmentEntry last = writes(closed, key).getLast();
    for (String from : data) {
      for (SegmentEntry entry : writes(closed, from)) {
        boolean itself = from.equals(key) && entry.frameOffset() == last.frameOffset();
        if (entry.storedLength() == last.storedLength() && !itself && swaps < 40) {
          byte[] bytes = closed.peek(key);
          System.arraycopy(
              closed.peek(from),
              entry.frameOffset(),
              bytes,
              last.frameOffset(),
              72 + last.storedLength());
          damaged(closed, "Frame replaced", key, bytes, "the frame of " + from);
          swaps++;
        }
      }
    }
    assertTrue(swaps >= 5, "frames to replace it by: " + swaps);
    List<String> parts = closed.keys("runs");
    byte[] bytes = closed.peek(parts.getLast());
    System.arraycopy(closed.peek(parts.getFirst()), 128, bytes, 128, 4096);
    damaged(closed, "Page replaced", parts.getLast(), bytes, "the page of another part");
  }
}
