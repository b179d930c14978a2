package dev.isthmus.blocktranslation.map;

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
    int headerCrc) {}
