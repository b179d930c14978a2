package dev.isthmus.blocktranslation.format;

import static dev.isthmus.blocktranslation.format.FormatException.check;

import java.lang.foreign.MemorySegment;
import java.util.UUID;

/**
 * The header of a frame: up to 32 KiB of data inside a segment (docs/FORMAT.md, "Frame").
 * Immutable.
 *
 * @param rawLength bytes of data, a multiple of 512
 * @param storedLength bytes that follow the header
 * @param storedCrc over the stored bytes
 * @param sector where the data begins on the disk
 * @param originLsn of the write
 * @param rawCrc over the data
 * @param sequence of the segment that holds the frame
 */
public record Frame(
    int rawLength,
    int storedLength,
    int storedCrc,
    long sector,
    long originLsn,
    int rawCrc,
    long sequence) {

  /** Bytes of a header. */
  public static final int HEADER_BYTES = 72;

  /** Most data of one frame. */
  public static final int MAX_RAW_BYTES = 32 << 10;

  /** Most stored bytes of one frame: room for a codec's worst case. */
  public static final int MAX_STORED_BYTES = 64 << 10;

  private static final int MAGIC = 0x4D524649; // "IFRM"
  private static final int CRC_OFFSET = 8;

  /** Writes the header of a plain frame at {@code offset}; the data follows it. */
  public void encode(MemorySegment into, long offset, int volumeTag) {
    MemorySegment header = into.asSlice(offset, HEADER_BYTES);
    header.fill((byte) 0);
    Bytes.putU32(header, 0, MAGIC);
    Bytes.putU8(header, 4, 1);
    Bytes.putU8(header, 5, 1);
    Bytes.putU32(header, 12, rawLength);
    Bytes.putU32(header, 16, storedLength);
    Bytes.putU32(header, 20, storedCrc);
    Bytes.putU64(header, 24, sector);
    Bytes.putU64(header, 32, originLsn);
    Bytes.putU32(header, 56, rawCrc);
    Bytes.putU32(header, 60, volumeTag);
    Bytes.putU64(header, 64, sequence);
    Bytes.putU32(header, CRC_OFFSET, Bytes.headerCrc(header, 0, HEADER_BYTES, CRC_OFFSET));
  }

  /**
   * Reads and checks a header, and the data behind it.
   *
   * @param bytes from the frame's offset on; may hold more than the frame
   * @param volumeTag of the volume that the frame must be of
   * @param sequence of the segment that the frame must be of
   */
  public static Frame decode(MemorySegment bytes, int volumeTag, long sequence)
      throws FormatException {
    check(bytes.byteSize() >= HEADER_BYTES, "a frame is cut within its header");
    check(Bytes.u32(bytes, 0) == MAGIC, "no frame begins here");
    check(Bytes.u8(bytes, 4) == 1, "frame version " + Bytes.u8(bytes, 4) + " is not known");
    check(
        Bytes.u32(bytes, CRC_OFFSET) == Bytes.headerCrc(bytes, 0, HEADER_BYTES, CRC_OFFSET),
        "the frame header's checksum does not match");
    check(Bytes.u8(bytes, 5) == 1, "frame kind " + Bytes.u8(bytes, 5) + " is not known");
    check(Bytes.u8(bytes, 6) == 0, "codec " + Bytes.u8(bytes, 6) + " is not known");
    check(Bytes.u8(bytes, 7) == 0, "unknown frame flags");
    check(Bytes.isZero(bytes, 40, 56), "the frame is encrypted, which is not supported");
    check(Bytes.u32(bytes, 60) == volumeTag, "the frame belongs to another volume");
    check(Bytes.u64(bytes, 64) == sequence, "the frame belongs to another segment");
    var frame =
        new Frame(
            Bytes.u32(bytes, 12),
            Bytes.u32(bytes, 16),
            Bytes.u32(bytes, 20),
            Bytes.u64(bytes, 24),
            Bytes.u64(bytes, 32),
            Bytes.u32(bytes, 56),
            Bytes.u64(bytes, 64));
    check(
        frame.rawLength > 0 && frame.rawLength <= MAX_RAW_BYTES && frame.rawLength % 512 == 0,
        "a frame of " + frame.rawLength + " bytes");
    check(frame.storedLength == frame.rawLength, "a plain frame's lengths differ");
    check(bytes.byteSize() >= HEADER_BYTES + frame.storedLength, "a frame is cut within its data");
    int crc = Bytes.crc(bytes, HEADER_BYTES, frame.storedLength);
    check(
        crc == frame.storedCrc && crc == frame.rawCrc, "the frame data's checksum does not match");
    return frame;
  }

  /** The tag by which a frame names its volume. */
  public static int volumeTag(UUID volume) {
    return Bytes.crc(volume);
  }
}
