package dev.isthmus.blocktranslation.map;

import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Entries in ascending order without overlaps, one at a time, never blocking: what a run is built
 * from. Threading: confined to one thread at a time.
 */
abstract class EntrySource {

  /** The current entry, see {@link EntryWords}; valid after {@link #advance} said {@code READY}. */
  long sector;

  long lengths;
  long segment;
  long place;

  /** What {@link #advance} came to. */
  enum Step {
    /** The fields hold the next entry. */
    READY,
    /** It needs what {@link #blocker} waits for; then advance again. */
    BLOCKED,
    /** There is no further entry. */
    END
  }

  /** Goes to the next entry. */
  abstract Step advance();

  /** After {@code BLOCKED}: completes when there is a point in advancing again. */
  @Nullable CompletableFuture<?> blocker() {
    return null;
  }

  /** Tells how many sectors of which segment the source left out because newer ones hid them. */
  void forEachHidden(SegmentCounts.Action action) {}
}
