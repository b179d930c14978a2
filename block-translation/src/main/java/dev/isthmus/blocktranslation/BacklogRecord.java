package dev.isthmus.blocktranslation;

import dev.isthmus.wal.RecordType;

/**
 * A record of the log that is not yet in a segment. Immutable.
 *
 * @param position of its payload in the log
 * @param length of its payload, bytes
 * @param crc of its payload
 * @param appliedNanos when it was applied, on the monotonic clock
 */
record BacklogRecord(
    RecordType type,
    long lsn,
    long timeNanos,
    long sector,
    long sectorCount,
    long position,
    int length,
    int crc,
    long appliedNanos) {

  /** What the record takes in the log, with the framing. */
  long logBytes() {
    return logBytes(length, 1);
  }

  static long logBytes(long payloadBytes, long records) {
    return RECORD_OVERHEAD_BYTES * records + payloadBytes;
  }

  /** The record's header, and the log engine's own framing and padding. */
  private static final long RECORD_OVERHEAD_BYTES = 120;
}
