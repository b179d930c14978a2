package dev.isthmus.wal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Opens and creates logs.
 *
 * <p>The JVM needs {@code --add-opens java.base/sun.nio.ch=ALL-UNNAMED --add-opens
 * java.base/java.lang.reflect=ALL-UNNAMED --enable-native-access=ALL-UNNAMED
 * --sun-misc-unsafe-memory-access=allow}.
 *
 * <p>Threading: thread-safe.
 */
public final class LogDirectory {

  private LogDirectory() {}

  /** Whether {@code directory} holds roll files of some log. */
  public static boolean exists(Path directory) {
    try {
      return !LogFiles.list(directory).isEmpty();
    } catch (IOException e) {
      throw failed("looking for", directory, e);
    }
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
    return open(directory, settings, volume, LogEnvironment.ofThisMachine());
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
    return create(directory, settings, volume, logId, LogEnvironment.ofThisMachine());
  }

  /**
   * Renames a log that can't be opened, or is not wanted, out of the way. Nothing is deleted.
   *
   * @return where it lies now: beside {@code directory}, with {@code .aside-} and a number appended
   * @throws LogInUseException locked by this or another process
   * @throws LogFailedException the disk failed
   */
  public static Path setAside(Path directory) {
    if (!Files.isDirectory(directory)) {
      throw new LogAbsentException("there is no log in " + directory);
    }
    try {
      DirectoryLock lock = DirectoryLock.acquire(directory);
      try {
        return rename(directory);
      } finally {
        lock.close();
      }
    } catch (IOException e) {
      throw failed("setting aside", directory, e);
    }
  }

  /**
   * Deletes a log, for whoever made it and knows that nothing names it: what {@link #create} began
   * and nobody came to use. Files that are none of a log's stay, and with them the directory.
   *
   * @throws LogInUseException locked by this or another process
   * @throws LogFailedException the disk failed
   */
  public static void delete(Path directory) {
    try {
      if (!Files.isDirectory(directory)) {
        return;
      }
      try (DirectoryLock lock = DirectoryLock.acquire(directory)) {
        for (LogFiles.Found file : LogFiles.list(directory)) {
          Files.delete(file.path());
        }
        for (Path generation : LogFiles.generationDirectories(directory)) {
          LogFiles.deleteGeneration(generation);
        }
        ForceFailure.forget(directory);
        lock.deleteFile();
      }
      Files.delete(directory);
    } catch (IOException e) {
      throw failed("deleting", directory, e);
    }
  }

  static RecoveredLog open(
      Path directory, LogSettings settings, UUID volume, LogEnvironment environment) {
    if (!exists(directory)) {
      throw new LogAbsentException("there is no log in " + directory);
    }
    return recover(directory, settings, volume, null, environment);
  }

  static RecoveredLog create(
      Path directory, LogSettings settings, UUID volume, UUID logId, LogEnvironment environment) {
    try {
      Files.createDirectories(directory);
      Path parent = directory.toAbsolutePath().getParent();
      if (parent != null) {
        LogFiles.forceDirectory(parent);
      }
    } catch (IOException e) {
      throw failed("creating", directory, e);
    }
    return recover(directory, settings, volume, logId, environment);
  }

  /** Locks and scans; a log is expected exactly where no {@code newLogId} is given. */
  private static RecoveredLog recover(
      Path directory,
      LogSettings settings,
      UUID volume,
      @Nullable UUID newLogId,
      LogEnvironment environment) {
    DirectoryLock lock = null;
    boolean recovered = false;
    try {
      lock = DirectoryLock.acquire(directory);
      // After a failed force pages may be gone as after a power cut, though the kernel runs on.
      var scan = new LogScan(directory, volume, ForceFailure.trustedBoot(directory, environment));
      LogScan.Result found = scan.run();
      boolean empty = found.chain().isEmpty();
      if (newLogId == null && empty) {
        throw new LogAbsentException("there is no record in the roll files in " + directory);
      }
      if (newLogId != null && !empty) {
        throw new IllegalStateException("there is a log in " + directory + " already");
      }
      UUID logId = newLogId == null ? found.chain().getLast().head().log() : newLogId;
      var log =
          new RecoveredChronicleLog(
              directory, settings, environment, lock, volume, logId, scan, found);
      recovered = true;
      return log;
    } catch (IOException e) {
      throw failed("opening", directory, e);
    } finally {
      if (!recovered && lock != null) {
        lock.close();
      }
    }
  }

  /** Renames a locked log to the first free name beside it. */
  static Path rename(Path directory) {
    Path absolute = directory.toAbsolutePath();
    Path parent = absolute.getParent();
    if (parent == null) {
      throw new IllegalArgumentException("a log does not lie in the root directory itself");
    }
    try {
      for (int number = 1; ; number++) {
        Path target = parent.resolve(absolute.getFileName() + ".aside-" + number);
        if (!Files.exists(target)) {
          Files.move(absolute, target);
          LogFiles.forceDirectory(parent);
          return target;
        }
      }
    } catch (IOException e) {
      throw failed("setting aside", directory, e);
    }
  }

  private static LogFailedException failed(String what, Path directory, IOException e) {
    return new LogFailedException(what + " the log in " + directory + ": " + e.getMessage(), e);
  }
}
