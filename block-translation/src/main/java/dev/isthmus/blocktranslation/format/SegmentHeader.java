package dev.isthmus.blocktranslation.format;

import static dev.isthmus.blocktranslation.format.FormatException.check;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The header of a segment or fence (docs/FORMAT.md, "Segment"). Immutable but for the digest's
 * array, which nobody changes.
 *
 * @param kind {@link #DATA} or {@link #FENCE}
 * @param firstLsn above {@code lastLsn} by one in a fence
 * @param lastLsn newest LSN of the prefix that ends here
 * @param totalLength of the object, bytes
 * @param tableCount entries
 * @param tableCrc over the table
 * @param nextSequence the slot after this one
 * @param sizeSectors the disk's size after this segment
 * @param durableLsn newest LSN that was durable in the owner's log when this was sealed
 * @param digest SHA-256 of all bytes behind the header
 */
@SuppressWarnings("ArrayRecordComponent") // compared with Arrays.equals where it matters
public record SegmentHeader(
    int kind,
    UUID volume,
    UUID writer,
    long epoch,
    long incarnation,
    long sequence,
    long firstLsn,
    long lastLsn,
    long firstTimeNanos,
    long lastTimeNanos,
    long totalLength,
    int tableCount,
    int tableCrc,
    long nextSequence,
    long sizeSectors,
    long durableLsn,
    byte[] digest) {

  /** Bytes of a header. */
  public static final int BYTES = 256;

  public static final int DATA = 1;
  public static final int FENCE = 2;

  /** Longest segment that is looked at. */
  public static final int MAX_TOTAL_BYTES = 64 << 20;

  private static final int MAX_ENTRIES = 1 << 20;
  private static final long MAGIC = 0x3147455348545349L; // "ISTHSEG1"
  private static final int CRC_OFFSET = 12;
  private static final int DIGEST_OFFSET = 144;
  private static final int DIGEST_BYTES = 32;
  private static final int RESERVED_OFFSET = 184;

  /** Length of the table, bytes. */
  public int tableBytes() {
    return tableCount * SegmentEntry.BYTES;
  }

  /** Writes the header at the start of {@code into}. */
  public void encode(MemorySegment into) {
    MemorySegment header = into.asSlice(0, BYTES);
    header.fill((byte) 0);
    Bytes.putU64(header, 0, MAGIC);
    Bytes.putU16(header, 8, 1);
    Bytes.putU8(header, 10, kind);
    Bytes.putUuid(header, 16, volume);
    Bytes.putUuid(header, 32, writer);
    Bytes.putU64(header, 48, epoch);
    Bytes.putU64(header, 56, incarnation);
    Bytes.putU64(header, 64, sequence);
    Bytes.putU64(header, 72, firstLsn);
    Bytes.putU64(header, 80, lastLsn);
    Bytes.putU64(header, 88, firstTimeNanos);
    Bytes.putU64(header, 96, lastTimeNanos);
    Bytes.putU64(header, 104, totalLength);
    Bytes.putU32(header, 112, BYTES);
    Bytes.putU32(header, 116, tableBytes());
    Bytes.putU32(header, 120, tableCount);
    Bytes.putU32(header, 124, tableCrc);
    Bytes.putU64(header, 128, nextSequence);
    Bytes.putU64(header, 136, sizeSectors);
    Bytes.putU64(header, 176, durableLsn);
    MemorySegment.copy(MemorySegment.ofArray(digest), 0, header, DIGEST_OFFSET, DIGEST_BYTES);
    Bytes.putU32(header, CRC_OFFSET, Bytes.headerCrc(header, 0, BYTES, CRC_OFFSET));
  }

  /**
   * Reads and checks a header.
   *
   * @param bytes from the object's start on
   * @param volume that it must be of
   * @param sequence that its key says
   */
  public static SegmentHeader decode(MemorySegment bytes, UUID volume, long sequence)
      throws FormatException {
    check(bytes.byteSize() >= BYTES, "a segment is cut within its header");
    check(Bytes.u64(bytes, 0) == MAGIC, "not a segment");
    check(Bytes.u16(bytes, 8) == 1, "segment version " + Bytes.u16(bytes, 8) + " is not known");
    check(
        Bytes.u32(bytes, CRC_OFFSET) == Bytes.headerCrc(bytes, 0, BYTES, CRC_OFFSET),
        "the segment header's checksum does not match");
    check(volume.equals(Bytes.uuid(bytes, 16)), "the segment belongs to another volume");
    check(Bytes.u64(bytes, 64) == sequence, "the segment belongs to another slot");
    check(Bytes.u8(bytes, 11) == 0, "unknown segment flags");
    check(Bytes.isZero(bytes, RESERVED_OFFSET, BYTES), "reserved bytes of the header are in use");
    var header =
        new SegmentHeader(
            Bytes.u8(bytes, 10),
            volume,
            Bytes.uuid(bytes, 32),
            Bytes.u64(bytes, 48),
            Bytes.u64(bytes, 56),
            sequence,
            Bytes.u64(bytes, 72),
            Bytes.u64(bytes, 80),
            Bytes.u64(bytes, 88),
            Bytes.u64(bytes, 96),
            Bytes.u64(bytes, 104),
            Bytes.u32(bytes, 120),
            Bytes.u32(bytes, 124),
            Bytes.u64(bytes, 128),
            Bytes.u64(bytes, 136),
            Bytes.u64(bytes, 176),
            bytes
                .asSlice(DIGEST_OFFSET, DIGEST_BYTES)
                .toArray(java.lang.foreign.ValueLayout.JAVA_BYTE));
    check(Bytes.u32(bytes, 112) == BYTES, "the table is not behind the header");
    header.checkShape(Bytes.u32(bytes, 116));
    return header;
  }

  /**
   * What keeps this from being the next one of a chain (docs/FORMAT.md, "Reading the chain"), or
   * null.
   *
   * @param ownerEpoch who owns the chain there
   * @param owner likewise
   * @param chainLastLsn newest LSN before it
   */
  public @Nullable String flawAfter(long ownerEpoch, UUID owner, long chainLastLsn) {
    if (kind == FENCE) {
      if (epoch <= ownerEpoch) {
        return "a fence of an older epoch";
      }
      return lastLsn == chainLastLsn ? null : "a fence at another LSN";
    }
    if (epoch != ownerEpoch || !writer.equals(owner)) {
      return "a segment by somebody who does not own the chain here";
    }
    return firstLsn == chainLastLsn + 1 ? null : "a gap in the order of changes";
  }

  private void checkShape(int tableLength) throws FormatException {
    check(tableCount >= 0 && tableCount <= MAX_ENTRIES, "a table of " + tableCount + " entries");
    check(tableLength == tableBytes(), "the table's length does not fit its entries");
    check(
        totalLength >= BYTES + (long) tableLength && totalLength <= MAX_TOTAL_BYTES,
        "a segment of " + totalLength + " bytes");
    check(epoch > 0 && incarnation > 0 && sizeSectors > 0, "a segment without epoch or size");
    switch (kind) {
      case DATA -> {
        check(nextSequence == sequence + 1, "a data segment that skips slots");
        check(firstLsn > 0 && lastLsn >= firstLsn, "a data segment without LSNs");
      }
      case FENCE -> {
        check(tableCount == 0 && totalLength == BYTES, "a fence with data");
        check(
            nextSequence - sequence > 0
                && nextSequence - sequence <= Manifest.MAX_SLOT_WINDOW
                && nextSequence > 0
                && lastLsn >= 0
                && firstLsn == lastLsn + 1,
            "a fence that leads nowhere");
      }
      default -> throw new FormatException("segment kind " + kind + " is not known");
    }
  }

  /**
   * Reads and checks the table.
   *
   * @param bytes from the object's start on, with the whole table
   */
  public List<SegmentEntry> decodeTable(MemorySegment bytes) throws FormatException {
    check(bytes.byteSize() >= BYTES + (long) tableBytes(), "a segment is cut within its table");
    check(Bytes.crc(bytes, BYTES, tableBytes()) == tableCrc, "the table's checksum does not match");
    var entries = new ArrayList<SegmentEntry>(tableCount);
    long frameOffset = BYTES + (long) tableBytes();
    long lsn = firstLsn - 1;
    for (int i = 0; i < tableCount; i++) {
      SegmentEntry entry = SegmentEntry.decode(bytes, BYTES + (long) i * SegmentEntry.BYTES);
      check(
          entry.operation() >= 1 && entry.operation() <= SegmentEntry.LAST_OPERATION,
          "operation " + entry.operation() + " is not known");
      check(entry.originLsn() > lsn && entry.originLsn() <= lastLsn, "LSNs are out of order");
      lsn = entry.originLsn();
      check(
          entry.sector() >= 0 && entry.sectorCount() >= 0 && inSize(entry),
          "a range beyond the disk");
      check(entry.sectorCount() > 0 || entry.operation() > SegmentEntry.DISCARD, "an empty range");
      if (entry.operation() == SegmentEntry.WRITE) {
        check(entry.frameOffset() == frameOffset, "frames are not where the table says");
        check(
            entry.storedLength() > 0 && entry.storedLength() <= Frame.MAX_STORED_BYTES,
            "a frame of " + entry.storedLength() + " bytes");
        check(
            entry.sectorCount() > 0 && entry.sectorCount() * 512 <= Frame.MAX_RAW_BYTES,
            "a frame of " + entry.sectorCount() + " sectors");
        frameOffset += Frame.HEADER_BYTES + entry.storedLength();
      } else {
        check(entry.frameOffset() == 0 && entry.storedLength() == 0, "a frame where none belongs");
      }
      entries.add(entry);
    }
    check(frameOffset == totalLength, "the frames do not fill the segment");
    return List.copyOf(entries);
  }

  private boolean inSize(SegmentEntry entry) {
    // Checked against the largest disk there can be; a resize within the segment may lie either
    // way.
    return entry.sectorCount() <= Long.MAX_VALUE / 512
        && entry.sector() <= Long.MAX_VALUE / 512 - entry.sectorCount();
  }
}
