package dev.isthmus.blocktranslation.store.s3;

import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.zip.CRC32C;

/** CRC32C as S3 writes it: big-endian, in Base64. */
public final class S3Checksums {

  private S3Checksums() {}

  /** Of a checksum. */
  public static String base64(int crc32c) {
    return Base64.getEncoder()
        .encodeToString(ByteBuffer.allocate(Integer.BYTES).putInt(crc32c).array());
  }

  /** Of the checksum of a body. */
  static String base64(byte[] body) {
    var crc = new CRC32C();
    crc.update(body, 0, body.length);
    return base64((int) crc.getValue());
  }
}
