package dev.isthmus.blocktranslation.map;

import dev.isthmus.blockdevice.DeviceException;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The index of a part: first sectors of its pages, their filters, and the pages that are in memory.
 * Threading: confined to the engine thread, once decoded.
 */
final class PartIndex extends CacheUnit {

  final long[] firsts;

  /** {@link PageFilter#WORDS} words for each page; null: not read, every page may touch. */
  final long @Nullable [] filters;

  final @Nullable Page[] pages;
  int pagesInMemory;

  private PartIndex(long[] firsts, long @Nullable [] filters) {
    super(firsts.length * 12 + (filters == null ? 0 : filters.length * 8) + 96);
    this.firsts = firsts;
    this.filters = filters;
    this.pages = new @Nullable Page[firsts.length];
  }

  /**
   * The last page that begins at or before {@code sector}; the first if none does.
   *
   * <p>Begins at the place where the page lies if entries are spread evenly, and doubles its steps
   * from there: near by for random writes, where a plain bisection touches more cache lines, and
   * never more than twice the steps of one.
   */
  int pageOf(long sector) {
    int count = firsts.length;
    long span = firsts[count - 1] - firsts[0];
    double share = span == 0 ? 0 : (double) (sector - firsts[0]) / span;
    int low = Math.clamp((long) (share * (count - 1)), 0, count - 1);
    int high = low;
    int step = 1;
    if (firsts[low] <= sector) {
      while (high < count && firsts[high] <= sector) {
        low = high;
        high += step;
        step *= 2;
      }
      high = Math.min(high, count) - 1;
    } else {
      while (low > 0 && firsts[low] > sector) {
        high = low - 1;
        low = Math.max(0, low - step);
        step *= 2;
      }
    }
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (firsts[middle] <= sector) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

  /**
   * Checks and copies a part's index.
   *
   * @param bytes the whole index, or all but its filters
   * @throws DeviceException.Corrupt naming what is wrong
   */
  static PartIndex decode(PartInfo part, MemorySegment bytes) {
    int pageCount = part.pageCount();
    int firstsLength = PartLayout.firstsLength(pageCount);
    if (bytes.get(PartLayout.U32, 0) != PartLayout.INDEX_MAGIC) {
      throw corrupt(part, "it has no index's magic");
    }
    if (bytes.get(PartLayout.U32, 4) != PartLayout.crc(bytes, 0, firstsLength, 4)) {
      throw corrupt(part, "its CRC is wrong");
    }
    if (bytes.get(PartLayout.U64, 8) != part.name().nonce()
        || bytes.get(PartLayout.U32, 16) != pageCount
        || bytes.get(PartLayout.U64, 24) != 0) {
      throw corrupt(part, "it is another part's");
    }
    var firsts = new long[pageCount];
    MemorySegment.copy(bytes, PartLayout.U64, PartLayout.INDEX_HEADER_BYTES, firsts, 0, pageCount);
    for (int i = 1; i < pageCount; i++) {
      if (firsts[i] <= firsts[i - 1]) {
        throw corrupt(part, "it is not in order");
      }
    }
    if (firsts[0] != part.firstSector() || firsts[pageCount - 1] >= part.endSector()) {
      throw corrupt(part, "it is not where the part's header says");
    }
    if (bytes.byteSize() == firstsLength) {
      return new PartIndex(firsts, null);
    }
    return new PartIndex(firsts, decodeFilters(part, bytes, firstsLength));
  }

  private static long[] decodeFilters(PartInfo part, MemorySegment bytes, int from) {
    long length = (long) part.pageCount() * PartLayout.FILTER_BYTES;
    if (bytes.get(PartLayout.U32, 20) != PartLayout.crc(bytes, from, length, -1)) {
      throw corrupt(part, "the CRC of its filters is wrong");
    }
    var filters = new long[part.pageCount() * PageFilter.WORDS];
    MemorySegment.copy(bytes, PartLayout.U64, from, filters, 0, filters.length);
    for (int i = PageFilter.WORDS - 1; i < filters.length; i += PageFilter.WORDS) {
      if (!PageFilter.isShift(filters[i])) {
        throw corrupt(part, "a filter's shift is out of bounds");
      }
    }
    return filters;
  }

  private static DeviceException.Corrupt corrupt(PartInfo part, String what) {
    return new DeviceException.Corrupt("the index of map part " + part.name().key() + ": " + what);
  }
}
