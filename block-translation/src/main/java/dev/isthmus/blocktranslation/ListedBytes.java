package dev.isthmus.blocktranslation;

/**
 * What lies in a bucket below a volume's name, by its listing: what a provider charges storage for,
 * older versions and uploads in parts aside. Immutable.
 *
 * @param objects how many, all kinds
 * @param segmentBytes segments and fences
 * @param mapBytes parts of the map
 * @param checkpointBytes checkpoints
 * @param otherBytes the manifest, and what is no volume's own
 * @param requests LISTs that it took
 */
public record ListedBytes(
    long objects,
    long segmentBytes,
    long mapBytes,
    long checkpointBytes,
    long otherBytes,
    long requests) {

  /** All of it. */
  public long totalBytes() {
    return segmentBytes + mapBytes + checkpointBytes + otherBytes;
  }
}
