package dev.isthmus.blocktranslation.formatreader;

import java.util.List;
import java.util.UUID;

/** A data segment or fence, every byte of it checked against itself. */
record Segment(
    Fields object,
    boolean isFence,
    UUID writer,
    long epoch,
    long incarnation,
    long sequence,
    long firstLsn,
    long lastLsn,
    long firstTime,
    long lastTime,
    long nextSequence,
    long sizeSectors,
    long durableLsn,
    List<Change> changes) {

  /** Sectors of all writes in the table. */
  long dataSectors() {
    return changes.stream()
        .filter(c -> c.operation() == Change.WRITE)
        .mapToLong(Change::sectorCount)
        .sum();
  }
}
