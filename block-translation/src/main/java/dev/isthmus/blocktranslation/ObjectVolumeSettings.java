package dev.isthmus.blocktranslation;

import java.nio.file.Path;
import java.time.Duration;

/**
 * How this host runs its object-store volumes. Validated; immutable.
 *
 * @param directory where each volume keeps its log: one sub-directory per volume UUID
 * @param logCapacityBytes most bytes of one volume's log on the local disk; at least 64 MiB
 * @param cacheBytes off-heap memory for cached frames, per volume; 0 for none
 * @param mapMemoryBytes memory for one volume's map; at least 16 MiB
 * @param segmentBytes size at which a segment is sealed; 1 to 32 MiB
 * @param sealAfter age at which a segment is sealed though not full; bounds the upload lag
 * @param requestTimeout deadline of one request to the bucket with its retries
 */
public record ObjectVolumeSettings(
    Path directory,
    long logCapacityBytes,
    long cacheBytes,
    long mapMemoryBytes,
    int segmentBytes,
    Duration sealAfter,
    Duration requestTimeout) {

  public ObjectVolumeSettings {
    require(logCapacityBytes >= 64L << 20, "the log needs at least 64 MiB");
    require(cacheBytes >= 0, "a cache has no negative size");
    require(mapMemoryBytes >= 16L << 20, "the map needs at least 16 MiB");
    require(segmentBytes >= 1 << 20 && segmentBytes <= 32 << 20, "a segment has 1 to 32 MiB");
    require(!sealAfter.isNegative() && !sealAfter.isZero(), "sealAfter is above zero");
    require(
        !requestTimeout.isNegative() && !requestTimeout.isZero(), "requestTimeout is above zero");
  }

  /** The defaults, for volumes under {@code directory}. */
  public static ObjectVolumeSettings defaults(Path directory) {
    return new ObjectVolumeSettings(
        directory,
        1L << 30,
        256L << 20,
        64L << 20,
        8 << 20,
        Duration.ofSeconds(1),
        Duration.ofSeconds(30));
  }

  /** The same, with the logs under {@code other}. */
  ObjectVolumeSettings withDirectory(Path other) {
    return new ObjectVolumeSettings(
        other,
        logCapacityBytes,
        cacheBytes,
        mapMemoryBytes,
        segmentBytes,
        sealAfter,
        requestTimeout);
  }

  private static void require(boolean condition, String message) {
    if (!condition) {
      throw new IllegalArgumentException(message);
    }
  }
}
