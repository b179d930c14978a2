package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.store.BucketUri;
import java.util.Map;
import java.util.Objects;

/**
 * Where a volume is. Immutable.
 *
 * @param name the last part of its URI
 * @param keyPrefix of its objects in the bucket, ending in a slash
 * @param where its URI without options, for people
 */
record VolumePlace(String name, String keyPrefix, String where) {

  /** The place that a volume's URI says. */
  static VolumePlace of(StorageUri uri, BucketUri bucket) {
    return new VolumePlace(
        Objects.requireNonNull(bucket.volume()),
        bucket.volumePrefix(),
        new StorageUri(uri.scheme(), uri.authority(), uri.path(), Map.of()).toString());
  }
}
