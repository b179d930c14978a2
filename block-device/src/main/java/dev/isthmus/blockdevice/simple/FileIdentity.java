package dev.isthmus.blockdevice.simple;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.UUID;

/**
 * The UUID of a file device: a file has no room for one, so it is derived from this machine's id
 * ({@code /etc/machine-id}; empty where there is none) and the absolute path as it was given,
 * symbolic links not followed. So it stays over restarts and a rename of {@code /dev/sda} behind
 * {@code /dev/disk/by-id/…}; a file that moves, or is opened by another path, is another disk; and
 * two machines that share an id, as containers may, must not export equal paths.
 */
final class FileIdentity {

  private static final Path MACHINE_ID = Path.of("/etc/machine-id");

  private FileIdentity() {}

  static UUID of(Path path) {
    try {
      var digest = MessageDigest.getInstance("SHA-256");
      digest.update("isthmus file device 1\0".getBytes(StandardCharsets.US_ASCII));
      digest.update(machineId().getBytes(StandardCharsets.UTF_8));
      digest.update((byte) 0);
      digest.update(path.toAbsolutePath().normalize().toString().getBytes(StandardCharsets.UTF_8));
      var hash = ByteBuffer.wrap(digest.digest());
      // RFC 9562: version 8 (custom), variant 10.
      return new UUID(
          (hash.getLong() & ~0xf000L) | 0x8000L,
          (hash.getLong() & 0x3fff_ffff_ffff_ffffL) | 0x8000_0000_0000_0000L);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private static String machineId() {
    try {
      return Files.readString(MACHINE_ID).strip();
    } catch (IOException e) {
      return "";
    }
  }
}
