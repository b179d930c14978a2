package dev.isthmus.wal;

import java.nio.file.Path;

/**
 * Records that were durable, or that a mere crash of the process can't have lost, are damaged or
 * missing. Never retried in silence, never cut away: the log is kept as it is.
 */
public final class LogCorruptException extends LogException {

  private static final long serialVersionUID = 1L;

  private final transient Path file;
  private final long offsetBytes;
  private final long expectedLsn;
  private final long evidenceLsn;

  LogCorruptException(
      Path file, long offsetBytes, long expectedLsn, long evidenceLsn, String detail) {
    super(
        detail
            + " (file "
            + file
            + ", offset "
            + offsetBytes
            + ", LSN expected "
            + expectedLsn
            + ", LSN that must have been there "
            + evidenceLsn
            + ")",
        null);
    this.file = file;
    this.offsetBytes = offsetBytes;
    this.expectedLsn = expectedLsn;
    this.evidenceLsn = evidenceLsn;
  }

  /** The roll file with the first bad byte, or the directory where a whole file is missing. */
  public Path file() {
    return file;
  }

  /** Of the first bad record in {@link #file()}. */
  public long offsetBytes() {
    return offsetBytes;
  }

  /** The LSN that should have stood there: the first one lost. */
  public long expectedLsn() {
    return expectedLsn;
  }

  /**
   * The newest LSN that a later record proves to have been there; at least {@link #expectedLsn}.
   */
  public long evidenceLsn() {
    return evidenceLsn;
  }
}
