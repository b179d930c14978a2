package dev.isthmus.wal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.UUID;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What an examination tells of good and bad logs. {@link LogRecoveryFuzz} judges it too. */
final class LogExaminationTest {

  @TempDir Path temp;

  private Path directory() {
    return temp.resolve("log");
  }

  private LogReport report(UUID bootId) {
    try (LogExamination examination = LogExamination.of(directory(), Logs.booted(bootId))) {
      return examination.report();
    }
  }

  private List<Long> counted(UUID bootId) {
    var lsns = new ArrayList<Long>();
    try (LogExamination examination = LogExamination.of(directory(), Logs.booted(bootId))) {
      examination.visit((entry, payload) -> {
        if (entry.counts() && entry.record().type().isData()) {
          Logs.checkRecord(entry.record(), payload, entry.record().lsn());
          lsns.add(entry.record().lsn());
        }
      });
    }
    return lsns;
  }

  private static List<Long> range(long from, long to) {
    return LongStream.rangeClosed(from, to).boxed().toList();
  }

  /** Breaks the record whose payload lies at {@code position}. */
  private void breakRecord(long position) throws IOException {
    Path file =
        LogFiles.list(directory()).stream()
            .filter(f -> f.number() == (int) (position >>> 32))
            .findFirst()
            .orElseThrow()
            .path();
    write(file, (position & 0xffff_ffffL) - 60, new byte[] {1, 2, 3, 4, 5, 6, 7});
  }

  private static void write(Path file, long at, byte[] bytes) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(bytes), at);
    }
  }

  private Map<String, Integer> contents() throws IOException {
    var contents = new TreeMap<String, Integer>();
    try (var files = Files.walk(directory())) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        contents.put(file.toString(), Arrays.hashCode(Files.readAllBytes(file)));
      }
    }
    return contents;
  }

  @Test
  void aLogOfSeveralGenerationsIsDescribed() throws IOException {
    WriteAheadLog log = Logs.begin(directory());
    Logs.append(log, 1, 100);
    log.force();
    log.close();
    log = Logs.open(directory(), Logs.OTHER_BOOT).startAppending();
    var second = new LogEpoch(4, new UUID(7, 7), 2);
    log.beginEpoch(second, 120); // the bucket had run ahead
    Logs.append(log, 121, 130);
    log.closeClean();
    Map<String, Integer> before = contents();
    LogReport report = report(Logs.OTHER_BOOT);
    assertEquals(before, contents(), "something was changed");
    assertEquals(LogVerdict.CLEAN, report.verdict());
    assertEquals(Logs.VOLUME, report.volume());
    assertEquals(Logs.LOG, report.logId());
    assertEquals(1, report.firstLsn());
    assertEquals(130, report.lastLsn());
    assertEquals(130, report.durableLsn());
    assertEquals(1, report.firstTimeNanos());
    assertEquals(130, report.lastTimeNanos());
    assertEquals(110, report.dataRecords());
    assertEquals(1, report.records().get(RecordType.CLEAN_CLOSE));
    assertEquals(
        LongStream.rangeClosed(1, 130)
            .filter(lsn -> lsn <= 100 || lsn > 120)
            .map(lsn -> Logs.sectorsOf(lsn) * 512L)
            .sum(),
        report.payloadBytes());
    assertEquals(List.of(new LogGap(101, 120, true)), report.gaps());
    assertEquals(2, report.generations().size());
    LogGeneration first = report.generations().getFirst();
    assertEquals(Logs.EPOCH_1, first.epoch());
    assertEquals(LogGeneration.Began.NEW, first.began());
    assertEquals(Logs.BOOT, first.bootId());
    assertEquals(100, first.records());
    assertFalse(first.closedInOrder());
    LogGeneration last = report.generations().getLast();
    assertEquals(second, last.epoch());
    assertEquals(LogGeneration.Began.OPEN, last.began());
    assertEquals(120, last.baseLsn());
    assertEquals(121, last.firstLsn());
    assertTrue(last.closedInOrder());
    assertEquals(before, contents());
  }

  @Test
  void aCutIsSaidAndWhatLiesBehindItDoesNotCount() throws IOException {
    WriteAheadLog log = Logs.begin(directory());
    Logs.append(log, 1, 5);
    log.force();
    List<Long> positions = Logs.append(log, 6, 10);
    log.close();
    breakRecord(positions.get(2));
    LogReport report = report(Logs.OTHER_BOOT);
    assertEquals(LogVerdict.CUT, report.verdict());
    assertEquals(7, Objects.requireNonNull(report.cut()).lastLsn());
    assertEquals(2, report.voidRecords());
    assertEquals(range(1, 7), counted(Logs.OTHER_BOOT));
    // Cut now by an owner, the void records stay void, and the next generation says why it began.
    log = Logs.open(directory(), Logs.OTHER_BOOT).startAppending();
    log.beginEpoch(new LogEpoch(2, Logs.WRITER, 1), 7);
    Logs.append(log, 8, 12);
    log.close();
    report = report(Logs.OTHER_BOOT);
    assertEquals(LogVerdict.UNCLEAN, report.verdict());
    assertEquals(2, report.voidRecords());
    assertEquals(LogGeneration.Began.AFTER_CUT, report.generations().getLast().began());
    assertEquals(range(1, 12), counted(Logs.OTHER_BOOT));
  }

  @Test
  void ofACorruptLogEverythingWholeIsThereAndTheGapsAreSaid() throws IOException {
    WriteAheadLog log = Logs.begin(directory());
    List<Long> positions = Logs.append(log, 1, 300);
    log.force();
    log.idle();
    log.close();
    for (int lsn : new int[] {20, 21, 150, 300}) {
      breakRecord(positions.get(lsn - 1));
    }
    LogReport report = report(Logs.BOOT);
    assertEquals(LogVerdict.CORRUPT, report.verdict());
    assertEquals(20, Objects.requireNonNull(report.damage()).expectedLsn());
    assertEquals(
        List.of(
            new LogGap(20, 21, false), new LogGap(150, 150, false), new LogGap(300, 300, false)),
        report.gaps());
    assertEquals(300, report.durableLsn());
    var expected = new ArrayList<>(range(1, 299));
    expected.removeAll(List.of(20L, 21L, 150L));
    assertEquals(expected, counted(Logs.BOOT));
  }

  /**
   * What a newer generation overwrote in the order is void, even if its first record is damaged.
   */
  @Test
  void aDamagedStateRecordDoesNotBringVoidRecordsBack() throws IOException {
    WriteAheadLog log = Logs.begin(directory());
    Logs.append(log, 1, 5);
    log.force();
    List<Long> positions = Logs.append(log, 6, 10);
    log.close();
    breakRecord(positions.get(2));
    log = Logs.open(directory(), Logs.OTHER_BOOT).startAppending();
    log.beginEpoch(new LogEpoch(2, Logs.WRITER, 1), 7);
    Logs.append(log, 8, 12);
    log.force();
    log.close();
    Path newest = Logs.rollFiles(directory()).getLast();
    try (RollFileScanner scanner =
        new RollFileScanner(
            new FileWindow(newest, FileWindow.newBuffer()),
            new LogRecordCodec(),
            new RecordHeader())) {
      assertEquals(RollFileScanner.Step.RECORD, scanner.next());
      write(newest, scanner.recordOffset() + 30, new byte[] {1, 2, 3});
    }
    LogReport report = report(Logs.OTHER_BOOT);
    assertEquals(LogVerdict.CORRUPT, report.verdict());
    assertEquals(2, report.voidRecords());
    assertNull(report.generations().getLast().epoch());
    assertEquals(range(1, 12), counted(Logs.OTHER_BOOT));
  }

  @Test
  void anOpenLogIsLeftAlone() {
    WriteAheadLog log = Logs.begin(directory());
    assertThrows(LogInUseException.class, () -> LogExamination.of(directory()));
    log.close();
    try (LogExamination examination = LogExamination.of(directory())) {
      assertEquals(LogVerdict.UNCLEAN, examination.report().verdict());
      assertThrows(LogInUseException.class, () -> Logs.open(directory(), Logs.BOOT));
    }
    Logs.open(directory(), Logs.BOOT).close();
  }

  @Test
  void noLogAndAnEmptyOne() throws IOException {
    assertThrows(LogAbsentException.class, () -> LogExamination.of(directory()));
    Path generation = Files.createDirectories(directory().resolve("generation-0000000001"));
    Files.write(generation.resolve(LogFiles.fileName(1)), new byte[8192]);
    LogReport report = report(Logs.BOOT);
    assertEquals(LogVerdict.EMPTY, report.verdict());
    assertEquals(8192, report.diskBytes());
    assertNotNull(report.volume());
  }
}
