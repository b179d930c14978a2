package dev.isthmus.blocktranslation.map;

import dev.isthmus.blockdevice.DeviceException;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Live sectors of each data segment of this volume that is not doomed. Threading: confined to the
 * engine thread.
 */
public final class SegmentTable {

  /** In {@link #live}: the segment was removed, and its row goes with the next compaction. */
  private static final long REMOVED = -1;

  private long[] sequences = new long[64];
  private long[] epochs = new long[64];
  private long[] live = new long[64];
  private int[] lengths = new int[64];
  private int[] data = new int[64];
  private int rows;
  private int removed;
  private long totalBytes;
  private long liveSectors;
  private long dataSectors;

  SegmentTable() {}

  /** Number of segments. */
  public int size() {
    return rows - removed;
  }

  /** What is known of one segment, or null if it is not in the table. */
  public @Nullable SegmentUsage get(long sequence) {
    int row = row(sequence);
    return row < 0
        ? null
        : new SegmentUsage(sequences[row], epochs[row], live[row], lengths[row], data[row]);
  }

  /** All segments up to {@code throughSequence}, ascending; a snapshot. */
  public List<SegmentUsage> list(long throughSequence) {
    compact();
    int row = Arrays.binarySearch(sequences, 0, rows, throughSequence);
    return new SegmentList(sequences, epochs, live, lengths, data, row >= 0 ? row + 1 : -row - 1);
  }

  /** Bytes of all segments. */
  public long totalBytes() {
    return totalBytes;
  }

  /** Sectors that the map is known to refer to, of all segments. */
  public long liveSectors() {
    return liveSectors;
  }

  /** Sectors that all segments came with. */
  public long dataSectors() {
    return dataSectors;
  }

  /**
   * Takes a segment out that a checkpoint dooms: one of {@link MapDescription#emptySegments()}, no
   * other. An empty segment that was put after the newest checkpoint is still needed to read the
   * chain on from there.
   *
   * @throws IllegalStateException if it has live sectors, or is not in the table
   */
  public void remove(long sequence) {
    int row = row(sequence);
    if (row < 0 || live[row] != 0) {
      throw new IllegalStateException(
          row < 0
              ? "segment " + sequence + " is not in the table"
              : "segment " + sequence + " has " + live[row] + " live sectors");
    }
    live[row] = REMOVED;
    removed++;
    totalBytes -= lengths[row];
    dataSectors -= data[row];
    if (removed > 64 && removed > rows / 4) {
      compact();
    }
  }

  void add(SegmentUsage usage) {
    if (rows == sequences.length) {
      int capacity = rows + rows / 2;
      sequences = Arrays.copyOf(sequences, capacity);
      epochs = Arrays.copyOf(epochs, capacity);
      live = Arrays.copyOf(live, capacity);
      lengths = Arrays.copyOf(lengths, capacity);
      data = Arrays.copyOf(data, capacity);
    }
    if (rows > 0 && usage.sequence() <= sequences[rows - 1]) {
      throw new IllegalArgumentException("segment " + usage.sequence() + " is not in order");
    }
    sequences[rows] = usage.sequence();
    epochs[rows] = usage.epoch();
    live[rows] = usage.liveSectors();
    lengths[rows] = usage.totalLengthBytes();
    data[rows] = usage.dataSectors();
    rows++;
    totalBytes += usage.totalLengthBytes();
    liveSectors += usage.liveSectors();
    dataSectors += usage.dataSectors();
  }

  /** What prevents {@link #release} of these sectors, or null. */
  @Nullable String flaw(long sequence, long sectors) {
    int row = row(sequence);
    return row >= 0 && live[row] >= sectors
        ? null
        : sectors
            + " sectors of segment "
            + sequence
            + " were replaced, of "
            + (row < 0 ? "none" : live[row]);
  }

  /** The map refers to so many sectors of a segment no more. */
  void release(long sequence, long sectors) {
    String flaw = flaw(sequence, sectors);
    if (flaw != null) {
      throw new DeviceException.Corrupt("the map's accounting is wrong: " + flaw);
    }
    live[row(sequence)] -= sectors;
    liveSectors -= sectors;
  }

  private int row(long sequence) {
    int row = Arrays.binarySearch(sequences, 0, rows, sequence);
    return row >= 0 && live[row] != REMOVED ? row : -1;
  }

  private void compact() {
    if (removed == 0) {
      return;
    }
    int to = 0;
    for (int row = 0; row < rows; row++) {
      if (live[row] != REMOVED) {
        sequences[to] = sequences[row];
        epochs[to] = epochs[row];
        live[to] = live[row];
        lengths[to] = lengths[row];
        data[to] = data[row];
        to++;
      }
    }
    rows = to;
    removed = 0;
  }
}
