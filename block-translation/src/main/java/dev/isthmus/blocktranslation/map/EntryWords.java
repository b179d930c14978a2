package dev.isthmus.blocktranslation.map;

import org.jspecify.annotations.Nullable;

/**
 * An entry as the four little-endian words of its bytes: sector; count and stored length; segment;
 * frame offset, sector in frame and source. Merges move millions of them, so they stay words.
 */
final class EntryWords {

  private EntryWords() {}

  static long lengths(long sectorCount, int storedLength) {
    return sectorCount | ((long) storedLength << 32);
  }

  static long place(int frameOffset, int sectorInFrame, int source) {
    return (frameOffset & 0xFFFF_FFFFL) | ((long) sectorInFrame << 32) | ((long) source << 48);
  }

  static long count(long lengths) {
    return lengths & 0xFFFF_FFFFL;
  }

  static int storedLength(long lengths) {
    return (int) (lengths >>> 32);
  }

  static int frameOffset(long place) {
    return (int) place;
  }

  static int sectorInFrame(long place) {
    return (int) (place >>> 32) & 0xFFFF;
  }

  static int source(long place) {
    return (int) (place >>> 48);
  }

  /** Lengths of the same entry with another number of sectors. */
  static long withCount(long lengths, long sectorCount) {
    return (lengths & 0xFFFF_FFFF_0000_0000L) | sectorCount;
  }

  /** The place {@code sectors} further on. */
  static long skip(long segment, long place, long sectors) {
    return segment == 0 ? place : place + (sectors << 32);
  }

  /** What is wrong with an entry, or null. */
  static @Nullable String flaw(long sector, long lengths, long segment, long place) {
    return Extent.flaw(
        sector,
        count(lengths),
        segment,
        frameOffset(place),
        storedLength(lengths),
        sectorInFrame(place),
        source(place));
  }

  /** A part of an entry as an extent. */
  static Extent extent(
      long sector, long lengths, long segment, long place, long from, long sectorCount) {
    long moved = skip(segment, place, from - sector);
    return new Extent(
        from,
        sectorCount,
        segment,
        frameOffset(moved),
        storedLength(lengths),
        sectorInFrame(moved),
        source(moved));
  }
}
