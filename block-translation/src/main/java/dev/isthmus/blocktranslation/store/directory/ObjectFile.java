package dev.isthmus.blocktranslation.store.directory;

import dev.isthmus.blocktranslation.store.ByteRange;
import dev.isthmus.blocktranslation.store.ETag;
import dev.isthmus.blocktranslation.store.PutBody;
import dev.isthmus.blocktranslation.store.StoreException;
import dev.isthmus.blocktranslation.store.StoredObject;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.zip.CRC32C;

/**
 * How one object lies in its file: a header of {@value #HEADER_BYTES} bytes, then the body.
 *
 * <p>All little-endian:
 *
 * <pre>
 *  0  8  magic "ISTHOBJ1"
 *  8  8  length of the body in bytes
 * 16 16  nonce, random for each put: no ETag recurs even if the bytes do
 * 32  4  CRC32C of the body
 * 36 24  zero
 * 60  4  CRC32C of bytes 0 to 59
 * </pre>
 *
 * The ETag is the body's CRC32C and the nonce in hexadecimal. A whole read checks the body; a
 * ranged one checks header and length only, as S3 does: ranges that matter verify themselves.
 */
final class ObjectFile {

  static final int HEADER_BYTES = 64;
  private static final int NONCE_BYTES = 16;
  private static final int CRC_OFFSET = 32;
  private static final int HEADER_CRC_OFFSET = 60;
  private static final byte[] MAGIC = {'I', 'S', 'T', 'H', 'O', 'B', 'J', '1'};

  /** Copied from the lent body at a time. */
  private static final int CHUNK_BYTES = 1 << 20;

  /** What a header says. */
  record Header(long lengthBytes, int bodyCrc32c, ETag etag) {}

  private ObjectFile() {}

  /**
   * Writes header and body; does not force them.
   *
   * @return the new object's tag
   */
  static ETag write(FileChannel channel, PutBody body, byte[] nonce) throws IOException {
    int crc = body.crc32c();
    ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    header.put(MAGIC).putLong(body.lengthBytes()).put(nonce).putInt(crc);
    header.putInt(HEADER_CRC_OFFSET, crc32c(header.array(), HEADER_CRC_OFFSET));
    writeFully(channel, header.clear());
    byte[] chunk = new byte[Math.min(CHUNK_BYTES, body.lengthBytes())];
    for (int offset = 0; offset < body.lengthBytes(); offset += chunk.length) {
      int length = Math.min(chunk.length, body.lengthBytes() - offset);
      if (!body.copy(offset, chunk, length)) {
        throw new IOException("the request has ended");
      }
      writeFully(channel, ByteBuffer.wrap(chunk, 0, length));
    }
    return etag(crc, nonce);
  }

  private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /**
   * Reads and checks the header.
   *
   * @param what for messages
   */
  static Header readHeader(FileChannel channel, String what) throws IOException {
    ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    readFully(channel, header, 0);
    byte[] bytes = header.array();
    if (header.hasRemaining()
        || !Arrays.equals(bytes, 0, MAGIC.length, MAGIC, 0, MAGIC.length)
        || header.getInt(HEADER_CRC_OFFSET) != crc32c(bytes, HEADER_CRC_OFFSET)) {
      throw new StoreException.Corrupt(what + ": the file's header is damaged");
    }
    long length = header.getLong(8);
    if (length < 0 || channel.size() != HEADER_BYTES + length) {
      throw new StoreException.Corrupt(
          "%s: the file has %d bytes, its header says %d"
              .formatted(what, channel.size() - HEADER_BYTES, length));
    }
    int crc = header.getInt(CRC_OFFSET);
    return new Header(length, crc, etag(crc, Arrays.copyOfRange(bytes, 16, 16 + NONCE_BYTES)));
  }

  /** Whether the file begins as one with a header does. */
  static boolean hasHeader(FileChannel channel) throws IOException {
    ByteBuffer magic = ByteBuffer.allocate(MAGIC.length);
    readFully(channel, magic, 0);
    return !magic.hasRemaining() && Arrays.equals(magic.array(), MAGIC);
  }

  /** How long the object in a file with a header is. */
  static long lengthBytes(Path file) throws IOException {
    return Math.max(0, Files.size(file) - HEADER_BYTES);
  }

  /** Reads {@code range} of the object. */
  static StoredObject read(FileChannel channel, ByteRange range, String what) throws IOException {
    Header header = readHeader(channel, what);
    byte[] body = readBody(channel, HEADER_BYTES, header.lengthBytes(), range, what);
    if (range instanceof ByteRange.Whole && crc32c(body, body.length) != header.bodyCrc32c()) {
      throw new StoreException.Corrupt(what + ": the body does not match its checksum");
    }
    return new StoredObject(
        MemorySegment.ofArray(body),
        from(range, header.lengthBytes()),
        header.lengthBytes(),
        header.etag());
  }

  /**
   * Reads {@code range} of a file that is the object itself. Its ETag says no more than a length.
   */
  static StoredObject readPlain(FileChannel channel, ByteRange range, String what)
      throws IOException {
    long total = channel.size();
    byte[] body = readBody(channel, 0, total, range, what);
    return new StoredObject(
        MemorySegment.ofArray(body), from(range, total), total, new ETag("\"" + total + "\""));
  }

  private static long from(ByteRange range, long total) {
    return switch (range) {
      case ByteRange.Whole _ -> 0;
      case ByteRange.Span span -> Math.min(span.offsetBytes(), total);
      case ByteRange.Tail tail -> Math.max(0, total - tail.lengthBytes());
    };
  }

  private static byte[] readBody(
      FileChannel channel, int headerBytes, long total, ByteRange range, String what)
      throws IOException {
    long from = from(range, total);
    boolean whole = range instanceof ByteRange.Whole;
    if (whole && total > range.maxLengthBytes()) {
      throw new StoreException.Corrupt(
          what
              + ": the object has "
              + total
              + " bytes, at most "
              + range.maxLengthBytes()
              + " belong");
    }
    if (!whole && from == total) {
      throw new StoreException.OutOfRange(what + ": " + range + " of " + total + " bytes");
    }
    byte[] body = new byte[(int) Math.min(range.maxLengthBytes(), total - from)];
    ByteBuffer buffer = ByteBuffer.wrap(body);
    readFully(channel, buffer, headerBytes + from);
    if (buffer.hasRemaining()) {
      throw new StoreException.Corrupt(what + ": the file became shorter while it was read");
    }
    return body;
  }

  private static void readFully(FileChannel channel, ByteBuffer target, long offset)
      throws IOException {
    long position = offset;
    while (target.hasRemaining()) {
      int read = channel.read(target, position);
      if (read < 0) {
        return;
      }
      position += read;
    }
  }

  private static int crc32c(byte[] bytes, int length) {
    var crc = new CRC32C();
    crc.update(bytes, 0, length);
    return (int) crc.getValue();
  }

  private static ETag etag(int crc, byte[] nonce) {
    HexFormat hex = HexFormat.of();
    return new ETag('"' + hex.toHexDigits(crc) + '-' + hex.formatHex(nonce) + '"');
  }
}
