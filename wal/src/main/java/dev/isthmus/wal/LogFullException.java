package dev.isthmus.wal;

/**
 * The append would go beyond the log's capacity, or the file system has no room for another roll
 * file. Nothing was written and the log goes on: the same append may succeed after a {@link
 * WriteAheadLog#trim}.
 */
public final class LogFullException extends LogException {

  private static final long serialVersionUID = 1L;

  LogFullException(String message) {
    super(message, null);
  }
}
