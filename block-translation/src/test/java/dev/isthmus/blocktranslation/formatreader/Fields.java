package dev.isthmus.blocktranslation.formatreader;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * A stretch of an object whose fields are read by offset and name. Offsets count from the stretch's
 * begin. Threading: immutable as long as nobody changes the bytes.
 */
final class Fields {

  private final String object;
  private final String part;
  private final ByteBuffer bytes;

  private Fields(String object, String part, ByteBuffer bytes) {
    this.object = object;
    this.part = part;
    this.bytes = bytes.order(ByteOrder.LITTLE_ENDIAN);
  }

  /** A whole object. */
  static Fields of(String object, byte[] bytes) {
    return new Fields(object, "", ByteBuffer.wrap(bytes).asReadOnlyBuffer());
  }

  /** A stretch of this one; {@code name} stands before the names of its fields. */
  Fields part(String name, long offset, long length) {
    if (offset < 0 || length < 0 || offset > bytes.capacity() - length) {
      throw damage(name, length + " bytes at " + offset + " of " + bytes.capacity());
    }
    return new Fields(object, part + name + ".", bytes.slice((int) offset, (int) length));
  }

  int length() {
    return bytes.capacity();
  }

  ByteBuffer data() {
    return bytes.duplicate();
  }

  DamageException damage(String field, String problem) {
    return new DamageException(object, part + field, problem);
  }

  void require(boolean condition, String field, Object value) {
    if (!condition) {
      throw damage(field, "is " + value);
    }
  }

  void expect(String field, Object actual, Object wanted) {
    if (!actual.equals(wanted)) {
      throw damage(field, "is " + actual + ", not " + wanted);
    }
  }

  int u8(int offset) {
    return Byte.toUnsignedInt(bytes.get(offset));
  }

  int u16(int offset) {
    return Short.toUnsignedInt(bytes.getShort(offset));
  }

  long u32(int offset) {
    return Integer.toUnsignedLong(bytes.getInt(offset));
  }

  /** All 64 bits, for nonces. */
  long bits64(int offset) {
    return bytes.getLong(offset);
  }

  /** A number; those above 2^63 - 1 are refused. */
  long u64(String field, int offset) {
    long value = bytes.getLong(offset);
    require(value >= 0, field, Long.toUnsignedString(value));
    return value;
  }

  UUID uuid(int offset) {
    ByteBuffer network = bytes.duplicate().order(ByteOrder.BIG_ENDIAN);
    return new UUID(network.getLong(offset), network.getLong(offset + 8));
  }

  byte[] raw(int offset, int length) {
    byte[] copy = new byte[length];
    bytes.get(offset, copy);
    return copy;
  }

  void magic(String magic) {
    byte[] wanted = magic.getBytes(StandardCharsets.US_ASCII);
    if (bytes.capacity() < wanted.length) {
      throw damage("magic", "only " + bytes.capacity() + " bytes");
    }
    expect("magic", new String(raw(0, wanted.length), StandardCharsets.ISO_8859_1), magic);
  }

  void zeroes(String field, int offset, int length) {
    for (int i = offset; i < offset + length; i++) {
      require(bytes.get(i) == 0, field, "not zero at " + i);
    }
  }

  /** Checks the CRC of a stretch against what is said of it elsewhere. */
  void crc(String field, long wanted) {
    expect(field, crc32c(bytes.duplicate()), wanted);
  }

  /** Checks the CRC of this whole stretch that stands inside it, taken as zero. */
  void ownCrc(String field, int offset) {
    expect(field, u32(offset), crcWithout(offset));
  }

  /** Whether the CRC of this whole stretch that stands inside it is right. */
  boolean hasOwnCrc(int offset) {
    return u32(offset) == crcWithout(offset);
  }

  /** The CRC of this whole stretch with the four bytes at {@code offset} taken as zero. */
  long crcWithout(int offset) {
    byte[] copy = raw(0, bytes.capacity());
    ByteBuffer.wrap(copy).putInt(offset, 0);
    return crc32c(ByteBuffer.wrap(copy));
  }

  static long crc32c(ByteBuffer data) {
    var crc = new CRC32C();
    crc.update(data);
    return crc.getValue();
  }

  /** The CRC of a UUID's 16 bytes. */
  static long tag(UUID uuid) {
    ByteBuffer network = ByteBuffer.allocate(16);
    network.putLong(uuid.getMostSignificantBits()).putLong(uuid.getLeastSignificantBits());
    return crc32c(network.flip());
  }
}
