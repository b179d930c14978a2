package dev.isthmus.wal;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.function.LongSupplier;

/**
 * What a log takes from the machine, so that tests can be another machine. Immutable.
 *
 * @param bootId of the running kernel; nil if it has none
 * @param timeNanos since 1970, for control records
 * @param forcer makes a file durable
 */
record LogEnvironment(UUID bootId, LongSupplier timeNanos, Forcer forcer) {

  static final UUID NIL = new UUID(0, 0);

  private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

  /** Makes all that was stored in a file durable, also through mappings of it. */
  @FunctionalInterface
  interface Forcer {
    void force(Path file, FileChannel channel) throws IOException;

    /** Makes the names in a directory durable. */
    default void forceNames(Path directory) throws IOException {
      LogFiles.forceDirectory(directory);
    }
  }

  static LogEnvironment ofThisMachine() {
    // fdatasync(2) writes back the inode's dirty pages whoever dirtied them, so it covers what went
    // through Chronicle's mappings as well, on both sides of a mapping's boundary.
    return new LogEnvironment(
        readBootId(),
        () -> Math.multiplyExact(System.currentTimeMillis(), 1_000_000L),
        (file, channel) -> channel.force(false));
  }

  /** The same, of a kernel that has no boot id. */
  LogEnvironment withoutBoot() {
    return new LogEnvironment(NIL, timeNanos, forcer);
  }

  private static UUID readBootId() {
    try {
      return UUID.fromString(Files.readString(BOOT_ID).strip());
    } catch (IOException | IllegalArgumentException e) {
      return NIL;
    }
  }
}
