package dev.isthmus.blocktranslation;

/**
 * Levels and counters of one open volume. Counters start at 0 with each open. Immutable.
 *
 * @param logBytes bytes the log takes on the local disk
 * @param logCapacityBytes bytes it may take before writers wait
 * @param uploadLagBytes payload bytes applied and not yet committed in the bucket
 * @param uploadLagNanos age of the oldest such record; 0 if none
 * @param dirtyExtents extents that reads find in the log
 * @param heldBackWrites writes that wait for room in the log, or for the bucket
 * @param throttledNanos time by which writers were delayed so far
 * @param segmentsUploaded segments committed
 * @param segmentBytesUploaded their bytes
 * @param payloadBytesWritten bytes that users wrote
 * @param cacheBytes bytes of frames in memory
 * @param cacheHits frame look-ups that the cache answered
 * @param cacheMisses those that went to the bucket
 * @param mapMemoryBytes memory that the map takes
 * @param mapRuns sorted runs of the map
 * @param mapDamagedRuns those of them that are merged no more
 * @param mapBytesUploaded bytes written to the bucket for the map and checkpoints
 * @param rpoExceeded whether that age is above the volume's rpo
 * @param rpoExceededNanos time so far in which it was
 * @param rpoExceededForNanos how long it is now, without a break; 0 while it is not
 * @param stored what the volume takes in its bucket
 * @param integrity what failed its checks on the way to a reader
 */
public record VolumeStatistics(
    long logBytes,
    long logCapacityBytes,
    long uploadLagBytes,
    long uploadLagNanos,
    long dirtyExtents,
    long heldBackWrites,
    long throttledNanos,
    long segmentsUploaded,
    long segmentBytesUploaded,
    long payloadBytesWritten,
    long cacheBytes,
    long cacheHits,
    long cacheMisses,
    long mapMemoryBytes,
    int mapRuns,
    int mapDamagedRuns,
    long mapBytesUploaded,
    boolean rpoExceeded,
    long rpoExceededNanos,
    long rpoExceededForNanos,
    StoredBytes stored,
    ReadIntegrity integrity) {}
