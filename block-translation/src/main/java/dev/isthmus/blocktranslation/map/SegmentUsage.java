package dev.isthmus.blocktranslation.map;

/**
 * What the map knows of one data segment of this volume. Immutable.
 *
 * @param sequence from 1
 * @param epoch of its writer
 * @param liveSectors sectors of it that the map is known to refer to: an upper bound, exact once
 *     all runs are merged into one
 * @param totalLengthBytes of the object
 * @param dataSectors sectors that it came with
 */
public record SegmentUsage(
    long sequence, long epoch, long liveSectors, int totalLengthBytes, int dataSectors) {}
