package dev.isthmus.blocktranslation.scrub;

/** What tests of other packages may change about a scrub. */
public final class ScrubTesting {

  private ScrubTesting() {}

  /** A scrub that holds so few extents at once that it walks over the map again and again. */
  public static VolumeScrub withWindow(ScrubTarget target, ScrubSettings settings, int maxEntries) {
    return new VolumeScrub(target, settings, maxEntries);
  }
}
