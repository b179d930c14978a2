package dev.isthmus.wal;

/**
 * How a log uses its disk. Immutable.
 *
 * @param capacityBytes most disk space of all roll files together, the one prepared ahead included;
 *     at least three roll files. Appends use all but one of them: that one is for the next term
 * @param rollBytes size of a roll file, reserved before its first record; a multiple of 1 MiB, 1
 *     MiB to 1 GiB
 */
public record LogSettings(long capacityBytes, long rollBytes) {

  /** Large enough to make rolls rare, small enough to give space back soon. */
  public static final long DEFAULT_ROLL_BYTES = 64L << 20;

  private static final long MIB = 1L << 20;

  public LogSettings {
    if (rollBytes < MIB || rollBytes > 1024 * MIB || rollBytes % MIB != 0) {
      throw new IllegalArgumentException(
          "a roll file is a multiple of 1 MiB, 1 MiB to 1 GiB, not " + rollBytes + " bytes");
    }
    if (capacityBytes < 3 * rollBytes) {
      throw new IllegalArgumentException(
          "capacity must hold three roll files of "
              + rollBytes
              + " bytes, not only "
              + capacityBytes
              + " bytes");
    }
  }

  /** A log of {@code capacityBytes} with roll files of the default size, or smaller if need be. */
  public static LogSettings ofCapacity(long capacityBytes) {
    long eighth = capacityBytes / 8 / MIB * MIB;
    return new LogSettings(capacityBytes, Math.clamp(eighth, MIB, DEFAULT_ROLL_BYTES));
  }
}
