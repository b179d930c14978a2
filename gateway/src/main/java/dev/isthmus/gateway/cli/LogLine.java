package dev.isthmus.gateway.cli;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.VolumeHistory;
import dev.isthmus.gateway.logs.Examinations;
import dev.isthmus.gateway.logs.LocatedLog;
import dev.isthmus.wal.LogEpoch;
import dev.isthmus.wal.LogExamination;
import dev.isthmus.wal.LogGeneration;
import dev.isthmus.wal.LogReport;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A log with what is known of it. Immutable.
 *
 * @param report null if it could not be read
 * @param failure why; empty otherwise
 * @param named whether the manifest names it; null if the bucket was not asked, or is another
 *     volume's
 * @param takenLsn up to where the bucket holds what it holds; null likewise
 */
record LogLine(
    LocatedLog log,
    @Nullable LogReport report,
    String failure,
    @Nullable Boolean named,
    @Nullable Long takenLsn) {

  static LogLine of(LocatedLog log, @Nullable VolumeHistory history) {
    try {
      return of(log, Examinations.with(log, LogExamination::report), history);
    } catch (DeviceException e) {
      return new LogLine(log, null, String.valueOf(e.getMessage()), null, null);
    }
  }

  static LogLine of(LocatedLog log, LogReport report, @Nullable VolumeHistory history) {
    if (history == null || !history.volume().equals(report.volume())) {
      return new LogLine(log, report, "", null, null);
    }
    return new LogLine(
        log,
        report,
        "",
        history.log().equals(report.logId()) && !log.aside(),
        history.takenFrom(epochs(report)));
  }

  /** The terms that can be read, oldest first. */
  static List<LogEpoch> epochs(LogReport report) {
    return report.generations().stream()
        .map(LogGeneration::epoch)
        .filter(Objects::nonNull)
        .map(Objects::requireNonNull)
        .distinct()
        .toList();
  }

  /** In a word. */
  String state() {
    return report == null ? "IN USE" : report.verdict().name();
  }
}
