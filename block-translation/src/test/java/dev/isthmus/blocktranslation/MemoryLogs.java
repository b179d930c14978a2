package dev.isthmus.blocktranslation;

import dev.isthmus.wal.LogAbsentException;
import dev.isthmus.wal.LogCorruptException;
import dev.isthmus.wal.LogFailedException;
import dev.isthmus.wal.LogInUseException;
import dev.isthmus.wal.LogRecord;
import dev.isthmus.wal.LogSettings;
import dev.isthmus.wal.RecoveredLog;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The logs of one host, in memory.
 *
 * <h2>Fault model</h2>
 *
 * <ul>
 *   <li>{@link #crash}: the process dies; everything appended is there, and locks are free;
 *   <li>{@link #cutPower}: as crash; of what was not forced a random tail is gone, without a trace
 *       or with whole records found behind the hole; the boot id changes;
 *   <li>{@link #lose}: the disk is replaced by an empty one;
 *   <li>{@link #restoreOlderCopy}: somebody put back a backup of the logs;
 *   <li>{@link #damageNotes}: what this host noted of its terms can no longer be read;
 *   <li>{@link #damage}: a durable record can no longer be read, so the log is refused;
 *   <li>{@link #failForces}: the disk fails syncs from now on, for good; a crash then loses of what
 *       was not forced as a power cut does;
 *   <li>{@link #failAppends}, {@link #failReads}: likewise, for as long as it is told;
 *   <li>{@link #failReadOf}: one record can't be read, for good;
 *   <li>{@link #failOpens}: the disk is there and gives no log, as one that answers EIO;
 *   <li>{@link #setFull}: the file system has no room for another roll file;
 *   <li>{@link #damageRecord}: a record rots: reads of it give other bytes, and the log is refused;
 *   <li>{@link #restore}: the disk is as it was when {@link #backup} was taken.
 * </ul>
 *
 * It does not: lose what was forced, or let a trimmed record come back. Threading: confined to one
 * thread.
 */
final class MemoryLogs implements LogHome {

  private final TreeMap<Path, MemoryLog.Disk> disks = new TreeMap<>();
  private final Map<Path, String> notes = new HashMap<>();
  private final Random random;
  private long boot = 1;
  private boolean forcesFail;
  private boolean full;
  private boolean appendsFail;
  private boolean readsFail;
  private long rollBytes;
  private @Nullable Appended listener;

  /** Hears of each data record as it is appended. */
  interface Appended {
    /** The payload is good within the call only. */
    void record(LogRecord record, MemorySegment payload);
  }

  /** No boot: counts as another one. */
  static final long NO_BOOT = 0;

  private boolean opensFail;
  private long badLsn;

  MemoryLogs(Random random) {
    this.random = random;
  }

  /** Rolls after so many bytes, and not when the settings say. */
  MemoryLogs withRollBytes(long bytes) {
    rollBytes = bytes;
    return this;
  }

  long rollBytes(LogSettings settings) {
    return rollBytes == 0 ? settings.rollBytes() : rollBytes;
  }

  void onAppended(Appended newListener) {
    listener = newListener;
  }

  void appended(LogRecord record, MemorySegment payload) {
    if (listener != null) {
      listener.record(record, payload);
    }
  }

  long boot() {
    return boot;
  }

  boolean forcesFail() {
    return forcesFail;
  }

  boolean isFull() {
    return full;
  }

  void failForces(boolean fail) {
    forcesFail = fail;
  }

  void setFull(boolean isFull) {
    full = isFull;
  }

  boolean appendsFail() {
    return appendsFail;
  }

  boolean readsFail() {
    return readsFail;
  }

  boolean readFails(long lsn) {
    return readsFail || lsn == badLsn;
  }

  void failReadOf(long lsn) {
    badLsn = lsn;
  }

  void failOpens(boolean fail) {
    opensFail = fail;
  }

  void failAppends(boolean fail) {
    appendsFail = fail;
  }

  void failReads(boolean fail) {
    readsFail = fail;
  }

  void crash() {
    for (MemoryLog.Disk disk : disks.values()) {
      disk.lockedBy = null;
      if (disk.distrusted) {
        disk.losePower(random);
      }
    }
  }

  void cutPower() {
    crash();
    boot++;
    disks.values().forEach(disk -> disk.losePower(random));
  }

  void lose() {
    crash();
    disks.clear();
    notes.clear();
  }

  /** Every log of this host is as it was when {@code lsn} was its newest, all of it durable. */
  void restoreOlderCopy(long lsn) {
    disks.values().forEach(disk -> disk.endAt(lsn));
  }

  /** Damages every note of this host. */
  void damageNotes() {
    notes.replaceAll((directory, note) -> note.substring(1));
  }

  /** Damages every log of this host. */
  void damage() {
    disks.values().forEach(disk -> disk.damaged = true);
  }

  /** Flips a bit of one record; false if there is none with a payload. */
  boolean damageRecord() {
    for (MemoryLog.Disk disk : disks.values()) {
      if (disk.damageRecord(random)) {
        return true;
      }
    }
    return false;
  }

  /** What lies on this host's disk now. */
  Map<Path, MemoryLog.Disk> backup() {
    var backup = new TreeMap<Path, MemoryLog.Disk>();
    disks.forEach((path, disk) -> backup.put(path, disk.copy()));
    return backup;
  }

  /** The disk is replaced by a backup of it, after a crash. */
  void restore(Map<Path, MemoryLog.Disk> backup) {
    disks.clear();
    disks.putAll(backup);
  }

  /** Whether the log of this id can be opened here. */
  boolean holds(UUID logId) {
    return disks.entrySet().stream()
        .anyMatch(log ->
            log.getKey().getFileName().toString().equals("log-" + logId)
                && !log.getValue().damaged
                && !log.getValue().files.isEmpty());
  }

  /** Whether a log of this host is damaged, so that it refuses an open. */
  boolean isAnyDamaged() {
    return disks.values().stream().anyMatch(disk -> disk.damaged);
  }

  /** Whether the log of this id failed a force, and may lose what was not forced by then. */
  boolean isDistrusted(UUID logId) {
    return disks.values().stream().anyMatch(disk -> disk.logId.equals(logId) && disk.distrusted);
  }

  /** Names of the logs that are there, those set aside included. */
  List<String> names() {
    return disks.keySet().stream().map(path -> path.getFileName().toString()).toList();
  }

  /** Whether some log is locked. */
  boolean isAnyLocked() {
    return disks.values().stream().anyMatch(MemoryLog.Disk::isLocked);
  }

  @Override
  public boolean exists(Path directory) {
    MemoryLog.Disk disk = disks.get(directory);
    return disk != null && !disk.files.isEmpty();
  }

  @Override
  public RecoveredLog open(Path directory, LogSettings settings, UUID volume) {
    MemoryLog.Disk disk = disks.get(directory);
    if (disk == null || disk.files.isEmpty()) {
      throw LogExceptions.of(LogAbsentException.class, "no log in " + directory);
    }
    requireFree(disk, directory);
    if (opensFail) {
      throw LogExceptions.of(
          LogFailedException.class,
          "reading " + directory + ": a failing disk",
          new IOException("EIO"));
    }
    if (disk.damaged) {
      throw LogExceptions.of(
          LogCorruptException.class, directory, 0L, 1L, 1L, "a durable record is damaged");
    }
    return new MemoryLogFound(this, disk, settings);
  }

  private static void requireFree(MemoryLog.Disk disk, Path directory) {
    if (disk.isLocked()) {
      throw LogExceptions.of(LogInUseException.class, "in use: " + directory);
    }
  }

  @Override
  public RecoveredLog create(Path directory, LogSettings settings, UUID volume, UUID logId) {
    var disk = new MemoryLog.Disk(logId);
    if (disks.putIfAbsent(directory, disk) != null) {
      throw new IllegalStateException("there is a log in " + directory + " already");
    }
    return new MemoryLogFound(this, disk, settings);
  }

  @Override
  public Path setAside(Path directory) {
    MemoryLog.Disk disk = disks.get(directory);
    if (disk == null) {
      throw LogExceptions.of(LogAbsentException.class, "no log in " + directory);
    }
    requireFree(disk, directory);
    disks.remove(directory);
    Path aside = directory.resolveSibling(directory.getFileName() + ".aside-" + disks.size());
    disks.put(aside, disk);
    return aside;
  }

  @Override
  public Optional<String> readNote(Path volumeDirectory) {
    return Optional.ofNullable(notes.get(volumeDirectory));
  }

  @Override
  public void writeNote(Path volumeDirectory, String note) {
    notes.put(volumeDirectory, note);
  }

  @Override
  public void delete(Path directory) {
    MemoryLog.Disk disk = disks.get(directory);
    if (disk != null) {
      requireFree(disk, directory);
      disks.remove(directory);
    }
  }

  @Override
  public void visitWhole(Path directory, Consumer<LogRecord> visitor) {
    MemoryLog.Disk disk = disks.get(directory);
    if (disk == null) {
      throw LogExceptions.of(LogAbsentException.class, "no log in " + directory);
    }
    for (MemoryLog.RollFile file : disk.files) {
      file.records().forEach(entry -> visitor.accept(entry.record()));
    }
  }

  @Override
  public List<Path> list(Path directory, String prefix) {
    var found = new ArrayList<Path>();
    for (Path path : disks.keySet()) {
      if (directory.equals(path.getParent()) && path.getFileName().toString().startsWith(prefix)) {
        found.add(path);
      }
    }
    return found;
  }
}
