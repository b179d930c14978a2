package dev.isthmus.blocktranslation.scrub;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.map.Extent;
import dev.isthmus.blocktranslation.map.SegmentUsage;
import java.util.Arrays;
import java.util.List;

/**
 * The live extents of a stretch of segments, by segment.
 *
 * <p>The map is in order of sectors, frames are in order of segments, and neither fits into memory:
 * so the scrub goes through the map once for each stretch of segments whose extents do fit. The
 * stretch is not known before, so it begins as all segments, and is cut to its older half whenever
 * it is full. An extent takes 20 bytes, and 4 while they are sorted. Threading: confined to the
 * scrub's thread.
 */
final class EntryWindow {

  /**
   * Most extents at once: 96 MiB, and 128 GiB of a disk in frames of 32 KiB. A full TiB of random 4
   * KiB writes takes 64 walks over its map.
   */
  static final int MAX_ENTRIES = 4 << 20;

  /** Of the heap a window takes one part in so many and no more, by more walks over the map. */
  static final int HEAP_SHARE = 4;

  /** 20 in the arrays, and 4 more while they are sorted or halved; less while they grow. */
  static final int BYTES_PER_ENTRY = 24;

  /** One segment must fit: the sectors that the largest one holds, each an extent of its own. */
  static final int MIN_ENTRIES = Extent.MAX_SEGMENT_BYTES / 512;

  private static final int FIRST_CAPACITY = 1024;

  private final List<SegmentUsage> segments;
  private final int fromIndex;
  private final int maxEntries;
  private int endIndex;
  private int count;
  private long[] sectors = new long[FIRST_CAPACITY];
  private long[] places = new long[FIRST_CAPACITY];
  private int[] owners = new int[FIRST_CAPACITY];

  // After sort(): entries of segment fromIndex + i are order[starts[i]] to before
  // order[starts[i + 1]].
  private int[] order = new int[0];
  private int[] starts = new int[0];

  /**
   * @param segments all of the map, ascending
   * @param fromIndex the first that is wanted
   * @param endIndex behind the last that is wanted
   * @param maxEntries as {@link #maxEntries} says, or fewer in a test
   */
  EntryWindow(List<SegmentUsage> segments, int fromIndex, int endIndex, int maxEntries) {
    this.segments = segments;
    this.fromIndex = fromIndex;
    this.endIndex = endIndex;
    this.maxEntries = maxEntries;
  }

  /**
   * Most extents at once in a heap of {@code heapBytes}: a power of two, so that the arrays never
   * grow by a small piece, old and new both there.
   *
   * @throws DeviceException.Exhausted if not even one segment's would fit
   */
  static int maxEntries(long heapBytes) {
    long fit = heapBytes / HEAP_SHARE / BYTES_PER_ENTRY;
    if (fit < MIN_ENTRIES) {
      throw new DeviceException.Exhausted(
          "a scrub needs a heap of %d MiB; this process has %d bytes"
              .formatted(((long) MIN_ENTRIES * BYTES_PER_ENTRY * HEAP_SHARE) >> 20, heapBytes));
    }
    return (int) Math.min(MAX_ENTRIES, Long.highestOneBit(fit));
  }

  /** Hears the extents of one segment. */
  interface Action {
    void accept(long sector, int sectorCount, int frameOffset, int storedLength, int sectorInFrame);
  }

  /** Behind the last segment whose extents are all here. */
  int endIndex() {
    return endIndex;
  }

  /** What became of an extent. */
  enum Added {
    /** It is here, or of no segment that is wanted. */
    TAKEN,
    /** The map's table does not have its segment. */
    UNKNOWN_SEGMENT,
    /** More extents name its segment than that can have: this one is left out. */
    TOO_MANY
  }

  /** Takes a live extent of this volume. */
  Added add(Extent extent) {
    int index = BucketState.indexOf(segments, extent.segment());
    if (index < 0) {
      return Added.UNKNOWN_SEGMENT;
    }
    if (index < fromIndex || index >= endIndex) {
      return Added.TAKEN;
    }
    if (count == maxEntries) {
      halve();
      if (index >= endIndex) {
        return Added.TAKEN;
      }
      if (count == maxEntries) {
        return Added.TOO_MANY;
      }
    }
    if (count == sectors.length) {
      int capacity = Math.min(maxEntries, 2 * count);
      sectors = Arrays.copyOf(sectors, capacity);
      places = Arrays.copyOf(places, capacity);
      owners = Arrays.copyOf(owners, capacity);
    }
    sectors[count] = extent.sector();
    places[count] = place(extent);
    owners[count++] = index;
    return Added.TAKEN;
  }

  /** Offset 26 bits, stored length less one 16, sector in frame 6, count less one 6. */
  private static long place(Extent extent) {
    return (long) extent.frameOffset() << 28
        | (long) (extent.storedLength() - 1) << 12
        | (long) extent.sectorInFrame() << 6
        | (extent.sectorCount() - 1);
  }

  /** Gives the newer half of what is here back, unless it is all of one segment. */
  private void halve() {
    var sorted = Arrays.copyOf(owners, count);
    Arrays.sort(sorted);
    // At least the oldest segment stays, which alone is below the limit.
    endIndex = Math.max(sorted[0] + 1, sorted[count / 2]);
    int kept = 0;
    for (int i = 0; i < count; i++) {
      if (owners[i] < endIndex) {
        sectors[kept] = sectors[i];
        places[kept] = places[i];
        owners[kept++] = owners[i];
      }
    }
    count = kept;
  }

  /** All were added. */
  void sort() {
    starts = new int[endIndex - fromIndex + 1];
    for (int i = 0; i < count; i++) {
      starts[owners[i] - fromIndex + 1]++;
    }
    for (int i = 1; i < starts.length; i++) {
      starts[i] += starts[i - 1];
    }
    var next = starts.clone();
    order = new int[count];
    for (int i = 0; i < count; i++) {
      order[next[owners[i] - fromIndex]++] = i;
    }
  }

  /** Tells the extents of a segment, by sector. */
  void forEach(int segmentIndex, Action action) {
    for (int i = starts[segmentIndex - fromIndex]; i < starts[segmentIndex - fromIndex + 1]; i++) {
      long place = places[order[i]];
      action.accept(
          sectors[order[i]],
          (int) (place & 63) + 1,
          (int) (place >>> 28),
          (int) (place >>> 12 & 0xFFFF) + 1,
          (int) (place >>> 6 & 63));
    }
  }
}
