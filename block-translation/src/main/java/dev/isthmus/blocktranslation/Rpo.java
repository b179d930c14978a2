package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.Durations;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * How old data may grow that is in the local log alone: a recovery point objective. Immutable.
 *
 * <p>What a volume is told has one limit, which is an alarm and perhaps enforced. While one such
 * setting is changed to another both are kept to, and then the two limits may differ.
 *
 * @param alarmNanos age beyond which the volume says that it is late; 0 for none
 * @param holdNanos age beyond which writers wait for the bucket; 0 for none
 */
public record Rpo(long alarmNanos, long holdNanos) {

  /** No limit. */
  public static final Rpo NONE = new Rpo(0, 0);

  /**
   * An upload takes some hundred milliseconds, and is begun a quarter of the limit after a write:
   * four requests a second at this one.
   */
  public static final Duration MIN = Duration.ofSeconds(1);

  /** Beyond a day it is no objective; and sums of it stay far from the end of a long. */
  public static final Duration MAX = Duration.ofHours(24);

  private static final String NONE_WORD = "none";
  private static final String ENFORCED = ",enforce";

  /**
   * One limit.
   *
   * @param enforced whether writers wait rather than exceed it
   * @throws DeviceException.Invalid if it is out of bounds or no whole milliseconds
   */
  public static Rpo of(Duration limit, boolean enforced) {
    if (limit.compareTo(MIN) < 0
        || limit.compareTo(MAX) > 0
        || limit.toNanosPart() % 1_000_000 != 0) {
      throw new DeviceException.Invalid(
          "rpo is from "
              + Durations.exact(MIN)
              + " to "
              + Durations.exact(MAX)
              + ", in whole milliseconds");
    }
    return new Rpo(limit.toNanos(), enforced ? limit.toNanos() : 0);
  }

  /** Parses {@code none}, {@code 30s} or {@code 30s,enforce}. */
  public static Rpo parse(String text) {
    if (text.equals(NONE_WORD)) {
      return NONE;
    }
    boolean enforced = text.endsWith(ENFORCED);
    String limit = enforced ? text.substring(0, text.length() - ENFORCED.length()) : text;
    try {
      return of(Durations.parse(limit), enforced);
    } catch (DeviceException.Invalid e) {
      throw new DeviceException.Invalid(
          "rpo is none, a duration as in 30s, or one with a word as in 30s,enforce: "
              + e.getMessage(),
          e);
    }
  }

  /** Whether there is no limit. */
  public boolean isNone() {
    return alarmNanos == 0;
  }

  /** Whether writers wait rather than exceed it. */
  public boolean isEnforced() {
    return holdNanos != 0;
  }

  /** Whether this is what a volume can be told: one limit, or none. */
  boolean isOneLimit() {
    return holdNanos == 0 || holdNanos == alarmNanos;
  }

  /**
   * The limit in milliseconds; 0 for none.
   *
   * @throws IllegalStateException if these are two
   */
  public long limitMillis() {
    if (!isOneLimit()) {
      throw new IllegalStateException("two limits: " + this);
    }
    return TimeUnit.NANOSECONDS.toMillis(alarmNanos);
  }

  /** What keeps to this and to {@code other}. */
  Rpo and(Rpo other) {
    return new Rpo(least(alarmNanos, other.alarmNanos), least(holdNanos, other.holdNanos));
  }

  private static long least(long limit, long other) {
    return limit == 0 || other == 0 ? Math.max(limit, other) : Math.min(limit, other);
  }

  /** Whether writers wait by this sooner than by {@code other}. */
  boolean holdsSoonerThan(Rpo other) {
    return holdNanos != 0 && (other.holdNanos == 0 || holdNanos < other.holdNanos);
  }

  /** As {@link #parse} takes it, where it is one limit. */
  @Override
  public String toString() {
    if (isNone()) {
      return NONE_WORD;
    }
    if (isOneLimit()) {
      return exact(alarmNanos) + (isEnforced() ? ENFORCED : "");
    }
    return exact(alarmNanos) + " and " + exact(holdNanos) + ENFORCED;
  }

  private static String exact(long nanos) {
    return Durations.exact(Duration.ofNanos(nanos));
  }
}
