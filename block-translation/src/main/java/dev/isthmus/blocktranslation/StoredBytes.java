package dev.isthmus.blocktranslation;

/**
 * What a volume takes in its bucket, as its owner knows it without asking: by the lengths of what
 * it wrote and of what checkpoints name. Manifest and fences, some kilobytes, are not in it.
 * Immutable.
 *
 * @param segmentBytes all segments
 * @param liveBytes of them, the share that the disk still refers to, by sectors: an upper bound
 * @param mapBytes parts of the map, those included that wait to be deleted
 * @param checkpointBytes checkpoints, those included that wait to be deleted
 * @param unknownObjects parts and checkpoints that wait to be deleted since before this open: their
 *     lengths are not known, and in none of the others
 */
public record StoredBytes(
    long segmentBytes, long liveBytes, long mapBytes, long checkpointBytes, int unknownObjects) {

  /** A volume of which nothing is stored. */
  public static final StoredBytes NONE = new StoredBytes(0, 0, 0, 0, 0);

  /** What of the segments nobody refers to any more. */
  public long garbageBytes() {
    return segmentBytes - liveBytes;
  }

  /** All of it. */
  public long totalBytes() {
    return segmentBytes + mapBytes + checkpointBytes;
  }
}
