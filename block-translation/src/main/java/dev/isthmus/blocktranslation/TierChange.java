package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.Tier;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Which of a volume's {@link Tiers} are to be others. Immutable.
 *
 * @param ack null to leave it
 * @param flush null to leave it
 * @param rpo null to leave it
 */
public record TierChange(@Nullable Tier ack, @Nullable Tier flush, @Nullable Rpo rpo) {

  /**
   * As words of the options; an empty one leaves what is.
   *
   * @throws DeviceException.Invalid if a word is none, or all are empty
   */
  public static TierChange parse(String ack, String flush, String rpo) {
    if (ack.isEmpty() && flush.isEmpty() && rpo.isEmpty()) {
      throw new DeviceException.Invalid("say what to change: ack, flush or rpo");
    }
    return new TierChange(
        ack.isEmpty() ? null : Tiers.parseAck(ack),
        flush.isEmpty() ? null : Tiers.parseFlush(flush),
        rpo.isEmpty() ? null : Rpo.parse(rpo));
  }

  Tiers applyTo(Tiers now) {
    return new Tiers(
        Objects.requireNonNullElse(ack, now.ack()),
        Objects.requireNonNullElse(flush, now.flush()),
        Objects.requireNonNullElse(rpo, now.rpo()));
  }
}
