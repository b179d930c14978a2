package dev.isthmus.blocktranslation.map;

/**
 * Where a stretch of the disk lies: within one frame of one segment, or nowhere, as it reads as
 * zeroes. Immutable.
 *
 * @param sector first sector on the disk
 * @param sectorCount at least 1; a data extent lies within one frame and has at most {@link
 *     #MAX_FRAME_SECTORS}, zeroes have no limit but {@link #MAX_END_SECTOR}
 * @param segment sequence of the segment; 0 for zeroes
 * @param frameOffset where the frame (its header) begins within the segment, bytes; 0 for zeroes
 * @param storedLength bytes that follow the frame's header; 0 for zeroes
 * @param sectorInFrame first sector of the stretch within the frame's raw data; 0 for zeroes
 * @param source ordinal of the source volume, 0 being this one; 0 for zeroes
 */
public record Extent(
    long sector,
    long sectorCount,
    long segment,
    int frameOffset,
    int storedLength,
    int sectorInFrame,
    int source)
    implements SectorRange<Extent> {

  /** Sectors of raw data in the largest frame (32 KiB). */
  public static final int MAX_FRAME_SECTORS = 64;

  /** Most stored bytes of a frame. */
  public static final int MAX_STORED_BYTES = 65_536;

  /** Most bytes of a segment. */
  public static final int MAX_SEGMENT_BYTES = 64 << 20;

  /** No disk reaches beyond: its size in bytes is below 2^63. */
  public static final long MAX_END_SECTOR = 1L << 54;

  private static final int FRAME_HEADER_BYTES = 72;
  private static final int SEGMENT_HEADER_BYTES = 256;

  public Extent {
    String wrong =
        flaw(sector, sectorCount, segment, frameOffset, storedLength, sectorInFrame, source);
    if (wrong != null) {
      throw new IllegalArgumentException(wrong);
    }
  }

  /** A stretch that reads as zeroes. */
  public static Extent zeroes(long sector, long sectorCount) {
    return new Extent(sector, sectorCount, 0, 0, 0, 0, 0);
  }

  /** A stretch of this volume's own segment. */
  public static Extent data(
      long sector, int sectorCount, long segment, int frameOffset, int storedLength) {
    return new Extent(sector, sectorCount, segment, frameOffset, storedLength, 0, 0);
  }

  /** What is wrong with such an extent, or null: for readers of bytes that nobody vouches for. */
  static @org.jspecify.annotations.Nullable String flaw(
      long sector,
      long sectorCount,
      long segment,
      int frameOffset,
      int storedLength,
      int sectorInFrame,
      int source) {
    if (sector < 0 || sectorCount < 1 || sectorCount > MAX_END_SECTOR - sector) {
      return "an extent of " + sectorCount + " sectors at sector " + sector;
    }
    if (segment == 0) {
      return frameOffset == 0 && storedLength == 0 && sectorInFrame == 0 && source == 0
          ? null
          : "zeroes that name a place in a segment";
    }
    if (segment < 0) {
      return "segment " + Long.toUnsignedString(segment);
    }
    if (storedLength < 1 || storedLength > MAX_STORED_BYTES) {
      return "a frame of " + storedLength + " stored bytes";
    }
    if (frameOffset < SEGMENT_HEADER_BYTES
        || frameOffset > MAX_SEGMENT_BYTES - FRAME_HEADER_BYTES - storedLength) {
      return "a frame at offset " + frameOffset;
    }
    if (sectorInFrame < 0 || sectorInFrame + sectorCount > MAX_FRAME_SECTORS) {
      return sectorCount + " sectors at sector " + sectorInFrame + " of a frame";
    }
    return source < 0 || source > 0xFFFF ? "source " + source : null;
  }

  /** Whether the stretch reads as zeroes. */
  public boolean isZeroes() {
    return segment == 0;
  }

  @Override
  public Extent slice(long fromSector, long count) {
    if (fromSector < sector || count < 1 || count > endSector() - fromSector) {
      throw new IllegalArgumentException(
          count + " sectors from " + fromSector + " are not within " + this);
    }
    if (fromSector == sector && count == sectorCount) {
      return this;
    }
    return isZeroes()
        ? zeroes(fromSector, count)
        : new Extent(
            fromSector,
            count,
            segment,
            frameOffset,
            storedLength,
            sectorInFrame + (int) (fromSector - sector),
            source);
  }

  /** Whether {@code next} goes on exactly where this ends, on the disk and in the frame. */
  boolean joins(Extent next) {
    return next.sector == endSector()
        && next.segment == segment
        && (isZeroes()
            || (next.frameOffset == frameOffset
                && next.source == source
                && next.storedLength == storedLength
                && next.sectorInFrame == sectorInFrame + sectorCount));
  }
}
