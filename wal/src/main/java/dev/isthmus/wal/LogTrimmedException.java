package dev.isthmus.wal;

/**
 * The position lies in a roll file that was trimmed away; its records are all at or below the LSN
 * that {@link WriteAheadLog#trim} was given.
 */
public final class LogTrimmedException extends LogException {

  private static final long serialVersionUID = 1L;

  LogTrimmedException(String message) {
    super(message, null);
  }
}
