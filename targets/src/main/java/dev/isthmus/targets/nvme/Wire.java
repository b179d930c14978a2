package dev.isthmus.targets.nvme;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Fields of NVMe structures in memory: little-endian, unaligned (NVMe Base 2.0, 1.5). */
final class Wire {

  static final ValueLayout.OfByte U8 = ValueLayout.JAVA_BYTE;
  static final ValueLayout.OfShort U16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt U32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfLong U64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Wire() {}

  /** A structure that must be {@code sizeBytes} long: checked when its class loads. */
  static StructLayout struct(long sizeBytes, MemoryLayout... fields) {
    StructLayout layout = MemoryLayout.structLayout(fields);
    if (layout.byteSize() != sizeBytes) {
      throw new AssertionError("a layout of " + layout.byteSize() + " bytes, not " + sizeBytes);
    }
    return layout;
  }

  static long offset(StructLayout layout, String field) {
    return layout.byteOffset(MemoryLayout.PathElement.groupElement(field));
  }

  static MemoryLayout reserved(long bytes) {
    return MemoryLayout.paddingLayout(bytes);
  }

  static int u8(MemorySegment s, long at) {
    return Byte.toUnsignedInt(s.get(U8, at));
  }

  static int u16(MemorySegment s, long at) {
    return Short.toUnsignedInt(s.get(U16, at));
  }

  static int i32(MemorySegment s, long at) {
    return s.get(U32, at);
  }

  static long i64(MemorySegment s, long at) {
    return s.get(U64, at);
  }

  static void put8(MemorySegment s, long at, int value) {
    s.set(U8, at, (byte) value);
  }

  static void put16(MemorySegment s, long at, int value) {
    s.set(U16, at, (short) value);
  }

  static void put32(MemorySegment s, long at, int value) {
    s.set(U32, at, value);
  }

  static void put64(MemorySegment s, long at, long value) {
    s.set(U64, at, value);
  }

  static void putBytes(MemorySegment s, long at, byte[] bytes) {
    MemorySegment.copy(bytes, 0, s, U8, at, bytes.length);
  }

  static byte[] bytes(MemorySegment s, long at, int length) {
    byte[] copy = new byte[length];
    MemorySegment.copy(s, U8, at, copy, 0, length);
    return copy;
  }

  /** ASCII, padded with blanks to {@code length} (Base 2.0, 1.4: ASCII string fields). */
  static void putPadded(MemorySegment s, long at, int length, String text) {
    s.asSlice(at, length).fill((byte) ' ');
    putBytes(s, at, text.getBytes(US_ASCII));
  }

  /** A NUL-terminated name in a zeroed field. */
  static void putName(MemorySegment s, long at, String text) {
    putBytes(s, at, text.getBytes(US_ASCII));
  }

  /** The name in a field of {@code length} bytes; empty if it has no end or is not ASCII. */
  static String name(MemorySegment s, long at, int length) {
    var text = new StringBuilder();
    for (int i = 0; i < length; i++) {
      byte b = s.get(U8, at + i);
      if (b == 0) {
        return text.toString();
      }
      if (b < 0) {
        return "";
      }
      text.append((char) b);
    }
    return "";
  }
}
