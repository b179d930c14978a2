package dev.isthmus.blocktranslation.format;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.UUID;
import java.util.zip.CRC32C;

/** Fields of stored objects: little-endian, unaligned; see docs/FORMAT.md, "Conventions". */
final class Bytes {

  private static final ValueLayout.OfShort U16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(LITTLE_ENDIAN);
  private static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(LITTLE_ENDIAN);
  private static final ValueLayout.OfLong U64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(LITTLE_ENDIAN);
  private static final ValueLayout.OfLong UUID_HALF =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(java.nio.ByteOrder.BIG_ENDIAN);

  private Bytes() {}

  static int u8(MemorySegment bytes, long offset) {
    return Byte.toUnsignedInt(bytes.get(ValueLayout.JAVA_BYTE, offset));
  }

  static int u16(MemorySegment bytes, long offset) {
    return Short.toUnsignedInt(bytes.get(U16, offset));
  }

  /** The 32 bits as they are: lengths and counts are checked by the caller to be positive. */
  static int u32(MemorySegment bytes, long offset) {
    return bytes.get(U32, offset);
  }

  static long u64(MemorySegment bytes, long offset) {
    return bytes.get(U64, offset);
  }

  static UUID uuid(MemorySegment bytes, long offset) {
    return new UUID(bytes.get(UUID_HALF, offset), bytes.get(UUID_HALF, offset + 8));
  }

  static void putU8(MemorySegment bytes, long offset, int value) {
    bytes.set(ValueLayout.JAVA_BYTE, offset, (byte) value);
  }

  static void putU16(MemorySegment bytes, long offset, int value) {
    bytes.set(U16, offset, (short) value);
  }

  static void putU32(MemorySegment bytes, long offset, int value) {
    bytes.set(U32, offset, value);
  }

  static void putU64(MemorySegment bytes, long offset, long value) {
    bytes.set(U64, offset, value);
  }

  static void putUuid(MemorySegment bytes, long offset, UUID value) {
    bytes.set(UUID_HALF, offset, value.getMostSignificantBits());
    bytes.set(UUID_HALF, offset + 8, value.getLeastSignificantBits());
  }

  static boolean isZero(MemorySegment bytes, long from, long to) {
    for (long i = from; i < to; i++) {
      if (bytes.get(ValueLayout.JAVA_BYTE, i) != 0) {
        return false;
      }
    }
    return true;
  }

  static int crc(MemorySegment bytes, long offset, long length) {
    var crc = new CRC32C();
    crc.update(bytes.asSlice(offset, length).asByteBuffer());
    return (int) crc.getValue();
  }

  /** CRC of a header whose CRC field, 4 bytes at {@code crcOffset}, counts as zero. */
  static int headerCrc(MemorySegment bytes, long offset, long length, long crcOffset) {
    var crc = new CRC32C();
    crc.update(bytes.asSlice(offset, crcOffset).asByteBuffer());
    crc.update(new byte[4]);
    crc.update(bytes.asSlice(offset + crcOffset + 4, length - crcOffset - 4).asByteBuffer());
    return (int) crc.getValue();
  }

  static int crc(UUID uuid) {
    var crc = new CRC32C();
    crc.update(
        ByteBuffer.allocate(16)
            .putLong(uuid.getMostSignificantBits())
            .putLong(uuid.getLeastSignificantBits())
            .flip());
    return (int) crc.getValue();
  }
}
