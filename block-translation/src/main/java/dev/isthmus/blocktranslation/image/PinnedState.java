package dev.isthmus.blocktranslation.image;

import java.util.UUID;

/**
 * One state of a volume's disk: its chain of segments up to one place, and so the exact prefix of
 * its changes up to one LSN. The same at any time and by whatever way its bytes are found.
 * Immutable.
 *
 * @param volume its UUID
 * @param incarnation of the volume when the state was chosen
 * @param sizeBytes of the disk
 * @param epoch of the owner at that place
 * @param writer likewise
 * @param sequence of the last segment or fence; 0 for a disk never opened
 * @param lastLsn newest LSN
 * @param lastTimeNanos its time, since 1970; 0 without any
 * @param checkpoint that the chain was read from, as {@code EPOCH-NONCE}; empty for none
 * @param shortfall why the bucket had more, or should have, than this state; empty if it had not
 */
public record PinnedState(
    UUID volume,
    long incarnation,
    long sizeBytes,
    long epoch,
    UUID writer,
    long sequence,
    long lastLsn,
    long lastTimeNanos,
    String checkpoint,
    String shortfall) {

  public PinnedState {
    if (incarnation < 1 || sizeBytes < 512 || sizeBytes % 512 != 0) {
      throw new IllegalArgumentException("a disk of " + sizeBytes + " bytes");
    }
    if (epoch < 0 || sequence < 0 || lastLsn < 0 || lastTimeNanos < 0) {
      throw new IllegalArgumentException("a place before the beginning");
    }
    if (checkpoint.indexOf('\n') >= 0 || shortfall.indexOf('\n') >= 0) {
      throw new IllegalArgumentException("a line break");
    }
  }
}
