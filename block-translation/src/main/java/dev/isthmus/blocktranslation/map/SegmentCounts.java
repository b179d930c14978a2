package dev.isthmus.blocktranslation.map;

/** Sums by segment: an open-addressing table of longs. Threading: confined to one thread. */
final class SegmentCounts {

  /** Hears one sum. */
  interface Action {
    void accept(long segment, long sectors);
  }

  /** Segment 0 is none, so 0 marks an empty slot. */
  private long[] segments = new long[256];

  private long[] sums = new long[256];
  private int size;

  void add(long segment, long sectors) {
    int slot = slot(segments, segment);
    if (segments[slot] == 0) {
      segments[slot] = segment;
      size++;
    }
    sums[slot] += sectors;
    if (size > segments.length / 2) {
      grow();
    }
  }

  void forEach(Action action) {
    for (int i = 0; i < segments.length; i++) {
      if (segments[i] != 0) {
        action.accept(segments[i], sums[i]);
      }
    }
  }

  private static int slot(long[] table, long segment) {
    int mask = table.length - 1;
    int slot = (int) ((segment * 0x9E37_79B9_7F4A_7C15L) >>> 40) & mask;
    while (table[slot] != 0 && table[slot] != segment) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private void grow() {
    var largerSegments = new long[segments.length * 2];
    var largerSums = new long[segments.length * 2];
    for (int i = 0; i < segments.length; i++) {
      if (segments[i] != 0) {
        int slot = slot(largerSegments, segments[i]);
        largerSegments[slot] = segments[i];
        largerSums[slot] = sums[i];
      }
    }
    segments = largerSegments;
    sums = largerSums;
  }
}
