package dev.isthmus.blockdevice;

import java.util.regex.Pattern;

/**
 * An amount of bytes as people write it: {@code 64MiB}, {@code 1GiB}, {@code 4096}.
 *
 * <p>Units are binary (KiB, MiB, GiB, TiB, PiB) and spelt exactly so; no unit, or {@code B}, is
 * bytes. {@code MB} and {@code M} are refused: they mean different amounts to different people.
 *
 * @param bytes 0 or more
 */
public record ByteSize(long bytes) implements Comparable<ByteSize> {

  private static final Pattern FORMAT = Pattern.compile("([0-9]{1,19})([A-Za-z]*)");
  private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};

  public ByteSize {
    if (bytes < 0) {
      throw new IllegalArgumentException("a size of " + bytes + " bytes");
    }
  }

  /**
   * Parses {@code text}.
   *
   * @throws DeviceException.Invalid if it is no size, or one above 2^63 - 1 bytes
   */
  public static ByteSize parse(String text) {
    var matcher = FORMAT.matcher(text);
    if (!matcher.matches()) {
      throw invalid(text);
    }
    int shift = shift(matcher.group(2));
    if (shift < 0) {
      throw invalid(text);
    }
    try {
      return new ByteSize(Math.multiplyExact(Long.parseLong(matcher.group(1)), 1L << shift));
    } catch (NumberFormatException | ArithmeticException e) {
      throw new DeviceException.Invalid("the size \"" + text + "\" is above 2^63 - 1 bytes", e);
    }
  }

  private static DeviceException.Invalid invalid(String text) {
    String shown = text.length() > 40 ? text.substring(0, 40) + "…" : text;
    return new DeviceException.Invalid(
        "a size is a whole number and B, KiB, MiB, GiB, TiB or PiB, as in 64MiB; not \""
            + shown
            + "\"");
  }

  /** Power of two of a unit, or -1. */
  private static int shift(String unit) {
    if (unit.isEmpty()) {
      return 0;
    }
    for (int i = 0; i < UNITS.length; i++) {
      if (UNITS[i].equals(unit)) {
        return 10 * i;
      }
    }
    return -1;
  }

  @Override
  public int compareTo(ByteSize other) {
    return Long.compare(bytes, other.bytes);
  }

  /** The exact amount in the largest unit that divides it, as {@link #parse} takes it. */
  @Override
  public String toString() {
    int unit = 0;
    long amount = bytes;
    while (amount != 0 && amount % 1024 == 0 && unit < UNITS.length - 1) {
      amount /= 1024;
      unit++;
    }
    return unit == 0 ? Long.toString(bytes) : amount + UNITS[unit];
  }
}
