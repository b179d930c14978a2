package dev.isthmus.blocktranslation.map;

import org.jspecify.annotations.Nullable;

/**
 * What a checkpoint says of one part of a run (docs/FORMAT.md, "Checkpoint"). Immutable.
 *
 * @param name its object
 * @param totalLengthBytes of the object
 * @param entryCount extents in it, at least 1
 * @param firstSector of the first extent
 * @param endSector end of the last extent
 * @param pageCount pages of extents
 * @param headerCrc CRC-32C of the part's header
 */
public record PartInfo(
    PartName name,
    long totalLengthBytes,
    long entryCount,
    long firstSector,
    long endSector,
    int pageCount,
    int headerCrc) {

  /** What contradicts itself in it, or null. */
  @Nullable String flaw() {
    if (pageCount < 1 || PartLayout.totalLength(pageCount) > PartLayout.MAX_PART_BYTES) {
      return pageCount + " pages";
    }
    if (totalLengthBytes != PartLayout.totalLength(pageCount)) {
      return totalLengthBytes + " bytes for " + pageCount + " pages";
    }
    if (entryCount <= (pageCount - 1L) * PartLayout.PAGE_ENTRIES
        || entryCount > (long) pageCount * PartLayout.PAGE_ENTRIES) {
      return entryCount + " entries on " + pageCount + " pages";
    }
    if (firstSector < 0
        || endSector > Extent.MAX_END_SECTOR
        || endSector - firstSector < entryCount) {
      return entryCount + " entries from sector " + firstSector + " to " + endSector;
    }
    return null;
  }
}
