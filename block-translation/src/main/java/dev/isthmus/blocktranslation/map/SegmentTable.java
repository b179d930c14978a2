package dev.isthmus.blocktranslation.map;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Live sectors of each data segment of this volume that is not doomed. Threading: confined to the
 * engine thread.
 */
@SuppressWarnings("DoNotCallSuggester")
public final class SegmentTable {

  SegmentTable() {}

  /** Number of segments. */
  public int size() {
    throw new UnsupportedOperationException();
  }

  /** What is known of one segment, or null if it is not in the table. */
  public @Nullable SegmentUsage get(long sequence) {
    throw new UnsupportedOperationException();
  }

  /** All segments up to {@code throughSequence}, ascending. */
  public List<SegmentUsage> list(long throughSequence) {
    throw new UnsupportedOperationException();
  }

  /** Bytes of all segments. */
  public long totalBytes() {
    throw new UnsupportedOperationException();
  }

  /** Sectors that the map is known to refer to, of all segments. */
  public long liveSectors() {
    throw new UnsupportedOperationException();
  }

  /** Sectors that all segments came with. */
  public long dataSectors() {
    throw new UnsupportedOperationException();
  }

  /**
   * Takes a segment out that is about to be doomed.
   *
   * @throws IllegalStateException if it has live sectors, or is not in the table
   */
  public void remove(long sequence) {
    throw new UnsupportedOperationException();
  }
}
