package dev.isthmus.wal;

import java.nio.file.Path;
import java.util.UUID;

/**
 * Opens and creates logs.
 *
 * <p>The JVM needs {@code --add-opens java.base/sun.nio.ch=ALL-UNNAMED --add-opens
 * java.base/java.lang.reflect=ALL-UNNAMED --enable-native-access=ALL-UNNAMED
 * --sun-misc-unsafe-memory-access=allow}.
 *
 * <p>Threading: thread-safe.
 */
@SuppressWarnings("DoNotCallSuggester") // until the bodies stand
public final class LogDirectory {

  private LogDirectory() {}

  /** Whether {@code directory} holds roll files of some log. */
  public static boolean exists(Path directory) {
    throw new UnsupportedOperationException("comes with the next commit");
  }

  /**
   * Locks the log in {@code directory} and reads all of it, changing nothing but the lock file.
   *
   * @param volume whose records are looked for; records of another volume are corruption
   * @throws LogAbsentException no log there
   * @throws LogInUseException locked by this or another process
   * @throws LogCorruptException durable records are damaged; {@link #setAside} keeps the log
   * @throws LogFailedException the disk failed
   */
  public static RecoveredLog open(Path directory, LogSettings settings, UUID volume) {
    throw new UnsupportedOperationException("comes with the next commit");
  }

  /**
   * Makes an empty log in {@code directory}, which is created if need be. The log exists from its
   * first {@link WriteAheadLog#beginEpoch} on; until then {@link #open} finds none.
   *
   * @throws IllegalStateException if a log is there already
   * @throws LogInUseException locked by this or another process
   * @throws LogFailedException the disk failed
   */
  public static RecoveredLog create(Path directory, LogSettings settings, UUID volume, UUID logId) {
    throw new UnsupportedOperationException("comes with the next commit");
  }

  /**
   * Renames a log that can't be opened, or is not wanted, out of the way. Nothing is deleted.
   *
   * @return where it lies now: beside {@code directory}, with {@code .aside-} and a number appended
   * @throws LogInUseException locked by this or another process
   * @throws LogFailedException the disk failed
   */
  public static Path setAside(Path directory) {
    throw new UnsupportedOperationException("comes with the next commit");
  }
}
