package dev.isthmus.wal;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A scanned log. Threading: as {@link RecoveredLog} says. */
final class RecoveredChronicleLog implements RecoveredLog {

  private final Path directory;
  private final LogSettings settings;
  private final LogEnvironment environment;
  private final DirectoryLock lock;
  private final UUID volume;
  private final UUID logId;
  private final LogScan scan;
  private final LogScan.Result found;
  private boolean done;

  RecoveredChronicleLog(
      Path directory,
      LogSettings settings,
      LogEnvironment environment,
      DirectoryLock lock,
      UUID volume,
      UUID logId,
      LogScan scan,
      LogScan.Result found) {
    this.directory = directory;
    this.settings = settings;
    this.environment = environment;
    this.lock = lock;
    this.volume = volume;
    this.logId = logId;
    this.scan = scan;
    this.found = found;
  }

  @Override
  public UUID logId() {
    return logId;
  }

  private LogScan.@Nullable ChainFile newest() {
    return found.chain().isEmpty() ? null : found.chain().getLast();
  }

  private static LogEpoch epochOf(FileHead head) {
    return new LogEpoch(head.epoch(), head.state().writer(), head.state().incarnation());
  }

  @Override
  public Optional<LogState> state() {
    return Optional.ofNullable(newest())
        .map(LogScan.ChainFile::head)
        .map(head ->
            new LogState(
                epochOf(head), head.state().bootId(), head.generation(), head.state().baseLsn()));
  }

  @Override
  public boolean cleanClose() {
    return found.cleanClose();
  }

  @Override
  public long firstLsn() {
    long first = denseFrom();
    return first <= lastLsn() ? first : 0;
  }

  /** The LSN from which on nothing is missing; one above the last where there is no record. */
  private long denseFrom() {
    for (LogScan.ChainFile file : found.chain().reversed()) {
      FileHead head = file.head();
      boolean bucketWasAhead = head.state().baseLsn() > head.lsn();
      if (bucketWasAhead || file.equals(found.chain().getFirst())) {
        return head.state().baseLsn() + 1;
      }
    }
    return 1;
  }

  @Override
  public long lastLsn() {
    LogScan.ChainFile newest = newest();
    return newest == null ? 0 : newest.lastLsn();
  }

  @Override
  public long durableLsn() {
    return found.durableLsn();
  }

  @Override
  public Optional<LogCut> cut() {
    return Optional.ofNullable(found.cut());
  }

  @Override
  public List<LogTerm> terms() {
    var terms = new ArrayList<LogTerm>();
    UUID recoveredUnder = ForceFailure.trustedBoot(directory, environment);
    List<LogScan.ChainFile> chain = found.chain();
    int end = chain.size();
    while (end > 0) {
      LogEpoch epoch = epochOf(chain.get(end - 1).head());
      int start = end;
      boolean bootChanged = recoveredUnder.equals(LogEnvironment.NIL);
      while (start > 0 && epochOf(chain.get(start - 1).head()).equals(epoch)) {
        start--;
        bootChanged |= !chain.get(start).head().state().bootId().equals(recoveredUnder);
      }
      terms.addFirst(new LogTerm(epoch, chain.get(end - 1).closedInOrder(), bootChanged));
      recoveredUnder = chain.get(start).head().state().bootId();
      end = start;
    }
    return List.copyOf(terms);
  }

  @Override
  public void replay(long fromLsn, LogVisitor visitor) {
    requireOpen();
    if (fromLsn <= lastLsn() && fromLsn < denseFrom()) {
      throw new LogCorruptException(
          directory,
          0,
          fromLsn,
          lastLsn(),
          "the log lacks records from LSN " + fromLsn + " to " + (denseFrom() - 1));
    }
    visit(fromLsn, visitor);
  }

  @Override
  public void replayAll(LogVisitor visitor) {
    requireOpen();
    visit(0, visitor);
  }

  private void visit(long fromLsn, LogVisitor visitor) {
    try {
      for (LogScan.ChainFile file : found.chain()) {
        if (file.hasData() && file.lastLsn() >= fromLsn) {
          scan.revisit(file, (at, scanner) -> visit(at, scanner, fromLsn, visitor));
        }
      }
    } catch (IOException e) {
      throw failed("replaying", e);
    }
  }

  private static void visit(
      LogFiles.Found file, RollFileScanner scanner, long fromLsn, LogVisitor visitor) {
    RecordHeader header = scanner.record();
    if (header.lsn < fromLsn) {
      return;
    }
    LogRecord record = scanner.toRecord(file);
    // The scanner has checked the payload's CRC on the way.
    visitor.visit(
        record, into -> MemorySegment.copy(scanner.payload(), 0, into, 0, record.payloadLength()));
  }

  @Override
  public WriteAheadLog startAppending() {
    requireOpen();
    var table = new RollTable(directory);
    boolean started = false;
    try {
      // The note goes when the next term is durable, which names no boot then: that keeps saying,
      // to whoever finds it not in effect, that the one before it may have lost its unforced tail.
      LogEnvironment machine =
          ForceFailure.isNoted(directory) ? environment.withoutBoot() : environment;
      adopt(table);
      WriteAheadLog log =
          new ChronicleLog(directory, settings, machine, lock, table, volume, logId, start());
      started = true;
      done = true;
      return log;
    } catch (IOException e) {
      throw failed("taking over", e);
    } finally {
      if (!started) {
        table.close();
      }
    }
  }

  /**
   * Opens every file and forces those that count. What a crashed process wrote is perhaps only in
   * the page cache, while the next generation's first force would say that all before it is
   * durable.
   */
  private void adopt(RollTable table) throws IOException {
    boolean distrusted = ForceFailure.isNoted(directory);
    int chainIndex = 0;
    List<LogScan.ChainFile> chain = found.chain();
    for (LogFiles.Found file : found.files()) {
      if (isEmptyRemainder(file)) {
        Files.delete(file.path());
        continue;
      }
      FileChannel channel =
          RollFile.openChannel(
              file.path(), Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE));
      long lastLsn = chain.isEmpty() ? 0 : chain.getLast().lastLsn();
      boolean counts =
          chainIndex < chain.size() && chain.get(chainIndex).file().number() == file.number();
      if (counts) {
        lastLsn = chain.get(chainIndex++).lastLsn();
      }
      var rollFile = new RollFile(file.number(), file.path(), channel, channel.size(), lastLsn);
      table.add(rollFile);
      if (counts) {
        if (distrusted) {
          ForceFailure.rewrite(channel, chain.get(chainIndex - 1).endOffset());
        }
        force(file.path(), channel);
        if (chainIndex == chain.size() && found.cut() == null) {
          // Zeroes that the writer had reserved; in a log cut now they might be someone's evidence.
          rollFile.shrinkTo(chain.getLast().endOffset() + ChronicleLog.TAIL_BYTES);
        }
      }
    }
    for (Path generation : LogFiles.generationDirectories(directory)) {
      environment.forcer().forceNames(generation);
    }
    environment.forcer().forceNames(directory);
  }

  /** A file prepared ahead by a process that crashed: the scan found nothing in or before it. */
  private boolean isEmptyRemainder(LogFiles.Found file) {
    LogScan.ChainFile newest = newest();
    return newest != null && found.cut() == null && file.number() > newest.file().number();
  }

  private void force(Path file, FileChannel channel) throws IOException {
    try {
      environment.forcer().force(file, channel);
    } catch (IOException e) {
      ForceFailure.note(directory);
      throw e;
    }
  }

  private ChronicleLog.Start start() throws IOException {
    LogScan.ChainFile newest = newest();
    int highestFile = found.files().isEmpty() ? 0 : found.files().getLast().number();
    int highestGeneration = LogFiles.highestGeneration(directory);
    if (newest == null) {
      return new ChronicleLog.Start(
          highestFile + 1, highestGeneration + 1, 0, 0, 0, 0, null, StatePayload.REASON_NEW);
    }
    FileHead head = newest.head();
    return new ChronicleLog.Start(
        highestFile + 1,
        Math.max(highestGeneration, head.generation()) + 1,
        newest.file().number(),
        head.generation(),
        newest.lastLsn(),
        head.epoch(),
        head.state().writer(),
        found.cut() == null ? StatePayload.REASON_OPEN : StatePayload.REASON_CUT);
  }

  @Override
  public Path setAside() {
    requireOpen();
    try {
      return LogDirectory.rename(directory);
    } finally {
      close();
    }
  }

  private LogFailedException failed(String what, IOException e) {
    return new LogFailedException(what + " the log in " + directory + ": " + e.getMessage(), e);
  }

  private void requireOpen() {
    if (done) {
      throw new IllegalStateException("this recovered log was closed or went over to appending");
    }
  }

  @Override
  public void close() {
    if (!done) {
      done = true;
      lock.close();
    }
  }
}
