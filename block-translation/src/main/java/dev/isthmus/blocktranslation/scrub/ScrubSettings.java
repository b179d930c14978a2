package dev.isthmus.blocktranslation.scrub;

import dev.isthmus.blockdevice.DeviceException;

/**
 * What a scrub does. Validated; immutable.
 *
 * @param bytesPerSecond most bytes read from the bucket in a second; 0 for no limit
 * @param list whether to look for objects that nothing names, which takes LIST requests
 * @param repair whether blocks whose frame is damaged are written anew from a good copy, where the
 *     log or memory has one
 */
public record ScrubSettings(long bytesPerSecond, boolean list, boolean repair) {

  /** Slow enough to run beside a busy disk: 1 TiB in six hours. */
  public static final long DEFAULT_BYTES_PER_SECOND = 50L << 20;

  /** Below it one segment would take minutes, during which nothing seems to happen. */
  private static final long MIN_BYTES_PER_SECOND = 64 << 10;

  public ScrubSettings {
    if (bytesPerSecond != 0 && bytesPerSecond < MIN_BYTES_PER_SECOND) {
      throw new DeviceException.Invalid(
          "a scrub reads at least 64KiB a second, or 0 for no limit; not " + bytesPerSecond);
    }
  }

  /** Reads, compares, changes nothing. */
  public static ScrubSettings readOnly(long bytesPerSecond) {
    return new ScrubSettings(bytesPerSecond, false, false);
  }
}
