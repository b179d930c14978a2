package dev.isthmus.gateway.daemon;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.DeviceRegistry;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.ListedBytes;
import dev.isthmus.blocktranslation.ObjectVolumeProvider;
import dev.isthmus.blocktranslation.VolumeSummary;
import dev.isthmus.blocktranslation.store.StoreStatistics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * What the kinds of devices differ in, between create, open and delete. Threading: thread-safe; all
 * calls block.
 */
public final class DeviceOpener {

  /** Kinds whose content ends with the daemon: opening one again means creating it again. */
  private static final Set<String> EPHEMERAL = Set.of("malloc", "null");

  private static final Set<String> FILES = Set.of("file", "aio");

  /** What a volume in a bucket remembers by itself. */
  private static final Set<String> REMEMBERED =
      Set.of("size", "blk_size", "ack", "flush", "rpo", "fencing");

  private final DeviceRegistry registry;
  private final ObjectVolumeProvider buckets;
  private final StorageUri bucket;

  /**
   * Over these providers.
   *
   * @param registry all kinds
   * @param buckets the provider of volumes in buckets, which can do more
   * @param bucket where volumes with a bare name lie
   */
  public DeviceOpener(DeviceRegistry registry, ObjectVolumeProvider buckets, StorageUri bucket) {
    this.registry = registry;
    this.buckets = buckets;
    this.bucket = bucket;
  }

  /** The URI of a bare name, or the URI itself. */
  StorageUri locate(String nameOrUri) {
    return VolumeNames.isUri(nameOrUri)
        ? StorageUri.parse(nameOrUri)
        : new StorageUri(
            bucket.scheme(),
            bucket.authority(),
            bucket.path() + "/" + VolumeNames.require(nameOrUri),
            bucket.query());
  }

  /** The URI with {@code options}; one that it has already is refused. */
  static StorageUri with(StorageUri uri, Map<String, String> options) {
    var query = new LinkedHashMap<>(uri.query());
    options.forEach((key, value) -> {
      if (query.putIfAbsent(key, value) != null) {
        throw new DeviceException.Invalid("the URI says " + key + " already: say it in one place");
      }
    });
    return new StorageUri(uri.scheme(), uri.authority(), uri.path(), query);
  }

  /** The URI with an agreement to a loss, if there is one. */
  static StorageUri withTakeover(StorageUri uri, String takeover) {
    return takeover.isEmpty() ? uri : with(uri, Map.of("takeover", takeover));
  }

  /** The same with a word on what keeps owners apart, if there is one. */
  static StorageUri withWords(StorageUri uri, String takeover, String fencing) {
    StorageUri agreed = withTakeover(uri, takeover);
    return fencing.isEmpty() ? agreed : with(agreed, Map.of("fencing", fencing));
  }

  /** The URI of a volume in a bucket with another place for its log; empty changes nothing. */
  StorageUri withLogDirectory(StorageUri uri, String directory) {
    if (directory.isEmpty()) {
      return uri;
    }
    if (!isBucket(uri)) {
      throw new DeviceException.Invalid(
          uri.scheme() + ":// keeps no log: --log-dir is for volumes in buckets");
    }
    var query = new LinkedHashMap<>(uri.query());
    query.put("log_dir", directory);
    return new StorageUri(uri.scheme(), uri.authority(), uri.path(), query);
  }

  /** Where the log of a volume in a bucket lies. */
  Path logDirectory(StorageUri uri) {
    return buckets.logDirectory(uri);
  }

  /** As {@link ObjectVolumeProvider#requireMadeLogDirectory}. */
  Path requireMadeLogDirectory(StorageUri uri) {
    return buckets.requireMadeLogDirectory(uri);
  }

  /** As {@link ObjectVolumeProvider#requireLogDirectory}. */
  Path requireLogDirectory(StorageUri uri) {
    return buckets.requireLogDirectory(uri);
  }

  /** What to keep, so that {@link #reopen} finds the same disk. */
  String remembered(StorageUri uri) {
    if (isEphemeral(uri)) {
      return uri.toString();
    }
    var query = new LinkedHashMap<>(uri.query());
    query.keySet().removeAll(isBucket(uri) ? REMEMBERED : Set.of("size"));
    query.remove("takeover");
    return new StorageUri(uri.scheme(), uri.authority(), uri.path(), query).toString();
  }

  boolean isBucket(StorageUri uri) {
    return buckets.schemes().contains(uri.scheme());
  }

  /** Whether the content ends with the daemon. */
  public static boolean isEphemeral(StorageUri uri) {
    return EPHEMERAL.contains(uri.scheme());
  }

  BlockDevice create(StorageUri uri) {
    return registry.create(uri.toString());
  }

  BlockDevice open(StorageUri uri) {
    return registry.open(uri.toString());
  }

  /** Opens what {@link #remembered} told, because somebody asks for it now. */
  BlockDevice openKnown(StorageUri uri) {
    return isEphemeral(uri) ? create(uri) : open(uri);
  }

  /**
   * Opens what {@link #remembered} told, at a start or for another try: nobody asked for it, so a
   * volume that was lost to another gateway is not taken back.
   *
   * @param uuid of the volume, if it is known
   */
  BlockDevice reopen(StorageUri uri, @Nullable UUID uuid) {
    return isBucket(uri) ? buckets.reopen(uri, uuid) : openKnown(uri);
  }

  /** Volumes in a bucket, whether or not this daemon has them. */
  List<VolumeSummary> list(StorageUri bucketUri) {
    if (!isBucket(bucketUri)) {
      throw new DeviceException.Invalid(
          "volumes can be listed in " + buckets.schemes() + ", not " + bucketUri.scheme() + "://");
    }
    return buckets.list(bucketUri);
  }

  /** What this process asked of each bucket. */
  Map<String, StoreStatistics> bucketRequests() {
    return buckets.requests();
  }

  /** What lies in the bucket below a volume, by its listing. */
  ListedBytes measure(StorageUri uri) {
    return buckets.measure(uri);
  }

  /** Whether a volume in a bucket is there. */
  boolean existsInBucket(StorageUri uri) {
    String name = uri.path().substring(uri.path().lastIndexOf('/') + 1);
    var parent =
        new StorageUri(
            uri.scheme(),
            uri.authority(),
            uri.path().substring(0, uri.path().lastIndexOf('/')),
            uri.query());
    return list(parent).stream().anyMatch(summary -> summary.name().equals(name));
  }

  /**
   * Checks that {@link #delete} knows how, while nothing has happened yet.
   *
   * @throws DeviceException.Invalid if it does not
   */
  void requireDeletable(StorageUri uri) {
    if (isFile(uri) && !Files.isRegularFile(Path.of(uri.path()), LinkOption.NOFOLLOW_LINKS)) {
      throw new DeviceException.Invalid(
          uri.path()
              + " is no regular file, so it is not deleted: `isthmus volume close` lets go of it");
    }
  }

  private static boolean isFile(StorageUri uri) {
    return FILES.contains(uri.scheme());
  }

  /** Deletes the data of a device that is closed. */
  void delete(StorageUri uri, LongConsumer deletedObjects) {
    if (isBucket(uri)) {
      buckets.delete(uri, deletedObjects);
    } else if (isFile(uri)) {
      try {
        Files.delete(Path.of(uri.path()));
      } catch (IOException e) {
        throw new DeviceException.Unavailable("cannot delete " + uri.path() + ": " + e, e);
      }
    }
  }
}
