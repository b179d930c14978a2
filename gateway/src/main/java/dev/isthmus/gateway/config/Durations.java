package dev.isthmus.gateway.config;

import dev.isthmus.blockdevice.DeviceException;
import java.time.Duration;
import java.util.regex.Pattern;

/** Durations as people write them: {@code 500ms}, {@code 30s}, {@code 5m}, {@code 1h}. */
public final class Durations {

  private static final Pattern SHAPE = Pattern.compile("([0-9]{1,9})(ms|s|m|h)");

  private Durations() {}

  /** Parses {@code text}; a duration without a unit is refused. */
  public static Duration parse(String text) {
    var matcher = SHAPE.matcher(text);
    if (!matcher.matches()) {
      throw new DeviceException.Invalid(
          "a duration is a whole number and ms, s, m or h, as in 30s; not \"" + text + "\"");
    }
    long amount = Long.parseLong(matcher.group(1));
    return switch (matcher.group(2)) {
      case "ms" -> Duration.ofMillis(amount);
      case "s" -> Duration.ofSeconds(amount);
      case "m" -> Duration.ofMinutes(amount);
      default -> Duration.ofHours(amount);
    };
  }

  /** For people, to three digits: {@code 820ms}, {@code 12.3s}. */
  public static String format(long nanos) {
    if (nanos < 1_000_000) {
      return nanos / 1000 + "µs";
    }
    if (nanos < 1_000_000_000) {
      return nanos / 1_000_000 + "ms";
    }
    return nanos < 100_000_000_000L
        ? String.format(java.util.Locale.ROOT, "%.1fs", nanos / 1e9)
        : nanos / 1_000_000_000 + "s";
  }
}
