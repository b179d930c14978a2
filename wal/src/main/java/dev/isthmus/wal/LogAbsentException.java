package dev.isthmus.wal;

/**
 * There is no log: the directory is missing or holds no roll file. Create one, or open the bucket
 * alone.
 */
public final class LogAbsentException extends LogException {

  private static final long serialVersionUID = 1L;

  LogAbsentException(String message) {
    super(message, null);
  }
}
