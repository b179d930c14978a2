package dev.isthmus.gateway.cli;

import dev.isthmus.blockdevice.ByteSize;
import dev.isthmus.blockdevice.DeviceException;

/** Bytes in a second, as people write it: {@code 50MiB} or {@code 50MiB/s}. Stateless. */
final class ByteRate {

  private ByteRate() {}

  /**
   * Reads {@code text}.
   *
   * @return bytes in a second; 0 for no limit
   * @throws DeviceException.Invalid if it is no rate
   */
  static long parse(String text) {
    String amount = text.endsWith("/s") ? text.substring(0, text.length() - 2) : text;
    try {
      return ByteSize.parse(amount).bytes();
    } catch (DeviceException.Invalid e) {
      throw new DeviceException.Invalid(
          "a rate is a size a second, 50MiB or 50MiB/s, or 0 for no limit: " + e.getMessage(), e);
    }
  }
}
