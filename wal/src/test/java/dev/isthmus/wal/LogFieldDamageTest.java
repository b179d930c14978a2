package dev.isthmus.wal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Each field of a record's header, as docs/FORMAT.md has them, with a flipped bit, in the marks
 * that no data hangs on: the clean close and the durable mark. All data is right then, or the log
 * is refused; a log whose clean close is damaged never passes for one that was closed in order.
 */
class LogFieldDamageTest {

  /** Offsets and lengths of the header's fields (docs/FORMAT.md, "Log"). */
  private static final Map<String, int[]> FIELDS =
      Map.ofEntries(
          Map.entry("magic", new int[] {0, 4}),
          Map.entry("version", new int[] {4, 1}),
          Map.entry("type", new int[] {5, 1}),
          Map.entry("flags", new int[] {6, 2}),
          Map.entry("headerCrc", new int[] {8, 4}),
          Map.entry("payloadLength", new int[] {12, 4}),
          Map.entry("payloadCrc", new int[] {16, 4}),
          Map.entry("generation", new int[] {20, 4}),
          Map.entry("volume", new int[] {24, 16}),
          Map.entry("log", new int[] {40, 16}),
          Map.entry("epoch", new int[] {56, 8}),
          Map.entry("lsn", new int[] {64, 8}),
          Map.entry("durableLsn", new int[] {72, 8}),
          Map.entry("time", new int[] {80, 8}),
          Map.entry("sector", new int[] {88, 8}),
          Map.entry("sectorCount", new int[] {96, 8}),
          Map.entry("reserved", new int[] {104, 8}));

  private static final long LAST = 12;

  @TempDir private Path directory = Path.of("");
  private final Map<String, Integer> outcomes = new TreeMap<>();

  private static int find(byte[] file, RecordType type) {
    for (int at = 0; at + LogRecordCodec.HEADER_BYTES <= file.length; at += 4) {
      if (file[at] == 'I'
          && file[at + 1] == 'W'
          && file[at + 2] == 'A'
          && file[at + 3] == 'L'
          && file[at + 5] == type.code()) {
        return at;
      }
    }
    throw new AssertionError("no " + type);
  }

  private void flipEach(RecordType type, boolean closed) throws IOException {
    Path log = directory.resolve("log");
    List<Path> files = Logs.rollFiles(log);
    Path file = files.getFirst();
    byte[] sound = Files.readAllBytes(file);
    int at = find(sound, type);
    for (var field : new ArrayList<>(FIELDS.entrySet())) {
      for (int end = 0; end < 2; end++) {
        byte[] bytes = sound.clone();
        bytes[at + field.getValue()[0] + end * (field.getValue()[1] - 1)] ^=
            (byte) (end == 0 ? 1 : 0x80);
        Files.write(file, bytes);
        for (var boot : List.of(Logs.BOOT, Logs.OTHER_BOOT)) {
          try (RecoveredLog found = Logs.open(log, boot)) {
            assertEquals(LAST, found.lastLsn(), field.getKey());
            assertEquals(LAST, Logs.check(found, 1), field.getKey());
            assertFalse(closed && found.cleanClose(), field.getKey() + " passes for a clean close");
            outcomes.merge(type + " RIGHT", 1, Integer::sum);
          } catch (LogCorruptException e) {
            outcomes.merge(type + " REFUSED", 1, Integer::sum);
          }
        }
      }
    }
    Files.write(file, sound);
  }

  @Test
  void marksAreNeverMoreThanMarks() throws IOException {
    WriteAheadLog log = Logs.begin(directory.resolve("log"));
    Logs.append(log, 1, LAST);
    log.force();
    log.idle();
    log.closeClean();
    try (RecoveredLog found = Logs.open(directory.resolve("log"), Logs.BOOT)) {
      assertTrue(found.cleanClose());
    }
    flipEach(RecordType.CLEAN_CLOSE, true);
    flipEach(RecordType.DURABLE_MARK, false);
    System.out.println("LogFieldDamageTest: " + FIELDS.size() + " fields: " + outcomes);
    assertEquals(2 * 2 * 2 * FIELDS.size(), outcomes.values().stream().mapToInt(i -> i).sum());
  }
}
