package dev.isthmus.blocktranslation.format;

import java.lang.foreign.MemorySegment;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * Lays a segment out in a buffer: first the number of entries and frame bytes is known, then
 * entries are added in LSN order, then it is sealed. Threading: confined to the caller.
 */
public final class SegmentBuilder {

  private final MemorySegment buffer;
  private final int volumeTag;
  private final long sequence;
  private final int tableCount;
  private final List<SegmentEntry> entries;
  private long frameOffset;

  /**
   * @param buffer at least {@link #totalBytes} long
   * @param tableCount entries that will be added
   */
  public SegmentBuilder(MemorySegment buffer, UUID volume, long sequence, int tableCount) {
    this.buffer = buffer;
    this.volumeTag = Frame.volumeTag(volume);
    this.sequence = sequence;
    this.tableCount = tableCount;
    this.entries = new ArrayList<>(tableCount);
    this.frameOffset = SegmentHeader.BYTES + (long) tableCount * SegmentEntry.BYTES;
  }

  /** Length of a segment of so many entries, of which {@code frames} carry {@code payloadBytes}. */
  public static long totalBytes(int entries, int frames, long payloadBytes) {
    return SegmentHeader.BYTES
        + (long) entries * SegmentEntry.BYTES
        + (long) frames * Frame.HEADER_BYTES
        + payloadBytes;
  }

  /** Where the next write's data goes: the caller fills it, then calls {@link #addWrite}. */
  public MemorySegment nextData(int lengthBytes) {
    return buffer.asSlice(frameOffset + Frame.HEADER_BYTES, lengthBytes);
  }

  /**
   * Adds a write whose data lies at {@link #nextData}.
   *
   * @param crc of the data, as the log has it: it goes into the frame unchanged, so that damage on
   *     the way here is found by every later reader
   */
  public void addWrite(long sector, int lengthBytes, long originLsn, int crc) {
    var entry =
        new SegmentEntry(
            SegmentEntry.WRITE,
            Math.toIntExact(frameOffset),
            sector,
            lengthBytes / 512,
            originLsn,
            lengthBytes,
            crc);
    new Frame(lengthBytes, lengthBytes, crc, sector, originLsn, crc, sequence)
        .encode(buffer, frameOffset, volumeTag);
    frameOffset += Frame.HEADER_BYTES + lengthBytes;
    add(entry);
  }

  /** Adds a change without data. */
  public void addRange(int operation, long sector, long sectorCount, long originLsn) {
    var entry = new SegmentEntry(operation, 0, sector, sectorCount, originLsn, 0, 0);
    add(entry);
  }

  private void add(SegmentEntry entry) {
    if (entries.size() == tableCount) {
      throw new IllegalStateException("more entries than were announced: " + tableCount);
    }
    entry.encode(buffer, SegmentHeader.BYTES + (long) entries.size() * SegmentEntry.BYTES);
    entries.add(entry);
  }

  /**
   * Writes the header; the buffer's first {@code totalLength} bytes are then the object.
   *
   * @param draft all but lengths, CRC and digest, which are filled in
   * @return the header as written
   */
  public SegmentHeader seal(SegmentHeader draft) {
    if (entries.size() != tableCount) {
      throw new IllegalStateException(entries.size() + " entries of " + tableCount + " announced");
    }
    var header =
        new SegmentHeader(
            draft.kind(),
            draft.volume(),
            draft.writer(),
            draft.epoch(),
            draft.incarnation(),
            sequence,
            draft.firstLsn(),
            draft.lastLsn(),
            draft.firstTimeNanos(),
            draft.lastTimeNanos(),
            frameOffset,
            tableCount,
            Bytes.crc(buffer, SegmentHeader.BYTES, (long) tableCount * SegmentEntry.BYTES),
            draft.nextSequence(),
            draft.sizeSectors(),
            draft.durableLsn(),
            digest(buffer.asSlice(SegmentHeader.BYTES, frameOffset - SegmentHeader.BYTES)));
    header.encode(buffer);
    return header;
  }

  /** What was added, in order. */
  public List<SegmentEntry> entries() {
    return List.copyOf(entries);
  }

  /** SHA-256 of {@code bytes}. */
  public static byte[] digest(MemorySegment bytes) {
    try {
      var digest = MessageDigest.getInstance("SHA-256");
      digest.update(bytes.asByteBuffer());
      return digest.digest();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
