package dev.isthmus.wal;

/** Another process, or another part of this one, has the log open. Nothing was touched. */
public final class LogInUseException extends LogException {

  private static final long serialVersionUID = 1L;

  LogInUseException(String message) {
    super(message, null);
  }
}
