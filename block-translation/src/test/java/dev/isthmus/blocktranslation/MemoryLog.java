package dev.isthmus.blocktranslation;

import dev.isthmus.wal.LogEpoch;
import dev.isthmus.wal.LogFailedException;
import dev.isthmus.wal.LogFullException;
import dev.isthmus.wal.LogRecord;
import dev.isthmus.wal.LogSettings;
import dev.isthmus.wal.LogTrimmedException;
import dev.isthmus.wal.RecordType;
import dev.isthmus.wal.WriteAheadLog;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One log of {@link MemoryLogs}, appended to; the fault model is there. Threading: confined to one
 * thread.
 */
final class MemoryLog implements WriteAheadLog {

  private static final int RECORD_OVERHEAD_BYTES = 116;

  /** What a crash leaves. */
  static final class Disk {
    final UUID logId;
    final List<RollFile> files = new ArrayList<>();
    @Nullable Object lockedBy;
    boolean damaged;
    // A force failed, and nothing was forced since.
    boolean distrusted;
    boolean cleanlyClosed;
    final Set<LogEpoch> closedTerms = new HashSet<>();
    long durableLsn;
    long lastLsn;
    int voidRecords;
    private int nextFile;

    Disk(UUID logId) {
      this.logId = logId;
    }

    /** A copy as of now, unlocked: a backup. */
    Disk copy() {
      var copy = new Disk(logId);
      for (RollFile file : files) {
        copy.files.add(file.copy());
      }
      copy.damaged = damaged;
      copy.distrusted = distrusted;
      copy.closedTerms.addAll(closedTerms);
      copy.cleanlyClosed = cleanlyClosed;
      copy.durableLsn = durableLsn;
      copy.lastLsn = lastLsn;
      copy.voidRecords = voidRecords;
      copy.nextFile = nextFile;
      return copy;
    }

    boolean isLocked() {
      return lockedBy != null;
    }

    /** Gives the lock back, if {@code holder} has it: the dead of a crash have it no more. */
    void unlock(Object holder) {
      if (holder.equals(lockedBy)) {
        lockedBy = null;
      }
    }

    /** Flips a bit of a random payload, which the log can then be opened with no more. */
    boolean damageRecord(Random random) {
      List<Entry> entries =
          files.stream()
              .flatMap(file -> file.records.stream())
              .filter(entry -> entry.payload.length > 0)
              .toList();
      if (entries.isEmpty()) {
        return false;
      }
      byte[] payload = entries.get(random.nextInt(entries.size())).payload;
      payload[random.nextInt(payload.length)] ^= (byte) (1 << random.nextInt(8));
      damaged = true;
      return true;
    }

    void losePower(Random random) {
      long lost = lastLsn - durableLsn;
      if (lost <= 0) {
        return;
      }
      long kept = random.nextLong(lost + 1);
      long end = durableLsn + kept;
      voidRecords = end < lastLsn && random.nextBoolean() ? (int) (lastLsn - end) : 0;
      dropBehind(end);
    }

    void endAt(long lsn) {
      dropBehind(lsn);
      durableLsn = lsn;
    }

    private void dropBehind(long lsn) {
      files.forEach(file -> file.records.removeIf(entry -> entry.record.lsn() > lsn));
      files.replaceAll(file -> file.previousLsn > lsn ? file.voidBehind(lsn) : file);
      lastLsn = lsn;
    }
  }

  @SuppressWarnings("ArrayRecordComponent") // never compared, and never changed
  record Entry(LogRecord record, byte[] payload) {}

  record RollFile(
      int number, LogEpoch term, long boot, long previousLsn, long baseLsn, List<Entry> records) {
    /** It holds nothing that counts: a trim through the log's end takes it along. */
    RollFile voidBehind(long lsn) {
      return new RollFile(number, term, boot, lsn, lsn, records);
    }

    RollFile copy() {
      return new RollFile(number, term, boot, previousLsn, baseLsn, new ArrayList<>(records));
    }
  }

  private final MemoryLogs home;
  private final Disk disk;
  private final Object holder;
  private final LogSettings settings;
  private final long boot;
  private boolean closed;
  private boolean begun;
  private boolean failed;
  private long fileBytes;
  private long durableLsn;

  /**
   * Goes on behind what {@code disk} holds.
   *
   * @param boot what new terms name; {@link MemoryLogs#NO_BOOT} for none
   */
  MemoryLog(MemoryLogs home, Disk disk, Object holder, LogSettings settings, long boot) {
    this.home = home;
    this.disk = disk;
    this.holder = holder;
    this.settings = settings;
    this.boot = boot;
    this.durableLsn = disk.durableLsn;
  }

  @Override
  public UUID logId() {
    return disk.logId;
  }

  @Override
  public void beginEpoch(LogEpoch epoch, long baseLsn) {
    requireOpen();
    if (baseLsn < disk.lastLsn) {
      throw new IllegalArgumentException("base " + baseLsn + " is below " + disk.lastLsn);
    }
    if (home.isFull()) {
      throw full();
    }
    if (disk.cleanlyClosed) {
      disk.closedTerms.add(disk.files.getLast().term());
    }
    disk.cleanlyClosed = false;
    disk.files.add(
        new RollFile(++disk.nextFile, epoch, boot, disk.lastLsn, baseLsn, new ArrayList<>()));
    fileBytes = 0;
    begun = true;
    disk.distrusted = false;
    disk.lastLsn = baseLsn;
    disk.durableLsn = baseLsn;
    durableLsn = baseLsn;
  }

  static void copy(Entry entry, int from, MemorySegment into) {
    MemorySegment.copy(MemorySegment.ofArray(entry.payload), from, into, 0, into.byteSize());
  }

  private void requireRollFile() {
    // One roll file is kept back for the next term.
    if (home.isFull()
        || (disk.files.size() + 2) * settings.rollBytes() > settings.capacityBytes()) {
      throw full();
    }
  }

  private LogFullException full() {
    return LogExceptions.of(
        LogFullException.class, "the log takes " + disk.files.size() + " roll files");
  }

  private void requireOpen() {
    if (closed || !holder.equals(disk.lockedBy)) {
      throw new IllegalStateException("the log is closed");
    }
    if (failed) {
      throw LogExceptions.of(
          LogFailedException.class,
          "the disk failed",
          new IllegalStateException("by the test's own hand"));
    }
  }

  @Override
  public long append(
      RecordType type,
      int flags,
      long lsn,
      long timeNanos,
      long sector,
      long sectorCount,
      MemorySegment payload,
      int payloadCrc) {
    requireOpen();
    if (!begun || lsn != disk.lastLsn + 1 || payload.byteSize() > MAX_PAYLOAD_BYTES) {
      throw new IllegalArgumentException("LSN " + lsn + " after " + disk.lastLsn);
    }
    if (home.appendsFail()) {
      failed = true;
      requireOpen();
    }
    int bytes = RECORD_OVERHEAD_BYTES + (int) payload.byteSize();
    RollFile file = disk.files.getLast();
    if (fileBytes + bytes > home.rollBytes(settings)) {
      requireRollFile();
      file =
          new RollFile(
              ++disk.nextFile, file.term, boot, disk.lastLsn, disk.lastLsn, new ArrayList<>());
      disk.files.add(file);
      fileBytes = 0;
    }
    fileBytes += bytes;
    long position = (long) file.number << 32 | file.records.size();
    var record =
        new LogRecord(
            type,
            flags,
            file.term.epoch(),
            file.number,
            lsn,
            durableLsn,
            timeNanos,
            sector,
            sectorCount,
            position,
            (int) payload.byteSize(),
            payloadCrc);
    byte[] copy = payload.byteSize() == 0 ? new byte[0] : payload.toArray(ValueLayout.JAVA_BYTE);
    file.records.add(new Entry(record, copy));
    disk.lastLsn = lsn;
    home.appended(record, payload);
    return position;
  }

  @Override
  public void requireRoom() {
    requireOpen();
    if (fileBytes + RECORD_OVERHEAD_BYTES + MAX_PAYLOAD_BYTES > home.rollBytes(settings)) {
      requireRollFile();
    }
  }

  @Override
  public void idle() {
    requireOpen();
  }

  @Override
  public void force() {
    requireOpen();
    if (home.forcesFail()) {
      failed = true;
      disk.distrusted = true;
      requireOpen();
    }
    disk.durableLsn = disk.lastLsn;
    durableLsn = disk.lastLsn;
  }

  @Override
  public long appendedLsn() {
    return disk.lastLsn;
  }

  @Override
  public long durableLsn() {
    return durableLsn;
  }

  @Override
  public void read(long position, int payloadOffset, MemorySegment into) {
    for (RollFile file : disk.files) {
      if (file.number == position >>> 32) {
        Entry entry = file.records.get((int) position);
        if (home.readFails(entry.record.lsn())) {
          throw LogExceptions.of(
              LogFailedException.class,
              "unreadable",
              new IllegalStateException("by the test's hand"));
        }
        copy(entry, payloadOffset, into);
        return;
      }
    }
    throw LogExceptions.of(LogTrimmedException.class, "trimmed: " + position);
  }

  @Override
  public boolean hasFailed() {
    return failed;
  }

  @Override
  public void trim(long throughLsn) {
    if (closed || !canTrim(throughLsn)) {
      return;
    }
    force();
    if (home.deletesFail()) {
      throw LogExceptions.of(
          LogFailedException.class,
          "trimming",
          new IllegalStateException("by the test's own hand"));
    }
    while (canTrim(throughLsn)) {
      disk.files.removeFirst();
    }
  }

  private boolean canTrim(long throughLsn) {
    return disk.files.size() > 1 && disk.files.get(1).previousLsn <= throughLsn;
  }

  @Override
  public long sizeBytes() {
    return disk.files.size() * settings.rollBytes();
  }

  @Override
  public long capacityBytes() {
    return settings.capacityBytes();
  }

  @Override
  public void closeClean() {
    force();
    disk.cleanlyClosed = true;
    close();
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      disk.unlock(holder);
    }
  }
}
