package dev.isthmus.blocktranslation.formatreader;

import java.util.List;

/** A checkpoint, checked against itself. */
record Checkpoint(
    Fields object,
    ObjectNames.Name name,
    Chain.Position position,
    long durableLsn,
    List<Part> parts,
    List<SegmentLine> segments,
    List<Doomed> doomed) {

  /** A run entry: one part of one run. */
  record Part(
      int run,
      ObjectNames.Name name,
      long totalLength,
      long entryCount,
      long firstSector,
      long endSector,
      long pageCount,
      long headerCrc) {}

  /** A segment entry. */
  record SegmentLine(
      long sequence, long epoch, long liveSectors, long totalLength, long dataSectors) {}

  /** A doomed entry. */
  record Doomed(ObjectNames.Name name, long time) {}
}
