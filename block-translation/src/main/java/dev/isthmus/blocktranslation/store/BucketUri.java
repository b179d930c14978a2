package dev.isthmus.blocktranslation.store;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.store.s3.S3Query;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where a volume lies: a bucket, what its keys start with, its name. Immutable.
 *
 * <ul>
 *   <li>{@code s3://BUCKET/PREFIX/VOLUME?endpoint=…&region=…}; the prefix may have any number of
 *       segments or none; {@link S3Query} has the query
 *   <li>{@code minio://HOST:PORT/BUCKET/PREFIX/VOLUME?tls=…}: the same by the MinIO client
 *   <li>{@code bucket+file:///DIR/VOLUME}
 * </ul>
 *
 * Without the volume each is the root that volumes are listed under.
 *
 * @param address the bucket
 * @param rootPrefix what the keys of all volumes under this root start with: empty, or ending with
 *     a slash
 * @param volume the volume's name; null for the root
 */
public record BucketUri(StoreAddress address, String rootPrefix, @Nullable String volume) {

  /** The schemes of object stores. */
  public static final Set<String> SCHEMES = Set.of("s3", "minio", "bucket+file");

  /** Lower case and no escape in any scheme, shell or label; 63 as a DNS label has. */
  private static final Pattern VOLUME = Pattern.compile("[a-z0-9][a-z0-9._-]{0,62}");

  /** Leaves the volume's name and its keys room within {@link ObjectKeys#MAX_KEY_LENGTH}. */
  private static final int MAX_ROOT_PREFIX_LENGTH = 256;

  /** The query keys that say where a store of {@code scheme} is; a volume adds its own. */
  public static Set<String> keys(String scheme) {
    return switch (scheme) {
      case "s3" -> S3Query.S3_KEYS;
      case "minio" -> S3Query.MINIO_KEYS;
      default -> Set.of();
    };
  }

  /**
   * Where a volume is.
   *
   * @param volumeKeys query keys that the caller knows beside {@link #keys}
   * @throws DeviceException.Invalid naming what is wrong, unknown keys among it
   */
  public static BucketUri ofVolume(StorageUri uri, Set<String> volumeKeys) {
    requireKeys(uri, volumeKeys);
    String path = uri.path();
    int slash = path.lastIndexOf('/');
    String name = path.substring(slash + 1);
    checkVolumeName(name);
    return of(uri, path.substring(0, Math.max(0, slash)), name);
  }

  /**
   * The root that volumes are under.
   *
   * @throws DeviceException.Invalid naming what is wrong
   */
  public static BucketUri ofRoot(StorageUri uri) {
    requireKeys(uri, Set.of());
    String path = uri.path();
    return of(uri, path.endsWith("/") ? path.substring(0, path.length() - 1) : path, null);
  }

  private static void requireKeys(StorageUri uri, Set<String> volumeKeys) {
    if (!SCHEMES.contains(uri.scheme())) {
      throw new DeviceException.Invalid(
          uri.scheme() + ":// is no object store; these are: " + new TreeSet<>(SCHEMES));
    }
    var known = new TreeSet<>(volumeKeys);
    known.addAll(keys(uri.scheme()));
    uri.requireKeys(known);
  }

  private static BucketUri of(StorageUri uri, String rootPath, @Nullable String volume) {
    try {
      return switch (uri.scheme()) {
        case "s3" -> ofS3(uri, rootPath, volume);
        case "minio" -> ofMinio(uri, rootPath, volume);
        default -> ofDirectory(uri, rootPath, volume);
      };
    } catch (StoreException.Invalid e) {
      throw new DeviceException.Invalid(String.valueOf(e.getMessage()));
    }
  }

  private static BucketUri ofS3(StorageUri uri, String rootPath, @Nullable String volume) {
    return new BucketUri(new StoreAddress.S3(S3Query.s3(uri)), keyPrefix(rootPath), volume);
  }

  private static BucketUri ofMinio(StorageUri uri, String rootPath, @Nullable String volume) {
    int end = rootPath.indexOf('/', 1);
    String bucket =
        rootPath.isEmpty() ? "" : rootPath.substring(1, end < 0 ? rootPath.length() : end);
    if (bucket.isEmpty()) {
      throw new DeviceException.Invalid("minio://HOST:PORT/BUCKET/VOLUME: the bucket is missing");
    }
    return new BucketUri(
        new StoreAddress.S3(S3Query.minio(uri, bucket)),
        keyPrefix(end < 0 ? "" : rootPath.substring(end)),
        volume);
  }

  private static String keyPrefix(String path) {
    String prefix = path.isEmpty() ? "" : path.substring(1) + "/";
    String problem = ObjectKeys.prefixProblem(prefix);
    if (problem != null) {
      throw new DeviceException.Invalid("the PREFIX of a bucket's URI: " + problem);
    }
    if (prefix.length() > MAX_ROOT_PREFIX_LENGTH) {
      throw new DeviceException.Invalid(
          "a prefix has at most " + MAX_ROOT_PREFIX_LENGTH + " characters");
    }
    return prefix;
  }

  private static BucketUri ofDirectory(StorageUri uri, String rootPath, @Nullable String volume) {
    if (!uri.authority().isEmpty()) {
      throw new DeviceException.Invalid(
          "bucket+file:// has three slashes before its directory: bucket+file:///DIR/VOLUME");
    }
    if (rootPath.isEmpty()) {
      throw new DeviceException.Invalid(
          "bucket+file:///DIR/VOLUME: the directory is missing, and / can't be a bucket");
    }
    Path root = Path.of(rootPath);
    if (!root.isAbsolute() || !root.equals(root.normalize())) {
      throw new DeviceException.Invalid("bucket+file: the directory holds . or ..");
    }
    return new BucketUri(new StoreAddress.Directory(root), "", volume);
  }

  /**
   * Refuses what is no name of a volume.
   *
   * @throws DeviceException.Invalid saying what a name is
   */
  public static void checkVolumeName(String name) {
    if (!VOLUME.matcher(name).matches()) {
      throw new DeviceException.Invalid(
          "a volume's name has 1 to 63 of a-z 0-9 . _ - and starts with a letter or digit, not \""
              + (name.length() > 80 ? name.substring(0, 80) + "…" : name)
              + "\"");
    }
  }

  /**
   * What the volume's keys start with, ending with a slash.
   *
   * @throws IllegalStateException if this is a root
   */
  public String volumePrefix() {
    if (volume == null) {
      throw new IllegalStateException("a root has no volume");
    }
    return rootPrefix + volume + "/";
  }
}
