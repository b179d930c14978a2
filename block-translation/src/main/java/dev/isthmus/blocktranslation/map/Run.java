package dev.isthmus.blocktranslation.map;

import java.util.ArrayList;
import java.util.List;

/** A run of the map. Threading: confined to the engine thread; what is final, any thread. */
final class Run {

  final List<Part> parts;

  /** End sectors of the parts, for the search. */
  private final long[] ends;

  final long entryCount;
  final int level;

  /** Of the objects of all parts. */
  final long totalLengthBytes;

  /** Whether a merge that reads it is under way. */
  boolean merging;

  /**
   * Whether a merge found that it can't be read, or that it contradicts the segments: it stays as
   * it is, and parts the newer runs from the older ones.
   */
  boolean damaged;

  Run(List<PartInfo> infos, int fanOut) {
    var list = new ArrayList<Part>(infos.size());
    long entries = 0;
    long bytes = 0;
    for (PartInfo info : infos) {
      list.add(new Part(info));
      bytes += info.totalLengthBytes();
      entries += info.entryCount();
    }
    parts = list;
    ends = infos.stream().mapToLong(PartInfo::endSector).toArray();
    entryCount = entries;
    totalLengthBytes = bytes;
    level = MergePolicy.level(entries, fanOut);
  }

  /** The first part that ends behind {@code sector}, or the number of parts. */
  int firstEndingAfter(long sector) {
    int low = 0;
    int high = ends.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (ends[middle] > sector) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  RunInfo info() {
    return new RunInfo(level, infos());
  }

  List<PartInfo> infos() {
    return parts.stream().map(part -> part.info).toList();
  }
}
