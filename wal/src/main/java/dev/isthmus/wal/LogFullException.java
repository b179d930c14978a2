package dev.isthmus.wal;

/**
 * The append would go beyond the log's capacity, or the file system has no room for another roll
 * file; the message tells which, and of a file system its name, what is free and what is needed.
 * Nothing was written and the log goes on: the same call may succeed after a {@link
 * WriteAheadLog#trim}, or when somebody has made room.
 */
public final class LogFullException extends LogException {

  private static final long serialVersionUID = 1L;

  LogFullException(String message) {
    super(message, null);
  }
}
