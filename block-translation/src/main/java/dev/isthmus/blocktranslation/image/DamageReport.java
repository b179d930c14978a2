package dev.isthmus.blocktranslation.image;

import java.util.ArrayList;
import java.util.List;

/** Damaged ranges found so far. Threading: confined to the caller. */
public final class DamageReport {

  /** Most ranges that are kept: whoever has more needs no list but another copy. */
  public static final int MAX_RANGES = 4096;

  private final List<DamagedRange> ranges = new ArrayList<>();
  private long count;
  private long sectors;

  /** Adds one. */
  void add(DamagedRange range) {
    if (ranges.size() < MAX_RANGES) {
      ranges.add(range);
    }
    count++;
    sectors += range.sectorCount();
  }

  /** Adds those of an earlier try. */
  void restore(List<DamagedRange> kept, long keptCount, long keptSectors) {
    ranges.addAll(kept);
    count += keptCount;
    sectors += keptSectors;
  }

  /** The first {@link #MAX_RANGES} of them, ascending. */
  public List<DamagedRange> ranges() {
    return List.copyOf(ranges);
  }

  /** How many there are. */
  public long count() {
    return count;
  }

  /** Sectors in all of them. */
  public long sectors() {
    return sectors;
  }

  public boolean isEmpty() {
    return count == 0;
  }
}
