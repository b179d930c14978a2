package dev.isthmus.blocktranslation.map;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.zip.CRC32C;

/** Offsets and sizes of a run part (docs/FORMAT.md, "Map run part"). */
final class PartLayout {

  static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(LITTLE_ENDIAN);
  static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(LITTLE_ENDIAN);
  static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(LITTLE_ENDIAN);

  /** {@code ISTHRUN1} as a little-endian number. */
  static final long MAGIC = 0x314E5552_48545349L;

  static final int VERSION = 1;
  static final int HEADER_BYTES = 128;
  static final int MAX_PART_BYTES = 64 << 20;

  /** {@code IPGE}. */
  static final int PAGE_MAGIC = 0x45475049;

  static final int PAGE_BYTES = 4096;
  static final int PAGE_HEADER_BYTES = 32;
  static final int ENTRY_BYTES = 32;
  static final int PAGE_ENTRIES = (PAGE_BYTES - PAGE_HEADER_BYTES) / ENTRY_BYTES;

  /** {@code IPIX}. */
  static final int INDEX_MAGIC = 0x58495049;

  static final int INDEX_HEADER_BYTES = 32;
  static final int FIRST_BYTES = 8;
  static final int FILTER_BYTES = 128;

  /** Most sectors that one entry tells: the field is a u32. */
  static final long MAX_ENTRY_SECTORS = 0xFFFF_FFFFL;

  private PartLayout() {}

  static long indexOffset(int pageCount) {
    return HEADER_BYTES + (long) pageCount * PAGE_BYTES;
  }

  /** Length of the index without its filters. */
  static int firstsLength(int pageCount) {
    return INDEX_HEADER_BYTES + pageCount * FIRST_BYTES;
  }

  static int indexLength(int pageCount) {
    return firstsLength(pageCount) + pageCount * FILTER_BYTES;
  }

  static long totalLength(int pageCount) {
    return indexOffset(pageCount) + indexLength(pageCount);
  }

  /**
   * CRC-32C of a stretch of bytes, with the four at {@code zeroedOffset} taken as zero; -1: none.
   */
  static int crc(MemorySegment bytes, long offset, long length, int zeroedOffset) {
    var crc = new CRC32C();
    if (zeroedOffset < 0) {
      crc.update(bytes.asSlice(offset, length).asByteBuffer());
    } else {
      crc.update(bytes.asSlice(offset, zeroedOffset).asByteBuffer());
      crc.update(FOUR_ZEROES, 0, 4);
      crc.update(
          bytes.asSlice(offset + zeroedOffset + 4, length - zeroedOffset - 4).asByteBuffer());
    }
    return (int) crc.getValue();
  }

  private static final byte[] FOUR_ZEROES = new byte[4];
}
