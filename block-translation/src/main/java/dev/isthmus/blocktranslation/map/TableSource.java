package dev.isthmus.blocktranslation.map;

import java.util.Iterator;

/** The entries of a frozen memtable; zeroes too long for one entry become several. */
final class TableSource extends EntrySource {

  private final Iterator<Extent> extents;
  private final boolean dropZeroes;
  private long zeroesLeft;

  /**
   * @param dropZeroes whether there is no older run, so that zeroes need not be said
   */
  TableSource(IntervalMap<Extent> table, boolean dropZeroes) {
    this.extents = table.iterator();
    this.dropZeroes = dropZeroes;
  }

  @Override
  Step advance() {
    if (zeroesLeft > 0) {
      sector += EntryWords.count(lengths);
      lengths = Math.min(zeroesLeft, PartLayout.MAX_ENTRY_SECTORS);
      zeroesLeft -= lengths;
      return Step.READY;
    }
    while (extents.hasNext()) {
      Extent extent = extents.next();
      if (extent.isZeroes() && dropZeroes) {
        continue;
      }
      sector = extent.sector();
      segment = extent.segment();
      place = EntryWords.place(extent.frameOffset(), extent.sectorInFrame(), extent.source());
      long count = Math.min(extent.sectorCount(), PartLayout.MAX_ENTRY_SECTORS);
      lengths = EntryWords.lengths(count, extent.storedLength());
      zeroesLeft = extent.sectorCount() - count;
      return Step.READY;
    }
    return Step.END;
  }
}
