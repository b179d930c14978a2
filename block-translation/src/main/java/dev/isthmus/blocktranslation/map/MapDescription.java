package dev.isthmus.blocktranslation.map;

import java.util.List;

/**
 * The map exactly after one segment, as a checkpoint holds it: runs and segment table were taken at
 * the same moment, which the garbage accounting depends on. Every part is stored. Immutable.
 *
 * @param throughSequence the last segment that was put; 0 if none ever was
 * @param runs newest first
 * @param segments ascending by sequence
 */
public record MapDescription(
    long throughSequence, List<RunInfo> runs, List<SegmentUsage> segments) {

  /** The map of a disk that was never written. */
  public static final MapDescription EMPTY = new MapDescription(0, List.of(), List.of());

  public MapDescription {
    runs = List.copyOf(runs);
    segments = List.copyOf(segments);
  }
}
