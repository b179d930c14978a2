package dev.isthmus.blocktranslation;

import java.util.Locale;
import java.util.StringJoiner;

/**
 * How long each part of opening a volume took, for the line that tells of it ({@code ./x bench
 * recovery} reads it there). Threading: confined to the opener.
 */
final class OpenTimes {

  private final EngineLoop loop;
  private final StringJoiner parts = new StringJoiner(", ", "", "");
  private final long beganNanos;
  private long lastNanos;

  /** The first part begins. */
  OpenTimes(EngineLoop loop) {
    this.loop = loop;
    this.beganNanos = loop.nanoTime();
    this.lastNanos = beganNanos;
  }

  /** A part has ended, and the next one begins. */
  void ended(String part) {
    long nowNanos = loop.nanoTime();
    parts.add(part + " in " + millis(nowNanos - lastNanos));
    lastNanos = nowNanos;
  }

  private static String millis(long nanos) {
    return String.format(Locale.ROOT, "%.1f ms", nanos / 1e6);
  }

  /** All of them: {@code took 12.3 ms (bucket read in 4.5 ms, …)}. */
  @Override
  public String toString() {
    return "took " + millis(lastNanos - beganNanos) + " (" + parts + ")";
  }
}
