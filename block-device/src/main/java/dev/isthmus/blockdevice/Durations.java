package dev.isthmus.blockdevice;

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
          "a duration is a whole number and ms, s, m or h, as in 30s; not \""
              + (text.length() > 40 ? text.substring(0, 40) + "…" : text)
              + "\"");
    }
    long amount = Long.parseLong(matcher.group(1));
    return switch (matcher.group(2)) {
      case "ms" -> Duration.ofMillis(amount);
      case "s" -> Duration.ofSeconds(amount);
      case "m" -> Duration.ofMinutes(amount);
      default -> Duration.ofHours(amount);
    };
  }

  /** The exact amount in the largest unit that divides it, as {@link #parse} takes it. */
  public static String exact(Duration duration) {
    long millis = duration.toMillis();
    if (!Duration.ofMillis(millis).equals(duration)) {
      throw new IllegalArgumentException(duration + " is not whole milliseconds");
    }
    if (millis % 1000 != 0) {
      return millis + "ms";
    }
    long seconds = millis / 1000;
    if (seconds == 0 || seconds % 60 != 0) {
      return seconds + "s";
    }
    return seconds % 3600 == 0 ? seconds / 3600 + "h" : seconds / 60 + "m";
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
