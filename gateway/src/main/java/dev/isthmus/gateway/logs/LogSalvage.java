package dev.isthmus.gateway.logs;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.wal.LogEntry;
import dev.isthmus.wal.LogExamination;
import dev.isthmus.wal.LogGap;
import dev.isthmus.wal.LogRecord;
import dev.isthmus.wal.LogReport;
import dev.isthmus.wal.LogVerdict;
import dev.isthmus.wal.LogVisitor;
import dev.isthmus.wal.RecordType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Gets out of a log the changes above an LSN, in their order. Threading: confined to one thread;
 * blocks.
 */
public final class LogSalvage {

  private static final int SECTOR_BYTES = 512;

  /** No disk is larger (docs/FORMAT.md). */
  private static final long MAX_SECTORS = 1L << 54;

  /** Takes the changes. */
  public interface Sink {

    /**
     * The next one.
     *
     * @param payload its data, only during this call; empty if the change is zeroes
     */
    void change(SalvagedChange change, LogVisitor.Payload payload) throws IOException;
  }

  private final LogExamination log;
  private final long aboveLsn;
  private long firstLsn;
  private long lastLsn;
  private long changes;
  private long dataBytes;
  private long zeroedBytes;
  private long firstTimeNanos;
  private long lastTimeNanos;

  /**
   * @param aboveLsn what the bucket has already
   * @param damaged whether a corrupt log will do, of which everything whole is taken
   * @throws DeviceException.Corrupt if the log is corrupt and {@code damaged} was not said
   * @throws DeviceException.Invalid if there is nothing in the log
   */
  public LogSalvage(LogExamination log, long aboveLsn, boolean damaged) {
    this.log = log;
    this.aboveLsn = aboveLsn;
    LogReport report = log.report();
    if (report.verdict() == LogVerdict.EMPTY) {
      throw new DeviceException.Invalid("there is no record in the log in " + report.directory());
    }
    if (report.verdict() == LogVerdict.CORRUPT && !damaged) {
      throw new DeviceException.Corrupt(
          "the log in "
              + report.directory()
              + " is damaged: "
              + (report.damage() == null ? "" : report.damage().getMessage())
              + ". What it holds is not the disk as it was at any one time. --damaged takes every"
              + " whole record all the same, and says what is missing between");
    }
  }

  /** Hands all changes to {@code sink}, and tells what they were. */
  public SalvageSummary run(Sink sink) {
    log.visit((entry, payload) -> {
      if (entry.counts() && entry.record().type().isData() && entry.record().lsn() > aboveLsn) {
        take(entry, payload, sink);
      }
    });
    return new SalvageSummary(
        aboveLsn,
        firstLsn,
        lastLsn,
        changes,
        dataBytes,
        zeroedBytes,
        firstTimeNanos,
        lastTimeNanos,
        gaps());
  }

  private void take(LogEntry entry, LogVisitor.Payload payload, Sink sink) {
    LogRecord record = entry.record();
    firstLsn = firstLsn == 0 ? record.lsn() : firstLsn;
    firstTimeNanos = firstTimeNanos == 0 ? record.timeNanos() : firstTimeNanos;
    lastLsn = record.lsn();
    lastTimeNanos = record.timeNanos();
    boolean zeroes = record.type() == RecordType.ZEROES || record.type() == RecordType.DISCARD;
    if (!zeroes && record.type() != RecordType.WRITE) {
      return; // a mark or a resize: it takes an LSN, and changes no block
    }
    if (record.sectorCount() == 0 || (!zeroes && record.payloadLength() == 0)) {
      return;
    }
    if (record.sectorCount() > MAX_SECTORS
        || record.sector() > MAX_SECTORS - record.sectorCount()) {
      throw new DeviceException.Corrupt(
          "LSN " + record.lsn() + " in " + entry.file() + " lies beyond any disk");
    }
    changes++;
    long length = record.sectorCount() * SECTOR_BYTES;
    if (zeroes) {
      zeroedBytes += length;
    } else {
      dataBytes += length;
    }
    try {
      sink.change(
          new SalvagedChange(
              record.lsn(), record.timeNanos(), zeroes, record.sector() * SECTOR_BYTES, length),
          payload);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private List<LogGap> gaps() {
    var gaps = new ArrayList<LogGap>();
    if (firstLsn > aboveLsn + 1) {
      // Trimmed away, though the bucket is not said to have it; or damaged.
      gaps.add(new LogGap(aboveLsn + 1, firstLsn - 1, false));
    }
    for (LogGap gap : log.report().gaps()) {
      if (gap.firstLsn() > Math.max(firstLsn, aboveLsn)) {
        gaps.add(gap);
      }
    }
    return gaps;
  }
}
