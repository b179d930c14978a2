package dev.isthmus.wal;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Adds up what a {@link LogSurvey} meets. Threading: confined to one thread. */
final class LogSummary {

  private final Map<RecordType, Long> records = new EnumMap<>(RecordType.class);
  private final List<Generation> generations = new ArrayList<>();
  private final List<LogGap> gaps = new ArrayList<>();
  private long diskBytes;
  private int files;
  private long firstLsn;
  private long lastLsn;
  private long durableLsn;
  private long firstTimeNanos;
  private long lastTimeNanos;
  private long payloadBytes;
  private long voidRecords;
  private boolean begun;

  private static final class Generation {
    final int number;
    final @Nullable FileHead head;
    int files;
    long firstLsn;
    long lastLsn;
    long records;
    long payloadBytes;
    long lastTimeNanos;
    boolean closed;

    Generation(int number, @Nullable FileHead head) {
      this.number = number;
      this.head = head;
    }

    LogGeneration result() {
      FileHead first = head;
      return new LogGeneration(
          number,
          first == null
              ? null
              : new LogEpoch(first.epoch(), first.state().writer(), first.state().incarnation()),
          first == null ? LogEnvironment.NIL : first.state().bootId(),
          began(),
          first == null ? 0 : first.timeNanos(),
          first == null ? 0 : first.state().baseLsn(),
          files,
          firstLsn,
          lastLsn,
          records,
          payloadBytes,
          lastTimeNanos,
          closed);
    }

    private LogGeneration.Began began() {
      return switch (head == null ? StatePayload.REASON_ROLL : head.state().reason()) {
        case StatePayload.REASON_NEW -> LogGeneration.Began.NEW;
        case StatePayload.REASON_OPEN -> LogGeneration.Began.OPEN;
        case StatePayload.REASON_CUT -> LogGeneration.Began.AFTER_CUT;
        default -> LogGeneration.Began.UNKNOWN;
      };
    }
  }

  /** The next file begins. */
  void begin(int generation, @Nullable FileHead head, long endLsn) {
    if (generations.isEmpty() || generations.getLast().number != generation) {
      generations.add(new Generation(generation, head));
    }
    generations.getLast().files++;
    if (head == null || head.lsn() > endLsn) {
      return;
    }
    if (begun) {
      missing(lastLsn + 1, head.lsn(), false);
      missing(Math.max(lastLsn, head.lsn()) + 1, head.state().baseLsn(), true);
    }
    // What stood before the oldest file was trimmed: that is no gap.
    begun = true;
    lastLsn = Math.max(lastLsn, head.state().baseLsn());
    durableLsn = Math.max(durableLsn, Math.min(head.durableLsn(), endLsn));
  }

  private void missing(long from, long to, boolean inBucket) {
    if (from <= to) {
      gaps.add(new LogGap(from, to, inBucket));
    }
  }

  void addFile(long sizeBytes) {
    files++;
    diskBytes += sizeBytes;
  }

  long lastLsn() {
    return lastLsn;
  }

  void add(LogEntry entry) {
    LogRecord record = entry.record();
    if (!entry.counts()) {
      voidRecords += record.type().isData() ? 1 : 0;
      return;
    }
    records.merge(record.type(), 1L, Long::sum);
    durableLsn = Math.max(durableLsn, record.type() == RecordType.STATE ? 0 : record.durableLsn());
    Generation generation = generations.getLast();
    generation.closed = record.type() == RecordType.CLEAN_CLOSE;
    if (!record.type().isData()) {
      return;
    }
    if (begun) {
      missing(lastLsn + 1, record.lsn() - 1, false);
    }
    begun = true;
    lastLsn = record.lsn();
    lastTimeNanos = Math.max(lastTimeNanos, record.timeNanos());
    payloadBytes += record.payloadLength();
    if (firstLsn == 0) {
      firstLsn = record.lsn();
      firstTimeNanos = record.timeNanos();
    }
    generation.firstLsn = generation.firstLsn == 0 ? record.lsn() : generation.firstLsn;
    generation.lastLsn = record.lsn();
    generation.records++;
    generation.payloadBytes += record.payloadLength();
    generation.lastTimeNanos = record.timeNanos();
  }

  /** Something proves that records up to {@code lsn} were there. */
  void endsAt(long lsn) {
    missing(lastLsn + 1, lsn, false);
  }

  LogReport report(
      Path directory, UUID volume, UUID log, LogSurvey.Verdict verdict, boolean forceFailed) {
    return new LogReport(
        directory,
        volume,
        log,
        verdict.word(),
        verdict.damage(),
        verdict.cut(),
        forceFailed,
        diskBytes,
        files,
        firstLsn,
        lastLsn,
        durableLsn,
        firstTimeNanos,
        lastTimeNanos,
        payloadBytes,
        records,
        voidRecords,
        generations.stream().map(Generation::result).toList(),
        gaps);
  }
}
