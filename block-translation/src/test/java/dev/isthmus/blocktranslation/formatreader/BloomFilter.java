package dev.isthmus.blocktranslation.formatreader;

import java.util.List;

/** Computes the filter that a page must have. */
final class BloomFilter {

  private static final int BITS = 1016;
  private static final int MIN_SHIFT = 3;
  private static final int MAX_GRANULES = 192;
  private static final long LOW = 0xFFFFFFFFL;

  private BloomFilter() {}

  /** The 128 bytes for a page of these entries, in their order. */
  static byte[] of(List<RunPart.Entry> entries) {
    int shift = MIN_SHIFT;
    while (granules(entries, shift) > MAX_GRANULES) {
      shift++;
    }
    byte[] filter = new byte[BITS / 8 + 1];
    filter[BITS / 8] = (byte) shift;
    for (RunPart.Entry entry : entries) {
      for (long g = entry.sector() >> shift; g <= (entry.end() - 1) >> shift; g++) {
        set(filter, g);
      }
    }
    return filter;
  }

  private static long granules(List<RunPart.Entry> entries, int shift) {
    long count = 0;
    long last = -1;
    for (RunPart.Entry entry : entries) {
      long from = Math.max(entry.sector() >> shift, last + 1);
      last = (entry.end() - 1) >> shift;
      count += Math.max(0, last - from + 1);
    }
    return count;
  }

  private static void set(byte[] filter, long granule) {
    long hash = hash(granule);
    for (int i = 0; i < 4; i++) {
      long mixed = ((hash & LOW) + i * (hash >>> 32)) & LOW;
      int bit = (int) ((mixed * BITS) >>> 32);
      filter[bit / 8] |= (byte) (1 << (bit % 8));
    }
  }

  private static long hash(long granule) {
    long h = granule;
    h ^= h >>> 33;
    h *= 0xFF51AFD7ED558CCDL;
    h ^= h >>> 33;
    h *= 0xC4CEB9FE1A85EC53L;
    return h ^ (h >>> 33);
  }
}
