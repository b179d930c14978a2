package dev.isthmus.wal;

import java.io.IOException;
import java.nio.file.Path;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A log under examination: locked against owners, read, and never changed; also one that recovery
 * refuses. For people who look for what is in it.
 *
 * <p>The verdict is that of recovery on this machine: where the kernel was started anew since, or
 * on a copy elsewhere, a damaged tail is cut that would be corruption before.
 *
 * <p>Threading: confined to one thread at a time; blocks.
 */
public final class LogExamination implements AutoCloseable {

  private final Path directory;
  private final DirectoryLock lock;
  private final LogSurvey survey;
  private final LogReport report;

  private LogExamination(Path directory, DirectoryLock lock, LogSurvey survey, LogReport report) {
    this.directory = directory;
    this.lock = lock;
    this.survey = survey;
    this.report = report;
  }

  /**
   * Locks and reads the log in {@code directory}, which need not be writable.
   *
   * @throws LogAbsentException no roll file there
   * @throws LogInUseException an owner has it open, in this or another process
   * @throws LogFailedException the disk failed
   */
  public static LogExamination of(Path directory) {
    return of(directory, LogEnvironment.ofThisMachine());
  }

  static LogExamination of(Path directory, LogEnvironment environment) {
    if (!LogDirectory.exists(directory)) {
      throw new LogAbsentException("there is no log in " + directory);
    }
    DirectoryLock lock = null;
    LogExamination examination = null;
    try {
      lock = DirectoryLock.acquireToRead(directory);
      examination = examine(directory, lock, environment);
      return examination;
    } catch (IOException e) {
      throw failed(directory, e);
    } finally {
      if (examination == null && lock != null) {
        lock.close();
      }
    }
  }

  private static LogExamination examine(
      Path directory, DirectoryLock lock, LogEnvironment environment) throws IOException {
    var survey = new LogSurvey(LogFiles.list(directory));
    LogScan.Result found = null;
    LogCorruptException damage = null;
    UUID volume = survey.identify();
    if (volume != null) {
      try {
        found =
            new LogScan(directory, volume, ForceFailure.trustedBoot(directory, environment)).run();
      } catch (LogCorruptException e) {
        damage = e;
      }
    }
    survey.setEnd(found == null ? Long.MAX_VALUE : end(found));
    return new LogExamination(
        directory, lock, survey, survey.report(directory, verdict(volume, found, damage)));
  }

  private static long end(LogScan.Result found) {
    return found.chain().isEmpty() ? 0 : found.chain().getLast().lastLsn();
  }

  private static LogSurvey.Verdict verdict(
      @Nullable UUID volume, LogScan.@Nullable Result found, @Nullable LogCorruptException damage) {
    LogVerdict word;
    if (damage != null) {
      word = LogVerdict.CORRUPT;
    } else if (volume == null || found == null || found.chain().isEmpty()) {
      word = LogVerdict.EMPTY;
    } else if (found.cut() != null) {
      word = LogVerdict.CUT;
    } else {
      word = found.cleanClose() ? LogVerdict.CLEAN : LogVerdict.UNCLEAN;
    }
    return new LogSurvey.Verdict(word, damage, found == null ? null : found.cut());
  }

  /** What was found. */
  public LogReport report() {
    return report;
  }

  /** Visits every whole record. */
  public void visit(LogEntry.Visitor visitor) {
    try {
      survey.walk(visitor);
    } catch (IOException e) {
      throw failed(directory, e);
    }
  }

  private static LogFailedException failed(Path directory, IOException e) {
    return new LogFailedException("examining the log in " + directory + ": " + e.getMessage(), e);
  }

  /** Lets owners have the log again. Idempotent. */
  @Override
  public void close() {
    lock.close();
  }
}
