package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.ByteSize;
import dev.isthmus.wal.LogRecord;

/**
 * The changes that a log on this host holds above the bucket's last LSN. Threading: confined to one
 * thread.
 */
final class LogTail {

  private final long aboveLsn;
  private long firstLsn;
  private long lastLsn;
  private long lastTimeNanos;
  private long records;
  private long payloadBytes;

  LogTail(long aboveLsn) {
    this.aboveLsn = aboveLsn;
  }

  void add(LogRecord record) {
    if (record.lsn() > aboveLsn) {
      firstLsn = firstLsn == 0 ? record.lsn() : firstLsn;
      lastLsn = record.lsn();
      lastTimeNanos = record.timeNanos();
      records++;
      payloadBytes += record.payloadLength();
    }
  }

  long lastLsn() {
    return lastLsn;
  }

  @Override
  public String toString() {
    return records == 0
        ? "nothing above the bucket's last LSN"
        : records
            + (records == 1 ? " change (" : " changes (")
            + new ByteSize(payloadBytes)
            + (payloadBytes < 1024 ? " bytes of data, LSN " : " of data, LSN ")
            + LossReport.range(firstLsn, lastLsn)
            + ", the newest of "
            + LossReport.time(lastTimeNanos)
            + ")";
  }
}
