package dev.isthmus.blocktranslation;

import dev.isthmus.wal.LogCut;
import dev.isthmus.wal.LogEpoch;
import dev.isthmus.wal.LogSettings;
import dev.isthmus.wal.LogState;
import dev.isthmus.wal.LogVisitor;
import dev.isthmus.wal.RecoveredLog;
import dev.isthmus.wal.WriteAheadLog;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** A log of {@link MemoryLogs} as it was found. Threading: confined to one thread. */
final class MemoryLogFound implements RecoveredLog {

  private final MemoryLogs home;
  private final MemoryLog.Disk disk;
  private final LogSettings settings;
  private boolean passedOn;

  MemoryLogFound(MemoryLogs home, MemoryLog.Disk disk, LogSettings settings) {
    this.home = home;
    this.disk = disk;
    this.settings = settings;
    disk.lockedBy = this;
  }

  @Override
  public UUID logId() {
    return disk.logId;
  }

  @Override
  public Optional<LogState> state() {
    return disk.files.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new LogState(
                disk.files.getLast().term(),
                new UUID(0, disk.files.getLast().boot()),
                disk.files.size(),
                disk.files.getLast().baseLsn()));
  }

  @Override
  public boolean cleanClose() {
    return disk.cleanlyClosed;
  }

  @Override
  public boolean bootChanged() {
    return !disk.files.isEmpty() && disk.files.getLast().boot() != home.boot();
  }

  private long denseFrom() {
    for (MemoryLog.RollFile file : disk.files.reversed()) {
      if (file.baseLsn() > file.previousLsn() || file.number() == disk.files.getFirst().number()) {
        return file.baseLsn() + 1;
      }
    }
    return 1;
  }

  @Override
  public long firstLsn() {
    long first = denseFrom();
    return first <= disk.lastLsn ? first : 0;
  }

  @Override
  public long lastLsn() {
    return disk.lastLsn;
  }

  @Override
  public Optional<LogCut> cut() {
    return disk.voidRecords == 0
        ? Optional.empty()
        : Optional.of(
            new LogCut(Path.of("memory"), 0, disk.lastLsn, 1, disk.voidRecords, "a power cut"));
  }

  @Override
  public List<LogEpoch> epochs() {
    var epochs = new LinkedHashSet<LogEpoch>();
    disk.files.forEach(file -> epochs.add(file.term()));
    return List.copyOf(epochs);
  }

  @Override
  public void replay(long fromLsn, LogVisitor visitor) {
    if (fromLsn < denseFrom()) {
      throw new AssertionError("replay from " + fromLsn + ", dense from " + denseFrom());
    }
    for (MemoryLog.RollFile file : disk.files) {
      for (MemoryLog.Entry entry : file.records()) {
        if (entry.record().lsn() >= fromLsn) {
          visitor.visit(entry.record(), into -> MemoryLog.copy(entry, 0, into));
        }
      }
    }
  }

  @Override
  public void replayAll(LogVisitor visitor) {
    throw new UnsupportedOperationException("salvage is not the engine's");
  }

  @Override
  public WriteAheadLog startAppending() {
    passedOn = true;
    disk.durableLsn = disk.lastLsn;
    disk.voidRecords = 0;
    return new MemoryLog(home, disk, this, settings);
  }

  @Override
  public Path setAside() {
    throw new UnsupportedOperationException("the engine sets aside by directory");
  }

  @Override
  public long durableLsn() {
    return disk.durableLsn;
  }

  @Override
  public void close() {
    if (!passedOn) {
      disk.unlock(this);
    }
  }
}
