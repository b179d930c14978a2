package dev.isthmus.wal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What recovery makes of damage, case by case. */
final class LogDamageTest {

  @TempDir Path temp;

  private Path directory() {
    return temp.resolve("log");
  }

  private static void overwrite(Path file, long at, byte[] bytes) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(bytes), at);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** Breaks the header of the record whose payload lies at {@code position}. */
  private void breakRecord(long position) throws IOException {
    overwrite(fileOf(position), (position & 0xffff_ffffL) - 60, new byte[] {1, 2, 3, 4, 5, 6, 7});
  }

  private Path fileOf(long position) throws IOException {
    int number = (int) (position >>> 32);
    return LogFiles.list(directory()).stream()
        .filter(f -> f.number() == number)
        .findFirst()
        .orElseThrow()
        .path();
  }

  @Test
  void aTailNeverForcedIsCutAfterARestartOfTheMachine() throws IOException {
    WriteAheadLog log = Logs.begin(directory());
    Logs.append(log, 1, 5);
    log.force();
    List<Long> positions = Logs.append(log, 6, 10);
    log.close();
    breakRecord(positions.get(2));
    try (RecoveredLog found = Logs.open(directory(), Logs.OTHER_BOOT)) {
      LogCut cut = found.cut().orElseThrow();
      assertEquals(7, cut.lastLsn());
      assertEquals(fileOf(positions.get(2)), cut.file());
      assertEquals(2, cut.voidRecords());
      assertTrue(cut.voidBytes() > 0);
      assertFalse(found.cleanClose());
      assertEquals(7, found.lastLsn());
      assertEquals(5, found.durableLsn());
      assertEquals(7, Logs.check(found, 1));
    }
    // The same damage without a restart can't come from a crash.
    var e = assertThrows(LogCorruptException.class, () -> Logs.open(directory(), Logs.BOOT));
    assertEquals(8, e.expectedLsn());
    assertEquals(10, e.evidenceLsn());
    assertEquals(fileOf(positions.get(2)), e.file());
  }

  @Test
  void damageBelowWhatWasForcedIsCorruptionAndKeepsTheLog() throws IOException {
    WriteAheadLog log = Logs.begin(directory());
    List<Long> positions = Logs.append(log, 1, 5);
    log.force();
    Logs.append(log, 6, 6);
    log.close();
    breakRecord(positions.get(4));
    var e = assertThrows(LogCorruptException.class, () -> Logs.open(directory(), Logs.OTHER_BOOT));
    assertEquals(5, e.expectedLsn());
    Path aside = LogDirectory.setAside(directory());
    assertTrue(LogDirectory.exists(aside));
  }

  @Test
  void aDurableMarkTellsDamageOfTheNewestRecordFromATail() throws IOException {
    WriteAheadLog log = Logs.begin(directory());
    List<Long> positions = Logs.append(log, 1, 5);
    log.force();
    log.idle();
    log.close();
    breakRecord(positions.get(4));
    assertThrows(LogCorruptException.class, () -> Logs.open(directory(), Logs.OTHER_BOOT));
  }

  @Test
  void aZeroDocumentHeaderIsNotBelievedToBeTheEnd() throws IOException {
    WriteAheadLog log = Logs.begin(directory());
    List<Long> positions = Logs.append(log, 1, 9);
    log.close();
    long header = (positions.get(4) & 0xffff_ffffL) - 116;
    overwrite(fileOf(positions.get(4)), header, new byte[4]);
    for (var boot : List.of(Logs.BOOT, Logs.OTHER_BOOT)) {
      try (RecoveredLog found = Logs.open(directory(), boot)) {
        assertTrue(found.cut().isEmpty());
        assertEquals(9, Logs.check(found, 1));
      }
    }
    overwrite(fileOf(positions.get(4)), header, new byte[120]);
    assertThrows(LogCorruptException.class, () -> Logs.open(directory(), Logs.BOOT));
    try (RecoveredLog found = Logs.open(directory(), Logs.OTHER_BOOT)) {
      assertEquals(4, found.cut().orElseThrow().lastLsn());
    }
  }

  @Test
  void voidRecordsStayVoidForever() throws IOException {
    WriteAheadLog log = Logs.begin(directory());
    List<Long> positions = new ArrayList<>(Logs.append(log, 1, 8));
    log.close();
    Path file = fileOf(positions.get(5));
    byte[] undamaged = Files.readAllBytes(file);
    breakRecord(positions.get(5));
    WriteAheadLog after = Logs.open(directory(), Logs.OTHER_BOOT).startAppending();
    assertEquals(5, after.appendedLsn());
    assertThrows(
        IllegalArgumentException.class, () -> after.beginEpoch(new LogEpoch(2, Logs.WRITER, 1), 4));
    after.beginEpoch(new LogEpoch(2, Logs.WRITER, 1), 5);
    Logs.append(after, 6, 7);
    after.close();
    // Even if the old records come back to life.
    Files.write(file, undamaged);
    try (RecoveredLog found = Logs.open(directory(), Logs.OTHER_BOOT)) {
      assertTrue(found.cut().isEmpty());
      assertEquals(7, found.lastLsn());
      var generations = new ArrayList<Integer>();
      found.replay(1, (record, payload) -> generations.add(record.generation()));
      assertEquals(List.of(1, 1, 1, 1, 1, 2, 2), generations);
      assertEquals(7, Logs.check(found, 1));
    }
  }

  @Test
  void aLostFileBehindARollIsACutAtItsBoundary() throws IOException {
    WriteAheadLog log = Logs.begin(directory());
    Logs.append(log, 1, 200);
    log.close();
    List<Path> files = Logs.rollFiles(directory());
    overwrite(files.get(1), 0, new byte[40_000]);
    try (RecoveredLog found = Logs.open(directory(), Logs.OTHER_BOOT)) {
      LogCut cut = found.cut().orElseThrow();
      assertEquals(files.get(0), cut.file());
      assertTrue(cut.voidRecords() > 10);
      WriteAheadLog after = found.startAppending();
      after.beginEpoch(new LogEpoch(2, Logs.WRITER, 1), cut.lastLsn());
      Logs.append(after, cut.lastLsn() + 1, cut.lastLsn() + 5);
      after.close();
      try (RecoveredLog again = Logs.open(directory(), Logs.BOOT)) {
        assertTrue(again.cut().isEmpty());
        assertEquals(cut.lastLsn() + 5, Logs.check(again, 1));
      }
    }
  }

  /** They held LSNs above the log's end, which would never be in the bucket as those. */
  @Test
  void filesOfWhichACutLeftNothingAreTrimmedWithTheLogsEnd() throws IOException {
    WriteAheadLog log = Logs.begin(directory());
    Logs.append(log, 1, 400);
    log.close();
    overwrite(Logs.rollFiles(directory()).get(1), 0, new byte[40_000]);
    RecoveredLog found = Logs.open(directory(), Logs.OTHER_BOOT);
    long end = found.cut().orElseThrow().lastLsn();
    WriteAheadLog after = found.startAppending();
    after.beginEpoch(new LogEpoch(2, Logs.WRITER, 1), end);
    assertTrue(Logs.rollFiles(directory()).size() > 3);
    after.trim(end);
    assertEquals(1, LogFiles.generationDirectories(directory()).size());
    assertEquals(1, Logs.rollFiles(directory()).size());
    after.close();
  }

  @Test
  void aMissingFileInTheMiddleIsCorruptOnceSomethingBehindItIsDurable() throws IOException {
    WriteAheadLog log = Logs.begin(directory());
    Logs.append(log, 1, 200);
    log.force();
    Logs.append(log, 201, 202);
    log.close();
    Files.delete(Logs.rollFiles(directory()).get(1));
    assertThrows(LogCorruptException.class, () -> Logs.open(directory(), Logs.OTHER_BOOT));
  }

  @Test
  void aLostStateRecordOfANewerGenerationIsCorruption() throws IOException {
    WriteAheadLog log = Logs.begin(directory());
    Logs.append(log, 1, 3);
    log.close();
    // The machine restarts, then the process crashes: nothing of the second term may be lost.
    WriteAheadLog second = Logs.open(directory(), Logs.OTHER_BOOT).startAppending();
    second.beginEpoch(new LogEpoch(2, Logs.WRITER, 1), 3);
    List<Long> positions = Logs.append(second, 4, 6);
    second.close();
    long first = positions.getFirst() & 0xffff_ffffL;
    overwrite(fileOf(positions.getFirst()), first - 116 - 60, new byte[8]);
    assertThrows(LogCorruptException.class, () -> Logs.open(directory(), Logs.OTHER_BOOT));
  }

  @Test
  void anAppendThatDidNotReturnIsCutWithoutARestart() throws IOException {
    WriteAheadLog log = Logs.begin(directory());
    List<Long> positions = Logs.append(log, 1, 5);
    log.close();
    // As a kill in the middle of the last append leaves it: length unknown, not complete.
    long at = (positions.getLast() & 0xffff_ffffL) - 116;
    overwrite(fileOf(positions.getLast()), at, new byte[] {0, 0, 0, (byte) 0x80, 0, 0, 0, 0});
    try (RecoveredLog found = Logs.open(directory(), Logs.BOOT)) {
      assertEquals(4, found.cut().orElseThrow().lastLsn());
      assertEquals(4, Logs.check(found, 1));
    }
  }

  @Test
  void anEmptyOrForeignDirectoryIsNoLog() throws IOException {
    assertThrows(LogAbsentException.class, () -> Logs.open(directory(), Logs.BOOT));
    Logs.create(directory()).close();
    assertThrows(LogAbsentException.class, () -> Logs.open(directory(), Logs.BOOT));
    Path generation = LogFiles.generationDirectory(directory(), 1);
    Files.createDirectories(generation);
    Files.write(generation.resolve(LogFiles.fileName(1)), new byte[100_000]);
    assertThrows(LogAbsentException.class, () -> Logs.open(directory(), Logs.BOOT));
    // As a crash within the first beginEpoch leaves it: a new log may still be made.
    WriteAheadLog log = Logs.begin(directory());
    Logs.append(log, 1, 3);
    log.close();
    try (RecoveredLog found = Logs.open(directory(), Logs.BOOT)) {
      assertEquals(3, Logs.check(found, 1));
      assertEquals(2, found.state().orElseThrow().generation());
    }
  }

  @Test
  void someSeedsOfTheFuzz() throws IOException {
    // 155: damaged framing hid a file's state record.
    for (long seed : new long[] {1, 2, 22, 155}) {
      LogRecoveryFuzz.run(temp, seed);
    }
  }
}
