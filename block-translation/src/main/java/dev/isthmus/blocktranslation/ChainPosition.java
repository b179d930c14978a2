package dev.isthmus.blocktranslation;

import dev.isthmus.blocktranslation.format.Checkpoint;
import dev.isthmus.blocktranslation.format.SegmentHeader;
import java.util.UUID;

/**
 * A place between two segments of a volume's chain: what the prefix before it amounts to.
 * Immutable.
 *
 * @param sequence the last segment or fence before it; 0 for none
 * @param nextSequence the slot after it
 * @param epoch who owns the chain here
 * @param writer likewise; the nil UUID before the first fence
 * @param lastLsn newest LSN of the prefix
 * @param lastTimeNanos its time
 * @param dataEpoch of the newest data segment, as far as that is known: at a checkpoint, that of
 *     whatever is newest there
 * @param durableLsn newest LSN that the log of the owner here was said to hold durably: since its
 *     fence, that one included
 */
record ChainPosition(
    long sequence,
    long nextSequence,
    long epoch,
    UUID writer,
    long lastLsn,
    long lastTimeNanos,
    long dataEpoch,
    long durableLsn) {

  /** Before everything. */
  static final ChainPosition START = new ChainPosition(0, 1, 0, new UUID(0, 0), 0, 0, 0, 0);

  /** Where the chain goes on behind a checkpoint. */
  static ChainPosition behind(Checkpoint checkpoint) {
    return new ChainPosition(
        checkpoint.sequence(),
        checkpoint.nextSequence(),
        checkpoint.epoch(),
        checkpoint.writer(),
        checkpoint.lastLsn(),
        checkpoint.lastTimeNanos(),
        checkpoint.epoch(),
        checkpoint.durableLsn());
  }

  /** Behind a segment or fence that follows here. */
  ChainPosition after(SegmentHeader header) {
    return new ChainPosition(
        header.sequence(),
        header.nextSequence(),
        header.epoch(),
        header.writer(),
        header.lastLsn(),
        Math.max(lastTimeNanos, header.lastTimeNanos()),
        header.kind() == SegmentHeader.FENCE ? dataEpoch : header.epoch(),
        // A fence begins a term with a log that may be another one: what it says holds from there
        // on.
        header.kind() == SegmentHeader.FENCE
            ? header.durableLsn()
            : Math.max(durableLsn, header.durableLsn()));
  }
}
