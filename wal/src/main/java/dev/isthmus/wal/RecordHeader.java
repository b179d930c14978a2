package dev.isthmus.wal;

import java.util.UUID;

/**
 * The fields of one record's header, reused from record to record so that neither appending nor
 * scanning allocates. Threading: confined to its owner's thread.
 */
final class RecordHeader {
  RecordType type = RecordType.STATE;
  int flags;
  int payloadLength;
  int payloadCrc;
  int generation;
  UUID volume = new UUID(0, 0);
  UUID log = new UUID(0, 0);
  long epoch;
  long lsn;
  long durableLsn;
  long timeNanos;
  long sector;
  long sectorCount;

  /** Set by a decode that failed: the header is whole, but of a kind that is not known here. */
  boolean unsupported;
}
