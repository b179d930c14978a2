package dev.isthmus.wal;

import org.jspecify.annotations.Nullable;

/**
 * The disk below the log failed: a write, a force or a read. After a failed append or force the log
 * takes neither again, and says the same failure each time: what is durable is unknown above {@link
 * WriteAheadLog#durableLsn()}, and a second force that succeeds would prove nothing (the kernel
 * drops what it could not write). Reads still work. A failed read or open is not sticky.
 */
public final class LogFailedException extends LogException {

  private static final long serialVersionUID = 1L;

  LogFailedException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
