package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceIdentity;
import dev.isthmus.blockdevice.Tier;
import java.time.Instant;

/**
 * What a bucket says of a volume, without owning it. Immutable.
 *
 * @param name the volume's name: the last part of its URI
 * @param uri where it lies, without options
 * @param identity UUID and incarnation
 * @param sizeBytes size
 * @param blockSizeBytes 512 or 4096
 * @param ack when a write completes: {@code APPLIED} or {@code LOCAL_DURABLE}
 * @param flush what a flush waits for: {@code LOCAL_DURABLE} or {@code UPLOADED}
 * @param epoch number of times the volume was opened
 * @param cleanlyClosed whether the last owner closed it with everything in the bucket
 * @param checkpointLsn newest sequence number that the newest checkpoint covers; segments after it
 *     may hold more
 * @param storedBytes bytes of the segments that the newest checkpoint knows
 * @param created when it was created, by the creator's clock
 */
public record VolumeSummary(
    String name,
    String uri,
    DeviceIdentity identity,
    long sizeBytes,
    int blockSizeBytes,
    Tier ack,
    Tier flush,
    long epoch,
    boolean cleanlyClosed,
    long checkpointLsn,
    long storedBytes,
    Instant created) {}
