package dev.isthmus.wal;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.UUID;

/**
 * Logs of this machine whose force is wrong on purpose: the mistakes that a test of power cuts must
 * find. Everything else about them is as it is in production.
 */
public enum WeakForce {
  /** Nothing is forced. */
  NONE,

  /** Only the roll file in use is forced, and what the one before it still owes is forgotten. */
  NEWEST_FILE;

  private void force(Path file, FileChannel channel) throws IOException {
    if (this == NEWEST_FILE && isNewest(file.toAbsolutePath())) {
      channel.force(false);
    }
  }

  private static boolean isNewest(Path file) throws IOException {
    Path newest = file;
    for (LogFiles.Found found : LogFiles.list(file.resolve("../..").normalize())) {
      newest = isBegun(found.path()) ? found.path() : newest;
    }
    return newest.equals(file);
  }

  /** A file that was only prepared ahead begins with zeroes; one that was trimmed is gone. */
  private static boolean isBegun(Path file) throws IOException {
    try (var in = new DataInputStream(Files.newInputStream(file))) {
      return in.readInt() != 0;
    } catch (NoSuchFileException | EOFException e) {
      return false;
    }
  }

  private LogEnvironment environment() {
    LogEnvironment machine = LogEnvironment.ofThisMachine();
    return new LogEnvironment(machine.bootId(), machine.timeNanos(), this::force);
  }

  /** As {@link LogDirectory#open}. */
  public RecoveredLog open(Path directory, LogSettings settings, UUID volume) {
    return LogDirectory.open(directory, settings, volume, environment());
  }

  /** As {@link LogDirectory#create}. */
  public RecoveredLog create(Path directory, LogSettings settings, UUID volume, UUID logId) {
    return LogDirectory.create(directory, settings, volume, logId, environment());
  }
}
