package dev.isthmus.wal;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What an examination of a log found. LSNs, times and counts are those of whole records that count;
 * in a corrupt log, of all whole records that no later generation declared void. Immutable.
 *
 * @param directory where it lies
 * @param volume whose log; the nil UUID if it is {@link LogVerdict#EMPTY}
 * @param logId likewise
 * @param verdict in a word
 * @param damage what recovery refuses it for; null unless it is {@link LogVerdict#CORRUPT}
 * @param cut where recovery cuts it; null unless it is {@link LogVerdict#CUT}
 * @param forceFailed whether a process noted that a sync of it failed
 * @param diskBytes sizes of the roll files, reserved space included
 * @param files number of roll files
 * @param firstLsn oldest data record; 0 for none
 * @param lastLsn newest data record, or the base of the newest generation; 0 for none
 * @param durableLsn newest LSN that a record says to be durable
 * @param firstTimeNanos of the oldest data record, since 1970; 0 for none
 * @param lastTimeNanos of the newest one; 0 for none
 * @param payloadBytes of the data records
 * @param records how many, by type
 * @param voidRecords whole data records that do not count
 * @param generations oldest first
 * @param gaps in ascending order
 */
public record LogReport(
    Path directory,
    UUID volume,
    UUID logId,
    LogVerdict verdict,
    @Nullable LogCorruptException damage,
    @Nullable LogCut cut,
    boolean forceFailed,
    long diskBytes,
    int files,
    long firstLsn,
    long lastLsn,
    long durableLsn,
    long firstTimeNanos,
    long lastTimeNanos,
    long payloadBytes,
    Map<RecordType, Long> records,
    long voidRecords,
    List<LogGeneration> generations,
    List<LogGap> gaps) {

  public LogReport {
    records = Map.copyOf(records);
    generations = List.copyOf(generations);
    gaps = List.copyOf(gaps);
  }

  /** Data records. */
  public long dataRecords() {
    return records.entrySet().stream()
        .filter(e -> e.getKey().isData())
        .mapToLong(Map.Entry::getValue)
        .sum();
  }
}
