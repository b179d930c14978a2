package dev.isthmus.blocktranslation.map;

import java.util.AbstractList;
import java.util.Arrays;
import java.util.RandomAccess;

/** Segments over arrays that nobody changes: a table's snapshot without an object for each. */
final class SegmentList extends AbstractList<SegmentUsage> implements RandomAccess {

  private final long[] sequences;
  private final long[] epochs;
  private final long[] live;
  private final int[] lengths;
  private final int[] data;

  /** Copies the first {@code count} of each. */
  SegmentList(long[] sequences, long[] epochs, long[] live, int[] lengths, int[] data, int count) {
    this.sequences = Arrays.copyOf(sequences, count);
    this.epochs = Arrays.copyOf(epochs, count);
    this.live = Arrays.copyOf(live, count);
    this.lengths = Arrays.copyOf(lengths, count);
    this.data = Arrays.copyOf(data, count);
  }

  @Override
  public SegmentUsage get(int index) {
    return new SegmentUsage(
        sequences[index], epochs[index], live[index], lengths[index], data[index]);
  }

  @Override
  public int size() {
    return sequences.length;
  }
}
