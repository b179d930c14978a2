package dev.isthmus.blocktranslation.image;

import java.util.List;

/**
 * How far an export is: what a try that goes on has to know. Immutable.
 *
 * @param pinned what is exported
 * @param doneBytes of the image that are written and forced
 * @param damaged ranges of those that were filled with zeroes; the first of them
 * @param damagedCount how many there are
 * @param damagedSectors sectors in all of them
 */
public record ExportState(
    PinnedState pinned,
    long doneBytes,
    List<DamagedRange> damaged,
    long damagedCount,
    long damagedSectors) {

  public ExportState {
    damaged = List.copyOf(damaged);
    if (doneBytes < 0 || doneBytes > pinned.sizeBytes() || doneBytes % 512 != 0) {
      throw new IllegalArgumentException(doneBytes + " bytes done");
    }
    if (damagedCount < damaged.size() || damagedSectors < damagedCount) {
      throw new IllegalArgumentException(damagedCount + " damaged ranges");
    }
  }

  /** Nothing is done yet. */
  public static ExportState begin(PinnedState pinned) {
    return new ExportState(pinned, 0, List.of(), 0, 0);
  }
}
