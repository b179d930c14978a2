package dev.isthmus.blocktranslation.scrub;

/** What tests of other packages may change about a scrub. */
public final class ScrubTesting {

  private ScrubTesting() {}

  /** A scrub that holds so few extents at once that it walks over the map again and again. */
  public static VolumeScrub withWindow(ScrubTarget target, ScrubSettings settings, int maxEntries) {
    return new VolumeScrub(target, settings, maxEntries);
  }

  /** Another scrub's turn, which lasts until it is run. */
  public static Runnable turn(ScrubQueue queue, String where) {
    return queue.enter(where)::close;
  }

  /** Whether a scrub could begin at once. */
  public static boolean isFree(ScrubQueue queue) {
    try (ScrubQueue.Turn turn = queue.enter("anybody")) {
      return turn.come().isDone();
    }
  }
}
