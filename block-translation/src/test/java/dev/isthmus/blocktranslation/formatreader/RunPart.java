package dev.isthmus.blocktranslation.formatreader;

import java.util.List;

/** One part of a run, checked against itself. */
record RunPart(Fields object, List<Entry> entries) {

  /**
   * What the map says of one range.
   *
   * @param segment where it lies; 0 for zeroes
   */
  record Entry(
      Fields fields,
      long sector,
      long sectorCount,
      long storedLength,
      long segment,
      long frameOffset,
      int sectorInFrame) {

    long end() {
      return sector + sectorCount;
    }

    boolean isZeroes() {
      return segment == 0;
    }
  }
}
