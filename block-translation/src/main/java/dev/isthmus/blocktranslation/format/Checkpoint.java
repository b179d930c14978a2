package dev.isthmus.blocktranslation.format;

import dev.isthmus.blocktranslation.map.MapDescription;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;

/**
 * The map exactly after one segment, with what is needed to read the chain on from there
 * (docs/FORMAT.md, "Checkpoint"). Immutable.
 *
 * @param volume the volume
 * @param writer who owned the chain after {@code sequence}: the current writer at {@code
 *     nextSequence}
 * @param epoch of that writer
 * @param incarnation of the volume
 * @param nextSequence the slot to go on at
 * @param lastLsn newest LSN that the map includes
 * @param lastTimeNanos its wall time, nanoseconds since 1970
 * @param durableLsn newest LSN that the owner's log held durably, as far as the chain says up to
 *     here; 0 for none
 * @param sizeSectors the disk's size
 * @param keyEpoch epoch of the owner that wrote this object
 * @param keyNonce random
 * @param insideInconsistent whether it was taken inside an inconsistent stretch
 * @param map runs and segments; its {@code throughSequence} is the last segment <em>or fence</em>
 *     that is included
 * @param doomed objects that wait to be deleted
 */
public record Checkpoint(
    UUID volume,
    UUID writer,
    long epoch,
    long incarnation,
    long nextSequence,
    long lastLsn,
    long lastTimeNanos,
    long durableLsn,
    long sizeSectors,
    long keyEpoch,
    long keyNonce,
    boolean insideInconsistent,
    MapDescription map,
    List<Doomed> doomed) {

  /** What kind of object is doomed; the number is the one in the format. */
  public enum Kind {
    SEGMENT(1),
    RUN_PART(2),
    CHECKPOINT(3);

    final int code;

    Kind(int code) {
      this.code = code;
    }
  }

  /**
   * An object that nothing refers to any more. Immutable.
   *
   * @param kind what it is
   * @param epoch of its key; of a segment: the sequence
   * @param nonce of its key; of a segment: 0
   * @param timeNanos when it was doomed, nanoseconds since 1970
   */
  public record Doomed(Kind kind, long epoch, long nonce, long timeNanos) {

    /** The key below the volume's prefix. */
    public String key() {
      var hex = HexFormat.of();
      return switch (kind) {
        case SEGMENT -> "segments/" + hex.toHexDigits(epoch);
        case RUN_PART -> "runs/" + hex.toHexDigits(epoch) + "-" + hex.toHexDigits(nonce);
        case CHECKPOINT -> "checkpoints/" + hex.toHexDigits(epoch) + "-" + hex.toHexDigits(nonce);
      };
    }
  }

  public Checkpoint {
    doomed = List.copyOf(doomed);
  }

  /** The last segment or fence that the map includes. */
  public long sequence() {
    return map.throughSequence();
  }
}
