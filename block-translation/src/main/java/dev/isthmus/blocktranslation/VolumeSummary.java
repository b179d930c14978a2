package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceIdentity;
import java.time.Instant;

/**
 * What a bucket says of a volume, without owning it. Immutable.
 *
 * @param name the volume's name: the last part of its URI
 * @param uri where it lies, without options
 * @param identity UUID and incarnation
 * @param sizeBytes size
 * @param blockSizeBytes 512 or 4096
 * @param tiers what it promises
 * @param fencing what keeps its owners apart
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
    Tiers tiers,
    Fencing fencing,
    long epoch,
    boolean cleanlyClosed,
    long checkpointLsn,
    long storedBytes,
    Instant created) {}
