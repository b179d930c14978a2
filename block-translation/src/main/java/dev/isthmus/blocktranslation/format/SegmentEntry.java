package dev.isthmus.blocktranslation.format;

import java.lang.foreign.MemorySegment;

/**
 * One change of the disk in a segment's table (docs/FORMAT.md, "Segment"). Immutable.
 *
 * @param operation as in a log record
 * @param frameOffset of a write, from the object's start; else 0
 * @param sector where
 * @param sectorCount how many; of a resize the new size
 * @param originLsn of the change
 * @param storedLength of a write's frame; else 0
 * @param storedCrc of a write's frame; else 0
 */
public record SegmentEntry(
    int operation,
    int frameOffset,
    long sector,
    long sectorCount,
    long originLsn,
    int storedLength,
    int storedCrc) {

  /** Bytes of an entry. */
  public static final int BYTES = 40;

  /** Operations, as in log records. */
  public static final int WRITE = 1;

  public static final int ZEROES = 2;
  public static final int DISCARD = 3;
  public static final int RESIZE = 4;
  public static final int LAST_OPERATION = 8;

  void encode(MemorySegment into, long offset) {
    Bytes.putU8(into, offset, operation);
    Bytes.putU8(into, offset + 1, 0);
    Bytes.putU16(into, offset + 2, 0);
    Bytes.putU32(into, offset + 4, frameOffset);
    Bytes.putU64(into, offset + 8, sector);
    Bytes.putU64(into, offset + 16, sectorCount);
    Bytes.putU64(into, offset + 24, originLsn);
    Bytes.putU32(into, offset + 32, storedLength);
    Bytes.putU32(into, offset + 36, storedCrc);
  }

  static SegmentEntry decode(MemorySegment bytes, long offset) throws FormatException {
    var entry =
        new SegmentEntry(
            Bytes.u8(bytes, offset),
            Bytes.u32(bytes, offset + 4),
            Bytes.u64(bytes, offset + 8),
            Bytes.u64(bytes, offset + 16),
            Bytes.u64(bytes, offset + 24),
            Bytes.u32(bytes, offset + 32),
            Bytes.u32(bytes, offset + 36));
    FormatException.check(Bytes.isZero(bytes, offset + 1, offset + 4), "unknown entry flags");
    return entry;
  }
}
