package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.Tier;

/**
 * What a volume promises of completed and of flushed writes, and how far the bucket may lag.
 * Immutable.
 *
 * @param ack when a write completes: {@code APPLIED} or {@code LOCAL_DURABLE}
 * @param flush what a flush waits for: {@code LOCAL_DURABLE} or {@code UPLOADED}
 * @param rpo how old data may grow that the bucket does not have
 */
public record Tiers(Tier ack, Tier flush, Rpo rpo) {

  /** Where nobody says anything. */
  public static final Tiers DEFAULT = new Tiers(Tier.APPLIED, Tier.LOCAL_DURABLE, Rpo.NONE);

  public Tiers {
    if (ack == Tier.UPLOADED || flush == Tier.APPLIED) {
      throw new IllegalArgumentException("ack " + ack + ", flush " + flush);
    }
  }

  /** Without a limit on the lag. */
  public Tiers(Tier ack, Tier flush) {
    this(ack, flush, Rpo.NONE);
  }

  /**
   * Parses {@code applied} or {@code local}.
   *
   * @throws DeviceException.Invalid if it is neither
   */
  public static Tier parseAck(String word) {
    return oneOf("ack", word, Tier.APPLIED, Tier.LOCAL_DURABLE);
  }

  /**
   * Parses {@code local} or {@code uploaded}.
   *
   * @throws DeviceException.Invalid if it is neither
   */
  public static Tier parseFlush(String word) {
    return oneOf("flush", word, Tier.LOCAL_DURABLE, Tier.UPLOADED);
  }

  private static Tier oneOf(String key, String word, Tier one, Tier other) {
    if (word.equals(word(one))) {
      return one;
    }
    if (word.equals(word(other))) {
      return other;
    }
    String shown = word.length() > 40 ? word.substring(0, 40) + "…" : word;
    throw new DeviceException.Invalid(
        key + " is " + word(one) + " or " + word(other) + ", not \"" + shown + "\"");
  }

  /** What a tier is called in options, answers and the manifest. */
  public static String word(Tier tier) {
    return switch (tier) {
      case APPLIED -> "applied";
      case LOCAL_DURABLE -> "local";
      case UPLOADED -> "uploaded";
    };
  }

  /** Whether hosts have to flush for what the flush tier promises. */
  public boolean needFlushes() {
    return ack == Tier.APPLIED || flush == Tier.UPLOADED;
  }

  /** What keeps every promise of this and of {@code other}. */
  Tiers and(Tiers other) {
    return new Tiers(
        ack.compareTo(other.ack) >= 0 ? ack : other.ack,
        flush.compareTo(other.flush) >= 0 ? flush : other.flush,
        rpo.and(other.rpo));
  }

  /** As the options that say it. */
  @Override
  public String toString() {
    return "ack=" + word(ack) + " flush=" + word(flush) + " rpo=" + rpo;
  }
}
