package dev.isthmus.blocktranslation.image;

/**
 * Part of a disk that can't be read. Immutable.
 *
 * @param sector first sector of 512 bytes
 * @param sectorCount at least 1
 * @param what is damaged: the object, and where in it; one line
 */
public record DamagedRange(long sector, long sectorCount, String what) {

  public DamagedRange {
    if (sector < 0 || sectorCount < 1 || sectorCount > Long.MAX_VALUE / 512 - sector) {
      throw new IllegalArgumentException(sectorCount + " sectors at sector " + sector);
    }
    if (what.indexOf('\n') >= 0) {
      throw new IllegalArgumentException("a line break");
    }
  }

  /** For people: where it is on the disk, and what is wrong. */
  @Override
  public String toString() {
    return "LBA %d to %d (bytes %d to %d): %s"
        .formatted(
            sector, sector + sectorCount - 1, sector * 512, (sector + sectorCount) * 512 - 1, what);
  }
}
