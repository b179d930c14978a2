package dev.isthmus.blocktranslation;

import dev.isthmus.blocktranslation.map.SectorRange;

/**
 * A stretch of the disk whose newest content is in the log and not yet committed in the bucket.
 * Immutable.
 *
 * @param lsn of its record
 * @param position of the record's payload in the log
 * @param payloadLength bytes; 0: the stretch reads as zeroes
 * @param payloadCrc of the whole payload
 * @param offsetInPayload where the stretch begins in the payload, bytes
 */
record DirtyRange(
    long sector,
    long sectorCount,
    long lsn,
    long position,
    int payloadLength,
    int payloadCrc,
    int offsetInPayload)
    implements SectorRange<DirtyRange> {

  boolean isZeroes() {
    return payloadLength == 0;
  }

  @Override
  public DirtyRange slice(long fromSector, long count) {
    int skippedBytes = isZeroes() ? 0 : Math.toIntExact((fromSector - sector) * 512);
    return new DirtyRange(
        fromSector,
        count,
        lsn,
        position,
        payloadLength,
        payloadCrc,
        offsetInPayload + skippedBytes);
  }
}
