package dev.isthmus.wal;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Reads every whole record of a log, whatever is wrong with the rest, and tells which of them
 * count.
 *
 * <p>A record counts up to what the next newer generation's first state record says of the files
 * before it ("whatever stands above it is void", docs/FORMAT.md); where that record is damaged, up
 * to the first LSN that the newer generation has itself. And up to the end that recovery found, if
 * it found one. Within a file LSNs ascend.
 *
 * <p>Threading: confined to one thread at a time.
 */
final class LogSurvey {

  /**
   * What is known of a roll file before its records are read.
   *
   * @param generation 0 if there is no whole record in it
   * @param limitLsn newest LSN in it that can count
   */
  private record Source(
      LogFiles.Found file, @Nullable FileHead head, int generation, long firstLsn, long limitLsn) {
    Source limitedTo(long lsn) {
      return new Source(file, head, generation, firstLsn, Math.min(limitLsn, lsn));
    }

    /** What a newer generation leaves of the older ones. */
    long bound() {
      return head == null ? firstLsn - 1 : head.lsn();
    }
  }

  /** What recovery says. */
  record Verdict(LogVerdict word, @Nullable LogCorruptException damage, @Nullable LogCut cut) {}

  private final List<LogFiles.Found> files;
  private final ByteBuffer buffer = FileWindow.newBuffer();
  private final LogRecordCodec codec = new LogRecordCodec();
  private final RecordHeader record = new RecordHeader();
  private final List<Source> sources = new ArrayList<>();
  private @Nullable UUID volume;
  private @Nullable UUID log;
  private long endLsn = Long.MAX_VALUE;

  LogSurvey(List<LogFiles.Found> files) {
    this.files = files;
  }

  /** Reads the beginnings of all files; returns the volume, or null if there is no whole record. */
  @Nullable UUID identify() throws IOException {
    for (LogFiles.Found file : files) {
      sources.add(source(file));
    }
    for (int i = 0; i < sources.size(); i++) {
      for (Source later : sources.subList(i + 1, sources.size())) {
        if (later.generation > sources.get(i).generation) {
          sources.set(i, sources.get(i).limitedTo(later.bound()));
        }
      }
    }
    return volume;
  }

  private Source source(LogFiles.Found file) throws IOException {
    int generation = 0;
    long firstLsn = Long.MAX_VALUE;
    try (RollFileScanner scanner = scanner(file)) {
      while (scanner.resync()) {
        if (!isOurs()) {
          continue;
        }
        FileHead head = FileHead.of(file, record, scanner);
        if (head != null) {
          return new Source(
              file, head, head.generation(), head.state().baseLsn() + 1, Long.MAX_VALUE);
        }
        generation = Math.max(generation, record.generation);
        if (record.type.isData()) {
          firstLsn = Math.min(firstLsn, record.lsn);
        }
      }
    }
    return new Source(file, null, generation, firstLsn, Long.MAX_VALUE);
  }

  /** The first whole record says whose log it is. */
  private boolean isOurs() {
    if (volume == null) {
      volume = record.volume;
      log = record.log;
    }
    return record.volume.equals(volume) && record.log.equals(log);
  }

  /** Nothing above {@code lsn} counts. */
  void setEnd(long lsn) {
    endLsn = lsn;
  }

  void walk(LogEntry.Visitor visitor) throws IOException {
    long lastLsn = 0;
    for (Source source : sources) {
      lastLsn = Math.max(lastLsn, walk(source, lastLsn, visitor));
    }
  }

  private long walk(Source source, long from, LogEntry.Visitor visitor) throws IOException {
    long lastLsn = from;
    FileHead head = source.head;
    if (head != null && head.lsn() <= endLsn) {
      lastLsn = Math.max(lastLsn, head.state().baseLsn());
    }
    try (RollFileScanner scanner = scanner(source.file)) {
      while (scanner.resync()) {
        if (!isOurs()) {
          continue;
        }
        boolean counts = counts(source, scanner, lastLsn);
        if (counts && record.type.isData()) {
          lastLsn = record.lsn;
        }
        LogRecord found = scanner.toRecord(source.file);
        MemorySegment payload = scanner.payload();
        visitor.visit(
            new LogEntry(found, source.file.path(), scanner.recordOffset(), counts),
            into -> MemorySegment.copy(payload, 0, into, 0, found.payloadLength()));
      }
    }
    return lastLsn;
  }

  private boolean counts(Source source, RollFileScanner scanner, long lastLsn) {
    if (record.generation != source.generation || record.lsn > Math.min(source.limitLsn, endLsn)) {
      return false;
    }
    FileHead head = source.head;
    return switch (record.type) {
      // A file has one; its header's LSN is that of the files before.
      case STATE -> head != null && scanner.position() == head.endOffset();
      case CLEAN_CLOSE, DURABLE_MARK -> true;
      default -> record.lsn > lastLsn;
    };
  }

  LogReport report(Path directory, Verdict verdict) throws IOException {
    var summary = new LogSummary();
    for (Source source : sources) {
      if (source.generation > 0) {
        summary.begin(source.generation, source.head, endLsn);
      }
      summary.addFile(Files.size(source.file.path()));
      var _ = walk(source, summary.lastLsn(), (entry, payload) -> summary.add(entry));
    }
    LogCorruptException damage = verdict.damage;
    if (damage != null) {
      summary.endsAt(damage.evidenceLsn());
    }
    var nil = new UUID(0, 0);
    return summary.report(
        directory,
        volume == null ? nil : volume,
        log == null ? nil : log,
        verdict,
        ForceFailure.isNoted(directory));
  }

  private RollFileScanner scanner(LogFiles.Found file) throws IOException {
    return new RollFileScanner(new FileWindow(file.path(), buffer), codec, record);
  }
}
