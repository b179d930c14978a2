package dev.isthmus.blockdevice;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.UUID;

/**
 * Which disk, and which life of it.
 *
 * <p>The UUID stays for the life of the disk. The incarnation goes up by one each time the disk
 * opened in an older state than its users had seen; an initiator learns of it by the NGUID.
 *
 * @param uuid never all zero
 * @param incarnation from 1
 */
public record DeviceIdentity(UUID uuid, long incarnation) {

  public DeviceIdentity {
    if (uuid.getMostSignificantBits() == 0 && uuid.getLeastSignificantBits() == 0) {
      throw new IllegalArgumentException("the nil UUID identifies no device");
    }
    if (incarnation < 1) {
      throw new IllegalArgumentException("incarnation " + incarnation + " is below 1");
    }
  }

  /**
   * The 16 bytes of the namespace globally unique identifier (NVMe Base 2.0, Identify Namespace):
   * the same for one UUID and incarnation everywhere and always, different for another incarnation.
   */
  public byte[] nguid() {
    try {
      var digest = MessageDigest.getInstance("SHA-256");
      digest.update("isthmus nguid 1".getBytes(StandardCharsets.US_ASCII));
      digest.update(
          ByteBuffer.allocate(24)
              .putLong(uuid.getMostSignificantBits())
              .putLong(uuid.getLeastSignificantBits())
              .putLong(incarnation)
              .flip());
      return java.util.Arrays.copyOf(digest.digest(), 16);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
