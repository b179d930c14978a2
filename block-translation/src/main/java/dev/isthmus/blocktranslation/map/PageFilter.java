package dev.isthmus.blocktranslation.map;

/**
 * A Bloom filter over one page of entries: tells for most ranges that the page says nothing of
 * them, so that a look-up over many runs reads one page and not one of each.
 *
 * <p>128 bytes as 16 little-endian words. Bits 0 to 1015 are the filter; the last byte is the shift
 * s: a granule is 2^s sectors, s being the least from 3 on at which the page's entries touch at
 * most 192 granules. So small random writes are told block by block, and long stretches cost no
 * more. Each touched granule sets four bits.
 */
final class PageFilter {

  static final int WORDS = 16;

  private static final int BITS = 1016;
  private static final int PROBES = 4;
  private static final int MIN_SHIFT = 3;
  private static final int MAX_GRANULES = 192;

  /** Ranges over more granules than this are not worth asking for. */
  private static final int MAX_ASKED = 16;

  private PageFilter() {}

  /** Writes the filter of a page's entries (four words each) to {@code out} at {@code at}. */
  static void build(long[] words, int entryCount, long[] out, int at) {
    int shift = MIN_SHIFT;
    while (granules(words, entryCount, shift) > MAX_GRANULES) {
      shift++;
    }
    for (int i = 0; i < WORDS; i++) {
      out[at + i] = 0;
    }
    for (int i = 0; i < entryCount; i++) {
      long sector = words[4 * i];
      long last = (sector + EntryWords.count(words[4 * i + 1]) - 1) >>> shift;
      for (long granule = sector >>> shift; granule <= last; granule++) {
        long hash = mix(granule);
        for (int probe = 0; probe < PROBES; probe++) {
          int bit = bit(hash, probe);
          out[at + (bit >>> 6)] |= 1L << bit;
        }
      }
    }
    out[at + WORDS - 1] |= (long) shift << 56;
  }

  /** Whether the page may say something of a range that lies where the page's entries can. */
  static boolean mayTouch(long[] filters, int at, long sector, long endSector) {
    int shift = (int) (filters[at + WORDS - 1] >>> 56);
    long granule = sector >>> shift;
    long last = (endSector - 1) >>> shift;
    if (last - granule >= MAX_ASKED) {
      return true;
    }
    for (; granule <= last; granule++) {
      if (mayHold(filters, at, granule)) {
        return true;
      }
    }
    return false;
  }

  /** Whether a shift read from a filter can be one. */
  static boolean isShift(long lastWord) {
    long shift = lastWord >>> 56;
    return shift >= MIN_SHIFT && shift < 63;
  }

  private static boolean mayHold(long[] filters, int at, long granule) {
    long hash = mix(granule);
    for (int probe = 0; probe < PROBES; probe++) {
      int bit = bit(hash, probe);
      if ((filters[at + (bit >>> 6)] & (1L << bit)) == 0) {
        return false;
      }
    }
    return true;
  }

  private static long granules(long[] words, int entryCount, int shift) {
    long count = 0;
    long next = 0;
    for (int i = 0; i < entryCount; i++) {
      long first = Math.max(next, words[4 * i] >>> shift);
      long last = (words[4 * i] + EntryWords.count(words[4 * i + 1]) - 1) >>> shift;
      if (last >= first) {
        count += last - first + 1;
        next = last + 1;
      }
    }
    return count;
  }

  /** The finalizer of MurmurHash3 (Appleby, public domain): every bit depends on every other. */
  private static long mix(long granule) {
    long hash = granule;
    hash = (hash ^ (hash >>> 33)) * 0xFF51_AFD7_ED55_8CCDL;
    hash = (hash ^ (hash >>> 33)) * 0xC4CE_B9FE_1A85_EC53L;
    return hash ^ (hash >>> 33);
  }

  private static int bit(long hash, int probe) {
    long mixed = ((hash & 0xFFFF_FFFFL) + probe * (hash >>> 32)) & 0xFFFF_FFFFL;
    return (int) ((mixed * BITS) >>> 32);
  }
}
