package dev.isthmus.wal;

import org.jspecify.annotations.Nullable;

/** All that a log reports, by what the caller does about it. Misuse is an IllegalArgument/State. */
public abstract sealed class LogException extends RuntimeException
    permits LogAbsentException,
        LogCorruptException,
        LogFailedException,
        LogFullException,
        LogInUseException,
        LogTrimmedException {

  private static final long serialVersionUID = 1L;

  LogException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
