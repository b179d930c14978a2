package dev.isthmus.blocktranslation.map;

import dev.isthmus.blockdevice.DeviceException;
import java.util.HashSet;
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
    // A view over arrays of its own stays one: a big volume has hundreds of thousands of segments.
    segments = segments instanceof SegmentList ? segments : List.copyOf(segments);
  }

  /** The same for a chain that went on by fences, which change nothing of the map. */
  public MapDescription through(long sequence) {
    if (sequence < throughSequence) {
      throw new IllegalArgumentException(sequence + " is before " + throughSequence);
    }
    return new MapDescription(sequence, runs, segments);
  }

  /**
   * Segments that none of these runs refers to: the checkpoint made of this description may doom
   * them, if it leaves them out ({@link #withoutEmptySegments}). The engine then removes them from
   * {@link BlockMap#segments()} as well.
   */
  public List<SegmentUsage> emptySegments() {
    return segments.stream().filter(segment -> segment.liveSectors() == 0).toList();
  }

  /** The same without {@link #emptySegments()}. */
  public MapDescription withoutEmptySegments() {
    return new MapDescription(
        throughSequence,
        runs,
        segments.stream().filter(segment -> segment.liveSectors() > 0).toList());
  }

  /**
   * Checks what can be checked without reading a part.
   *
   * @throws DeviceException.Corrupt naming the first contradiction
   */
  public void requireConsistent() {
    require(throughSequence >= 0, "sequence " + throughSequence);
    var names = new HashSet<PartName>();
    for (RunInfo run : runs) {
      require(!run.parts().isEmpty() && run.level() >= 0 && run.level() < 64, "a run " + run);
      long end = 0;
      for (PartInfo part : run.parts()) {
        String flaw = part.flaw();
        require(flaw == null, part.name().key() + ": " + flaw);
        require(names.add(part.name()), part.name().key() + " stands twice");
        require(part.firstSector() >= end, part.name().key() + " is not in order");
        end = part.endSector();
      }
    }
    long before = 0;
    for (SegmentUsage segment : segments) {
      String flaw = segment.flaw();
      require(flaw == null, "a segment " + flaw);
      require(
          segment.sequence() > before && segment.sequence() <= throughSequence,
          "segment " + segment.sequence() + " is not in order");
      before = segment.sequence();
    }
  }

  private static void require(boolean condition, String what) {
    if (!condition) {
      throw new DeviceException.Corrupt("the description of a map contradicts itself: " + what);
    }
  }
}
