package dev.isthmus.wal;

import org.jspecify.annotations.Nullable;

/**
 * What a log record says. Those below 16 are data records and take an LSN each; the others are the
 * log's own control records and take none (docs/FORMAT.md, "Log").
 */
public enum RecordType {
  /** Data of {@code sectorCount} sectors at {@code sector}; the payload is the data. */
  WRITE(1),
  /** The range reads as zeroes. */
  ZEROES(2),
  /** The range is given up and reads as zeroes. */
  DISCARD(3),
  /** The disk has {@code sectorCount} sectors from here on; {@code sector} is 0. */
  RESIZE(4),
  /** A point in the order that a snapshot may name. */
  SNAPSHOT_MARK(5),
  /** From here on the disk is not as its users saw it at any one time. */
  INCONSISTENT_BEGIN(6),
  /** The stretch that {@link #INCONSISTENT_BEGIN} opened is over. */
  INCONSISTENT_END(7),
  /** A point in the order before and after which no overwritten data may be dropped. */
  CUT_MARK(8),
  /** First record of each roll file: who writes, and what counts before it. */
  STATE(16),
  /** Last record of a log that was closed in order. */
  CLEAN_CLOSE(17),
  /** Restates how far the log is durable. */
  DURABLE_MARK(18);

  private static final @Nullable RecordType[] BY_CODE = new @Nullable RecordType[256];

  static {
    for (RecordType type : values()) {
      BY_CODE[type.code] = type;
    }
  }

  private final int code;

  RecordType(int code) {
    this.code = code;
  }

  /** The byte in the record's header. */
  public int code() {
    return code;
  }

  /** Whether it takes an LSN: a change of the disk or a mark in the order of changes. */
  public boolean isData() {
    return code < 16;
  }

  /** The type with the header byte {@code code}, or null. */
  static @Nullable RecordType ofCode(int code) {
    return BY_CODE[code & 0xff];
  }
}
