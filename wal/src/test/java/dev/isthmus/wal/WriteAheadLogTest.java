package dev.isthmus.wal;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class WriteAheadLogTest {

  @TempDir Path temp;

  private Path directory() {
    return temp.resolve("log");
  }

  @Test
  void whatWasAppendedComesBackAfterACleanClose() {
    WriteAheadLog log = Logs.begin(directory());
    Logs.append(log, 1, 50);
    assertEquals(50, log.appendedLsn());
    assertEquals(0, log.durableLsn());
    log.force();
    assertEquals(50, log.durableLsn());
    Logs.append(log, 51, 60);
    log.closeClean();
    try (RecoveredLog found = Logs.open(directory(), Logs.BOOT)) {
      assertEquals(Logs.LOG, found.logId());
      assertTrue(found.cleanClose());
      assertFalse(found.terms().getLast().bootChanged());
      assertTrue(found.cut().isEmpty());
      assertEquals(1, found.firstLsn());
      assertEquals(60, found.lastLsn());
      assertEquals(60, found.durableLsn());
      assertEquals(60, Logs.check(found, 1));
      assertEquals(60, Logs.check(found, 42));
      assertEquals(60, Logs.check(found, 61));
    }
  }

  @Test
  void closingWithoutTheMarkKeepsAllButSaysSo() {
    WriteAheadLog log = Logs.begin(directory());
    Logs.append(log, 1, 10);
    log.close();
    log.close();
    try (RecoveredLog found = Logs.open(directory(), Logs.OTHER_BOOT)) {
      assertFalse(found.cleanClose());
      assertTrue(found.terms().getLast().bootChanged());
      assertTrue(found.cut().isEmpty());
      assertEquals(10, Logs.check(found, 1));
    }
  }

  @Test
  void readsByPositionAcrossRollsAndReopening() throws IOException {
    WriteAheadLog log = Logs.begin(directory());
    List<Long> positions = Logs.append(log, 1, 200);
    assertTrue(Logs.rollFiles(directory()).size() >= 3);
    checkReads(log, positions);
    log.close();
    try (RecoveredLog found = Logs.open(directory(), Logs.BOOT)) {
      found.replay(
          1,
          (record, payload) ->
              assertEquals(positions.get((int) record.lsn() - 1), record.position()));
      WriteAheadLog again = found.startAppending();
      assertEquals(200, again.appendedLsn());
      assertEquals(200, again.durableLsn());
      checkReads(again, positions);
      again.beginEpoch(new LogEpoch(2, UUID.randomUUID(), 1), 200);
      var more = Logs.append(again, 201, 210);
      checkReads(again, positions);
      assertEquals(10, more.size());
      again.close();
    }
    try (RecoveredLog found = Logs.open(directory(), Logs.BOOT)) {
      assertEquals(210, Logs.check(found, 1));
    }
  }

  private static void checkReads(WriteAheadLog log, List<Long> positions) {
    try (Arena arena = Arena.ofConfined()) {
      for (int i = 0; i < positions.size(); i++) {
        MemorySegment expected = Logs.payloadOf(arena, i + 1L);
        MemorySegment read = arena.allocate(expected.byteSize());
        log.read(positions.get(i), 0, read);
        assertEquals(-1, expected.mismatch(read), "LSN " + (i + 1));
        if (expected.byteSize() >= 1024) {
          MemorySegment part = arena.allocate(512);
          log.read(positions.get(i), 512, part);
          assertEquals(-1, expected.asSlice(512, 512).mismatch(part));
        }
      }
    }
  }

  @Test
  void generationsFollowEachOtherAndEpochsAreKnown() {
    Logs.begin(directory()).close();
    long last = 0;
    for (int epoch = 2; epoch <= 6; epoch++) {
      try (RecoveredLog found = Logs.open(directory(), Logs.BOOT)) {
        assertEquals(epoch - 1, found.state().orElseThrow().epoch().epoch());
        assertEquals(epoch - 1, found.state().orElseThrow().generation());
        assertEquals(last, found.lastLsn());
        assertEquals(last, Logs.check(found, 1));
        WriteAheadLog log = found.startAppending();
        log.beginEpoch(new LogEpoch(epoch, new UUID(7, epoch), epoch), last);
        Logs.append(log, last + 1, last + 20);
        last += 20;
        log.close();
      }
    }
    try (RecoveredLog found = Logs.open(directory(), Logs.BOOT)) {
      assertEquals(6, found.terms().size());
      assertTrue(found.hasBegun(4, new UUID(7, 4)));
      assertFalse(found.hasBegun(4, new UUID(7, 5)));
      assertEquals(6, found.state().orElseThrow().epoch().incarnation());
    }
  }

  @Test
  void anEpochBegunTwiceInOneSessionIsANewGeneration() {
    WriteAheadLog log = Logs.begin(directory());
    Logs.append(log, 1, 5);
    var second = new LogEpoch(2, UUID.randomUUID(), 1);
    log.beginEpoch(second, 5);
    Logs.append(log, 6, 9);
    assertThrows(
        IllegalArgumentException.class,
        () -> log.beginEpoch(new LogEpoch(2, UUID.randomUUID(), 1), 9));
    log.close();
    try (RecoveredLog found = Logs.open(directory(), Logs.BOOT)) {
      assertEquals(
          List.of(Logs.EPOCH_1, second), found.terms().stream().map(LogTerm::epoch).toList());
      assertEquals(9, Logs.check(found, 1));
    }
  }

  @Test
  void aBucketThatRanAheadLeavesAGap() {
    WriteAheadLog log = Logs.begin(directory());
    Logs.append(log, 1, 5);
    log.close();
    WriteAheadLog ahead = Logs.open(directory(), Logs.BOOT).startAppending();
    ahead.beginEpoch(new LogEpoch(2, Logs.WRITER, 1), 100);
    assertEquals(100, ahead.durableLsn());
    Logs.append(ahead, 101, 110);
    ahead.close();
    try (RecoveredLog found = Logs.open(directory(), Logs.BOOT)) {
      assertEquals(101, found.firstLsn());
      assertEquals(110, found.lastLsn());
      assertEquals(110, Logs.check(found, 101));
      var corrupt = assertThrows(LogCorruptException.class, () -> found.replay(5, (r, p) -> {}));
      assertEquals(5, corrupt.expectedLsn());
      var count = new int[1];
      found.replayAll((r, p) -> count[0]++);
      assertEquals(15, count[0]);
    }
  }

  @Test
  void trimDeletesWholeFilesAndLeavesTheRest() throws IOException {
    WriteAheadLog log = Logs.begin(directory());
    List<Long> positions = Logs.append(log, 1, 300);
    int before = Logs.rollFiles(directory()).size();
    long size = log.sizeBytes();
    log.trim(150);
    int after = Logs.rollFiles(directory()).size();
    assertTrue(after < before && after > 1, before + " files, then " + after);
    assertTrue(log.sizeBytes() < size);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment one = arena.allocate(512);
      assertThrows(LogTrimmedException.class, () -> log.read(positions.getFirst(), 0, one));
    }
    log.force();
    Logs.append(log, 301, 320);
    log.trim(Long.MAX_VALUE);
    assertEquals(1, Logs.rollFiles(directory()).stream().filter(Logs::holdsRecords).count());
    Logs.append(log, 321, 330);
    log.close();
    try (RecoveredLog found = Logs.open(directory(), Logs.OTHER_BOOT)) {
      assertTrue(found.firstLsn() > 150);
      assertEquals(330, Logs.check(found, found.firstLsn()));
      assertThrows(LogCorruptException.class, () -> found.replay(150, (r, p) -> {}));
    }
  }

  /** A trim is asked for beside the volume's loop, which may have closed the log by then. */
  @Test
  void trimOfAClosedLogDoesNothing() throws IOException {
    WriteAheadLog log = Logs.begin(directory());
    Logs.append(log, 1, 300);
    log.close();
    int before = Logs.rollFiles(directory()).size();
    log.trim(150);
    assertEquals(before, Logs.rollFiles(directory()).size());
  }

  @Test
  void trimRemovesOlderGenerationsWithTheirDirectories() throws IOException {
    WriteAheadLog first = Logs.begin(directory());
    Logs.append(first, 1, 100);
    first.close();
    WriteAheadLog second = Logs.open(directory(), Logs.BOOT).startAppending();
    second.beginEpoch(new LogEpoch(2, Logs.WRITER, 1), 100);
    assertEquals(2, LogFiles.generationDirectories(directory()).size());
    second.trim(100);
    assertEquals(1, LogFiles.generationDirectories(directory()).size());
    Logs.append(second, 101, 110);
    second.close();
    try (RecoveredLog found = Logs.open(directory(), Logs.BOOT)) {
      assertEquals(110, Logs.check(found, 101));
    }
  }

  @Test
  void aFullLogRefusesAndGoesOnAfterATrim() {
    var settings = new LogSettings(3L << 20, 1L << 20);
    WriteAheadLog log =
        LogDirectory.create(directory(), settings, Logs.VOLUME, Logs.LOG, Logs.booted(Logs.BOOT))
            .startAppending();
    log.beginEpoch(Logs.EPOCH_1, 0);
    boolean full = false;
    for (int i = 0; i < 1000 && !full; i++) {
      try {
        Logs.append(log, log.appendedLsn() + 1, log.appendedLsn() + 1);
      } catch (LogFullException _) {
        full = true;
      }
    }
    assertTrue(full);
    assertTrue(log.sizeBytes() <= log.capacityBytes());
    long last = log.appendedLsn();
    log.force();
    assertEquals(last, log.durableLsn());
    log.trim(last);
    Logs.append(log, last + 1, last + 50);
    log.closeClean();
    try (RecoveredLog found = Logs.open(directory(), Logs.BOOT)) {
      assertEquals(last + 50, Logs.check(found, found.firstLsn()));
    }
  }

  @Test
  void aLogThatACrashLeftFullCanBeOpened() {
    var settings = new LogSettings(3L << 20, 1L << 20);
    WriteAheadLog log =
        LogDirectory.create(directory(), settings, Logs.VOLUME, Logs.LOG, Logs.booted(Logs.BOOT))
            .startAppending();
    for (int epoch = 1; epoch <= 4; epoch++) {
      long last = log.appendedLsn();
      log.beginEpoch(new LogEpoch(epoch, Logs.WRITER, 1), last);
      WriteAheadLog open = log;
      assertThrows(LogFullException.class, () -> Logs.append(open, last + 1, last + 1000));
      assertTrue(log.sizeBytes() <= log.capacityBytes() + (1L << 20));
      long full = log.appendedLsn();
      log.close();
      RecoveredLog found =
          LogDirectory.open(directory(), settings, Logs.VOLUME, Logs.booted(Logs.BOOT));
      assertEquals(full, Logs.check(found, 1));
      log = found.startAppending();
    }
    log.beginEpoch(new LogEpoch(9, Logs.WRITER, 1), log.appendedLsn());
    log.trim(log.appendedLsn());
    Logs.append(log, log.appendedLsn() + 1, log.appendedLsn() + 20);
    log.close();
  }

  @Test
  void refusesWhatDoesNotFit() {
    WriteAheadLog log = Logs.begin(directory());
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment ok = arena.allocate(512);
      MemorySegment tooLong = arena.allocate(WriteAheadLog.MAX_PAYLOAD_BYTES + 512);
      refused(log, RecordType.WRITE, 0, 1, 65, tooLong);
      refused(log, RecordType.WRITE, 0, 1, 2, ok);
      refused(log, RecordType.WRITE, 0, 2, 1, ok);
      refused(log, RecordType.WRITE, 1, 1, 1, ok);
      refused(log, RecordType.DISCARD, 0, 1, 1, ok);
      refused(log, RecordType.STATE, 0, 1, 0, MemorySegment.NULL);
      refused(log, RecordType.WRITE, 0, 1, 1, MemorySegment.ofArray(new byte[512]));
      MemorySegment gone;
      try (Arena closed = Arena.ofConfined()) {
        gone = closed.allocate(512);
      }
      refused(log, RecordType.WRITE, 0, 1, 1, gone);
      log.append(RecordType.WRITE, WriteAheadLog.FLAG_FUA, 1, 1, 0, 1, ok, Logs.crc(ok));
    }
    log.close();
    assertThrows(IllegalStateException.class, log::force);
    assertThrows(IllegalStateException.class, log::idle);
  }

  private static void refused(
      WriteAheadLog log, RecordType type, int flags, long lsn, long sectors, MemorySegment data) {
    assertThrows(
        IllegalArgumentException.class, () -> log.append(type, flags, lsn, 1, 0, sectors, data, 0));
  }

  @Test
  void appendingBelongsToOneThread() throws InterruptedException {
    WriteAheadLog log = Logs.begin(directory());
    var thrown = new AtomicReference<Throwable>();
    Thread other =
        Thread.ofPlatform()
            .start(() -> {
              try {
                Logs.append(log, 1, 1);
              } catch (IllegalStateException e) {
                thrown.set(e);
              }
            });
    other.join();
    assertTrue(thrown.get() instanceof IllegalStateException, "was " + thrown.get());
    Logs.append(log, 1, 1);
    log.close();
  }

  @Test
  void secondOpenersAreTurnedAwayAndTheFirstKeepsItsLock() {
    WriteAheadLog log = Logs.begin(directory());
    assertThrows(LogInUseException.class, () -> Logs.open(directory(), Logs.BOOT));
    assertThrows(LogInUseException.class, () -> LogDirectory.setAside(directory()));
    assertThrows(LogInUseException.class, () -> Logs.create(directory()));
    log.close();
    RecoveredLog found = Logs.open(directory(), Logs.BOOT);
    assertThrows(LogInUseException.class, () -> Logs.open(directory(), Logs.BOOT));
    found.close();
    assertThrows(IllegalStateException.class, () -> Logs.create(directory()));
  }

  @Test
  void aDivergentLogIsKeptAside() throws IOException {
    WriteAheadLog log = Logs.begin(directory());
    Logs.append(log, 1, 10);
    log.close();
    Path aside = Logs.open(directory(), Logs.BOOT).setAside();
    assertFalse(Files.exists(directory()));
    assertFalse(LogDirectory.exists(directory()));
    assertThrows(LogAbsentException.class, () -> Logs.open(directory(), Logs.BOOT));
    Logs.begin(directory()).close();
    assertFalse(LogDirectory.setAside(directory()).equals(aside));
    try (RecoveredLog found = Logs.open(aside, Logs.BOOT)) {
      assertEquals(10, Logs.check(found, 1));
    }
  }

  @Test
  void aLogOfAnotherVolumeIsRefused() {
    Logs.begin(directory()).close();
    var e =
        assertThrows(
            LogCorruptException.class,
            () ->
                LogDirectory.open(
                    directory(), Logs.SMALL, UUID.randomUUID(), Logs.booted(Logs.BOOT)));
    assertTrue(String.valueOf(e.getMessage()).contains("belongs to volume"));
  }

  @Test
  void aDurableMarkIsWrittenOnceAndOnlyIfNothingElseSaysSo() throws IOException {
    WriteAheadLog log = Logs.begin(directory());
    Logs.append(log, 1, 3);
    log.idle();
    assertEquals(4, records());
    log.force();
    log.idle();
    assertEquals(5, records());
    log.idle();
    Logs.append(log, 4, 4);
    log.force();
    Logs.append(log, 5, 5);
    log.idle();
    assertEquals(7, records());
    log.close();
    try (RecoveredLog found = Logs.open(directory(), Logs.OTHER_BOOT)) {
      assertEquals(4, found.durableLsn());
      assertEquals(5, Logs.check(found, 1));
    }
  }

  private int records() throws IOException {
    String all = Files.readString(Logs.rollFiles(directory()).getFirst(), ISO_8859_1);
    return all.split("IWAL", -1).length - 1;
  }

  /**
   * A container's process is always number 1, so a dead writer's lock in Chronicle's table looks
   * like its own. The table of a dead writer is never opened, whatever is in it.
   */
  @Test
  void whatADeadWritersTableHoldsDoesNotMatter() throws IOException {
    WriteAheadLog log = Logs.begin(directory());
    Logs.append(log, 1, 3);
    log.close();
    Path table = LogFiles.generationDirectory(directory(), 1).resolve("metadata.cq4t");
    byte[] garbage = new byte[(int) Files.size(table)];
    new java.util.Random(1).nextBytes(garbage);
    Files.write(table, garbage);
    WriteAheadLog next = Logs.open(directory(), Logs.BOOT).startAppending();
    next.beginEpoch(new LogEpoch(2, Logs.WRITER, 1), 3);
    Logs.append(next, 4, 6);
    assertArrayEquals(garbage, Files.readAllBytes(table), "nobody opened it");
    next.closeClean();
    try (RecoveredLog found = Logs.open(directory(), Logs.BOOT)) {
      assertEquals(6, Logs.check(found, 1));
    }
  }
}
