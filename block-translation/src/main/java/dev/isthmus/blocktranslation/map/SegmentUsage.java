package dev.isthmus.blocktranslation.map;

import org.jspecify.annotations.Nullable;

/**
 * What the map knows of one data segment of this volume. Immutable.
 *
 * @param sequence from 1
 * @param epoch of its writer
 * @param liveSectors sectors of it that the map is known to refer to: an upper bound, exact once
 *     all runs are merged into one
 * @param totalLengthBytes of the object
 * @param dataSectors sectors that it came with
 */
public record SegmentUsage(
    long sequence, long epoch, long liveSectors, int totalLengthBytes, int dataSectors) {

  /** As many as a full table's frames can hold. */
  private static final int MAX_DATA_SECTORS = (1 << 20) * Extent.MAX_FRAME_SECTORS;

  /** What contradicts itself in it, or null. */
  @Nullable String flaw() {
    return sequence < 1
            || epoch < 1
            || totalLengthBytes < 0
            || totalLengthBytes > Extent.MAX_SEGMENT_BYTES
            || dataSectors < 0
            || dataSectors > MAX_DATA_SECTORS
            || liveSectors < 0
            || liveSectors > dataSectors
        ? toString()
        : null;
  }
}
