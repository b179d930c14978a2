package dev.isthmus.blocktranslation;

import dev.isthmus.blocktranslation.map.MapSettings;
import dev.isthmus.wal.LogSettings;

/**
 * The sizes that an open volume works with, as they follow from a host's settings. A simulation
 * takes smaller ones, so that a short run goes through full logs, many segments, merges and
 * checkpoints. Immutable.
 *
 * @param segmentBytes size at which a segment is sealed
 * @param log the log's files
 * @param backlogLimitBytes most bytes of records that are not committed in the bucket, with what
 *     the log adds
 * @param map bounds of the map
 * @param segmentsBetweenCheckpoints segments after which a checkpoint is due; at least 1
 */
record EngineSizes(
    int segmentBytes,
    LogSettings log,
    long backlogLimitBytes,
    MapSettings map,
    int segmentsBetweenCheckpoints) {

  /**
   * An open after a crash reads one table for each segment since the newest checkpoint; a
   * checkpoint lists all segments anew. One for each GiB is what docs/adr/0004-block-map.md reckons
   * with.
   */
  private static final int SEGMENTS_BETWEEN_CHECKPOINTS = 128;

  static EngineSizes of(ObjectVolumeSettings settings) {
    LogSettings log = LogSettings.ofCapacity(settings.logCapacityBytes());
    return new EngineSizes(
        settings.segmentBytes(),
        log,
        // Not for records: the file being filled, the one prepared, the one for the next term, and
        // the oldest, which is given back only as a whole.
        log.capacityBytes() - 4 * log.rollBytes(),
        MapSettings.ofMemory(settings.mapMemoryBytes()),
        SEGMENTS_BETWEEN_CHECKPOINTS);
  }
}
