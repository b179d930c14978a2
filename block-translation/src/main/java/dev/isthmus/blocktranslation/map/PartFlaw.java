package dev.isthmus.blocktranslation.map;

/**
 * Something wrong in a stored part of a run. Immutable.
 *
 * @param offsetBytes where in the object
 * @param lengthBytes of the damaged structure
 * @param firstSector first sector of the disk that look-ups can't answer for it
 * @param endSector the sector behind the last such one; {@code firstSector} if look-ups don't read
 *     it
 * @param why what its check said
 */
public record PartFlaw(
    long offsetBytes, long lengthBytes, long firstSector, long endSector, String why) {

  /** The whole part is of no use. */
  public static PartFlaw ofAll(PartInfo part, String why) {
    return new PartFlaw(0, part.totalLengthBytes(), part.firstSector(), part.endSector(), why);
  }

  static PartFlaw unread(PartInfo part, long offsetBytes, long lengthBytes, String why) {
    return new PartFlaw(offsetBytes, lengthBytes, part.firstSector(), part.firstSector(), why);
  }
}
