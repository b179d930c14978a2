package dev.isthmus.blocktranslation;

import static dev.isthmus.blocktranslation.MemoryLogs.NO_BOOT;

import dev.isthmus.wal.LogCut;
import dev.isthmus.wal.LogEpoch;
import dev.isthmus.wal.LogSettings;
import dev.isthmus.wal.LogState;
import dev.isthmus.wal.LogTerm;
import dev.isthmus.wal.LogVisitor;
import dev.isthmus.wal.RecoveredLog;
import dev.isthmus.wal.WriteAheadLog;
import java.nio.file.Path;
import java.util.LinkedHashMap;
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

  /** A log whose force failed is read as after a power cut. */
  private long trustedBoot() {
    return disk.distrusted ? NO_BOOT : home.boot();
  }

  @Override
  public List<LogTerm> terms() {
    var terms = new LinkedHashMap<LogEpoch, LogTerm>();
    for (int i = 0; i < disk.files.size(); i++) {
      MemoryLog.RollFile file = disk.files.get(i);
      boolean isLast = i == disk.files.size() - 1;
      long recoveredUnder = isLast ? trustedBoot() : disk.files.get(i + 1).boot();
      boolean closed = isLast ? disk.cleanlyClosed : disk.closedTerms.contains(file.term());
      terms.put(
          file.term(),
          new LogTerm(
              file.term(), closed, file.boot() != recoveredUnder || recoveredUnder == NO_BOOT));
    }
    return List.copyOf(terms.values());
  }

  @Override
  public void replay(long fromLsn, LogVisitor visitor) {
    if (fromLsn < denseFrom()) {
      throw new AssertionError("replay from " + fromLsn + ", dense from " + denseFrom());
    }
    visit(fromLsn, visitor);
  }

  private void visit(long fromLsn, LogVisitor visitor) {
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
    visit(0, visitor);
  }

  @Override
  public WriteAheadLog startAppending() {
    passedOn = true;
    disk.durableLsn = disk.lastLsn;
    disk.voidRecords = 0;
    return new MemoryLog(home, disk, this, settings, trustedBoot());
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
