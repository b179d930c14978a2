package dev.isthmus.blocktranslation.image;

import java.util.List;

/**
 * How far an export is: what a try that goes on has to know. Immutable.
 *
 * @param at the checkpoint whose state was asked for, as it was named; empty for the newest state
 * @param pinned what is exported
 * @param image where it is written to, and how much of it is
 * @param damaged ranges of those that were filled with zeroes; the first of them
 * @param damagedCount how many there are
 * @param damagedSectors sectors in all of them
 */
public record ExportState(
    String at,
    PinnedState pinned,
    ImageMark image,
    List<DamagedRange> damaged,
    long damagedCount,
    long damagedSectors) {

  public ExportState {
    damaged = List.copyOf(damaged);
    if (at.indexOf('\n') >= 0) {
      throw new IllegalArgumentException("a line break");
    }
    if (image.doneBytes() > pinned.sizeBytes()) {
      throw new IllegalArgumentException(image.doneBytes() + " bytes done");
    }
    if (damagedCount < damaged.size() || damagedSectors < damagedCount) {
      throw new IllegalArgumentException(damagedCount + " damaged ranges");
    }
  }

  /** Nothing is done yet. */
  public static ExportState begin(String at, PinnedState pinned, ImageMark image) {
    return new ExportState(at, pinned, image.begunAnew(), List.of(), 0, 0);
  }

  /** Bytes of the image that are written and forced. */
  public long doneBytes() {
    return image.doneBytes();
  }
}
