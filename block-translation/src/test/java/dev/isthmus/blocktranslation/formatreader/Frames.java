package dev.isthmus.blocktranslation.formatreader;

import java.nio.ByteBuffer;
import java.util.UUID;

/** Reads frames. */
final class Frames {

  static final int HEADER_BYTES = 72;
  private static final int MAX_RAW_BYTES = 32_768;

  /** What one frame holds. */
  record Frame(long sector, long originLsn, long sequence, long storedCrc, ByteBuffer data) {
    int sectorCount() {
      return data.remaining() / DiskImage.SECTOR_BYTES;
    }
  }

  private Frames() {}

  /** Reads the frame of {@code storedLength} bytes of data at {@code offset}. */
  static Frame read(Fields segment, long offset, long storedLength, UUID volume) {
    String name = "frame@" + offset;
    Fields whole = segment.part(name, offset, HEADER_BYTES + storedLength);
    Fields header = segment.part(name, offset, HEADER_BYTES);
    header.magic("IFRM");
    header.ownCrc("headerCrc", 8);
    header.expect("version", header.u8(4), 1);
    header.expect("kind", header.u8(5), 1);
    header.expect("codec", header.u8(6), 0);
    header.expect("flags", header.u8(7), 0);
    long rawLength = header.u32(12);
    header.require(
        rawLength % 512 == 0 && rawLength >= 512 && rawLength <= MAX_RAW_BYTES,
        "rawLength",
        rawLength);
    header.expect("storedLength", header.u32(16), storedLength);
    header.expect("storedLength", storedLength, rawLength);
    header.expect("keyId", header.u32(40), 0L);
    header.zeroes("nonce", 44, 12);
    header.expect("volumeTag", header.u32(60), Fields.tag(volume));
    ByteBuffer stored = whole.data().slice(HEADER_BYTES, (int) storedLength);
    long crc = Fields.crc32c(stored.duplicate());
    header.expect("storedCrc", header.u32(20), crc);
    header.expect("rawCrc", header.u32(56), crc);
    return new Frame(
        header.u64("sector", 24),
        header.u64("originLsn", 32),
        header.u64("sequence", 64),
        crc,
        stored);
  }
}
