package dev.isthmus.wal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A log on a real file system that others fill, and on a disk that can't write back. */
final class FullFileSystemIT {

  private static final long MIB = 1L << 20;

  @TempDir Path temp;

  /** Appends until the log refuses; returns the newest LSN that was taken. */
  private static long appendUntilFull(WriteAheadLog log) {
    while (true) {
      try {
        Logs.append(log, log.appendedLsn() + 1, log.appendedLsn() + 1);
      } catch (LogFullException e) {
        return log.appendedLsn();
      }
    }
  }

  private static void awaitRoom(WriteAheadLog log) {
    for (int i = 0; ; i++) {
      try {
        log.requireRoom();
        return;
      } catch (LogFullException e) {
        assertTrue(i < 500, "still " + e.getMessage());
        LockSupport.parkNanos(20_000_000);
      }
    }
  }

  @Test
  @Timeout(120)
  void othersThatFillTheFileSystemAreBackPressureAndLoseNothing() throws Exception {
    var random = new Random(7);
    try (var mount = TemporaryMount.tmpfs(temp.resolve("full"), 40 * MIB)) {
      Path directory = mount.path().resolve("log");
      WriteAheadLog log = Logs.begin(directory);
      int refused = 0;
      for (int round = 0; round < 12; round++) {
        // The first rounds fill at rest, the others while a writer runs through its roll files.
        long pauseNanos = round < 3 ? 0 : random.nextLong(30_000_000);
        Thread other =
            Thread.ofPlatform()
                .start(() -> {
                  LockSupport.parkNanos(pauseNanos);
                  try {
                    mount.fill();
                  } catch (IOException e) {
                    throw new AssertionError(e);
                  }
                });
        if (round < 3) {
          other.join();
        }
        long newest = appendUntilFull(log);
        other.join();
        appendUntilFull(log);
        var full = assertThrows(LogFullException.class, log::requireRoom);
        String why = String.valueOf(full.getMessage());
        if (why.contains(" bytes free")) {
          refused++;
          assertTrue(why.contains(mount.path().toString()), why);
          assertTrue(why.contains("make room"), why);
        }
        log.force();
        mount.free();
        log.trim(Math.max(0, newest - 100));
        awaitRoom(log);
        Logs.append(log, log.appendedLsn() + 1, log.appendedLsn() + 20);
      }
      assertTrue(refused >= 8, refused + " of 12 rounds met a full file system");
      long newest = log.appendedLsn();
      mount.fill();
      log.closeClean();
      mount.free();
      try (RecoveredLog found = Logs.open(directory, Logs.BOOT)) {
        assertTrue(found.cleanClose());
        assertEquals(newest, Logs.check(found, found.firstLsn()));
      }
    }
  }

  @Test
  @Timeout(60)
  void aTermThatFindsNoRoomSaysSoAndLeavesNothing() throws IOException {
    try (var mount = TemporaryMount.tmpfs(temp.resolve("full"), 16 * MIB)) {
      Path directory = mount.path().resolve("log");
      WriteAheadLog log = Logs.create(directory).startAppending();
      mount.fill();
      var full = assertThrows(LogFullException.class, () -> log.beginEpoch(Logs.EPOCH_1, 0));
      String why = String.valueOf(full.getMessage());
      assertTrue(why.contains(directory.toString()), why);
      assertTrue(why.contains("needs 2097152 bytes"), why);
      assertTrue(why.contains(" bytes free"), why);
      try (Stream<Path> left = Files.list(directory)) {
        assertEquals(List.of("lock"), left.map(path -> path.getFileName().toString()).toList());
      }
      mount.free();
      log.beginEpoch(Logs.EPOCH_1, 0);
      Logs.append(log, 1, 50);
      log.close();
      mount.fill();
      WriteAheadLog next = Logs.open(directory, Logs.BOOT).startAppending();
      assertThrows(
          LogFullException.class, () -> next.beginEpoch(new LogEpoch(2, Logs.WRITER, 1), 50));
      next.close();
      mount.free();
      try (RecoveredLog found = Logs.open(directory, Logs.BOOT)) {
        assertEquals(50, Logs.check(found, 1));
      }
    }
  }

  /** Nothing of the test's stands between the log and the kernel here. */
  @Test
  @Timeout(60)
  void aDiskThatCannotWriteBackFailsTheForceOnceAndForAll() throws IOException {
    try (var mount = TemporaryMount.thinDisk(temp.resolve("thin"), 256 * MIB, 24 * MIB)) {
      Path directory = mount.path().resolve("log");
      // Much within one roll file: the disk below hands out space in pieces of some MiB.
      var settings = new LogSettings(96 * MIB, 16 * MIB);
      WriteAheadLog log =
          LogDirectory.create(directory, settings, Logs.VOLUME, Logs.LOG, Logs.booted(Logs.BOOT))
              .startAppending();
      log.beginEpoch(Logs.EPOCH_1, 0);
      var positions = Logs.append(log, 1, 20);
      log.force();
      mount.fill();
      Logs.append(log, 21, 400);
      assertThrows(LogFailedException.class, log::force);
      long durable = log.durableLsn();
      assertEquals(20, durable);
      mount.free();
      assertThrows(LogFailedException.class, log::force);
      assertThrows(LogFailedException.class, log::requireRoom);
      assertEquals(durable, log.durableLsn());
      try (var arena = java.lang.foreign.Arena.ofConfined()) {
        log.read(positions.getFirst(), 0, arena.allocate(512));
      }
      log.close();
      try (RecoveredLog found = Logs.open(directory, Logs.BOOT)) {
        assertTrue(
            found.terms().getLast().bootChanged(), "records may be gone as after a power cut");
        assertTrue(found.lastLsn() >= durable);
        assertEquals(found.lastLsn(), Logs.check(found, 1));
      }
    }
  }

  @Test
  void aLogThatNobodyCameToUseIsDeletedAndNothingElse() throws IOException {
    Path directory = temp.resolve("log");
    WriteAheadLog log = Logs.begin(directory);
    assertThrows(LogInUseException.class, () -> LogDirectory.delete(directory));
    log.close();
    Path stranger = Files.writeString(directory.resolve("notes"), "mine");
    assertThrows(LogFailedException.class, () -> LogDirectory.delete(directory));
    assertEquals("mine", Files.readString(stranger));
    Files.delete(stranger);
    LogDirectory.delete(directory);
    assertFalse(Files.exists(directory));
    LogDirectory.delete(directory);
  }
}
