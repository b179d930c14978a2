package dev.isthmus.blocktranslation.map;

import java.util.List;

/**
 * A sorted run without overlaps. Immutable.
 *
 * @param level size class, the merge's book-keeping; 0 is a memtable written out
 * @param parts in ascending order of sectors, at least one
 */
public record RunInfo(int level, List<PartInfo> parts) {

  public RunInfo {
    parts = List.copyOf(parts);
  }

  /** Extents in all parts. */
  public long entryCount() {
    long count = 0;
    for (PartInfo part : parts) {
      count += part.entryCount();
    }
    return count;
  }
}
