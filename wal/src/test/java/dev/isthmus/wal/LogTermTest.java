package dev.isthmus.wal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a log tells of a term behind which others were begun. */
final class LogTermTest {

  private static final UUID THIRD_BOOT = new UUID(3, 3);

  @TempDir Path temp;

  private Path directory() {
    return temp.resolve("log");
  }

  /** A term under {@code bootId} that ends without an append, as that of an open in vain. */
  private void beginInVain(long epoch, UUID bootId) {
    WriteAheadLog log = Logs.open(directory(), bootId).startAppending();
    log.beginEpoch(new LogEpoch(epoch, new UUID(7, epoch), 1), log.appendedLsn());
    log.close();
  }

  private LogTerm first(UUID bootId) {
    try (RecoveredLog found = Logs.open(directory(), bootId)) {
      return found.term(1, Logs.WRITER).orElseThrow();
    }
  }

  private void firstTerm(boolean closeCleanly) {
    WriteAheadLog log = Logs.begin(directory());
    Logs.append(log, 1, 200); // more than a roll file
    if (closeCleanly) {
      log.closeClean();
    } else {
      log.close();
    }
  }

  @Test
  void theBootIdIsTheTermsOwn() {
    firstTerm(false);
    assertEquals(new LogTerm(Logs.EPOCH_1, false, false), first(Logs.BOOT));
    assertTrue(first(Logs.OTHER_BOOT).bootChanged());
    assertTrue(first(LogEnvironment.NIL).bootChanged(), "unknown");
    beginInVain(2, Logs.OTHER_BOOT);
    assertTrue(first(Logs.OTHER_BOOT).bootChanged(), "hidden by a later term of this boot");
    beginInVain(3, Logs.OTHER_BOOT);
    try (RecoveredLog found = Logs.open(directory(), Logs.OTHER_BOOT)) {
      assertEquals(
          List.of(true, false, false), found.terms().stream().map(LogTerm::bootChanged).toList());
      assertTrue(found.term(2, Logs.WRITER).isEmpty());
    }
  }

  /** The next term forced all of it, so that a later start of the kernel takes nothing. */
  @Test
  void whatTheNextTermFoundIsKept() {
    firstTerm(false);
    beginInVain(2, Logs.BOOT);
    assertFalse(first(Logs.OTHER_BOOT).bootChanged());
    beginInVain(3, Logs.OTHER_BOOT);
    beginInVain(4, THIRD_BOOT);
    try (RecoveredLog found = Logs.open(directory(), THIRD_BOOT)) {
      assertEquals(
          List.of(false, true, true, false),
          found.terms().stream().map(LogTerm::bootChanged).toList());
      assertEquals(200, found.lastLsn());
    }
  }

  @Test
  void anOrderlyCloseIsSeenBehindLaterTerms() {
    firstTerm(true);
    assertTrue(first(Logs.OTHER_BOOT).closedInOrder());
    beginInVain(2, Logs.OTHER_BOOT);
    beginInVain(3, Logs.OTHER_BOOT);
    assertTrue(first(THIRD_BOOT).closedInOrder());
    try (RecoveredLog found = Logs.open(directory(), Logs.OTHER_BOOT)) {
      assertFalse(found.cleanClose(), "of the newest term");
      assertEquals(
          List.of(true, false, false), found.terms().stream().map(LogTerm::closedInOrder).toList());
    }
  }

  @Test
  void anEmptyTermMayHaveBeenClosedInOrderToo() {
    Logs.begin(directory()).closeClean();
    beginInVain(2, Logs.BOOT);
    assertTrue(first(Logs.BOOT).closedInOrder());
  }

  @Test
  void aTermThatWasCutWasNotClosedInOrder() throws IOException {
    WriteAheadLog log = Logs.begin(directory());
    Logs.append(log, 1, 5);
    log.closeClean();
    Path file = Logs.rollFiles(directory()).getFirst();
    long end;
    try (RollFileScanner scanner =
        new RollFileScanner(
            new FileWindow(file, FileWindow.newBuffer()),
            new LogRecordCodec(),
            new RecordHeader())) {
      while (scanner.next() == RollFileScanner.Step.RECORD) {}
      end = scanner.position();
    }
    assertTrue(first(Logs.OTHER_BOOT).closedInOrder());
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(new byte[] {9, 9, 9, 9}), end);
    }
    beginInVain(2, Logs.OTHER_BOOT);
    assertFalse(first(Logs.OTHER_BOOT).closedInOrder());
  }
}
