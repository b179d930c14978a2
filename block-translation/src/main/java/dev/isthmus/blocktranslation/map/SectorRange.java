package dev.isthmus.blocktranslation.map;

/**
 * Something that holds for a stretch of sectors and can be cut to a part of it. Implementations are
 * immutable.
 *
 * @param <V> the implementing type
 */
public interface SectorRange<V extends SectorRange<V>> {

  /** First sector of the disk (512 bytes each) that this holds for; at least 0. */
  long sector();

  /** How many sectors; at least 1. */
  long sectorCount();

  /** One past the last sector. */
  default long endSector() {
    return sector() + sectorCount();
  }

  /**
   * The same for a part of the range.
   *
   * @param fromSector a sector of the disk, within this range
   * @param count at least 1, and no further than {@link #endSector()}
   */
  V slice(long fromSector, long count);
}
