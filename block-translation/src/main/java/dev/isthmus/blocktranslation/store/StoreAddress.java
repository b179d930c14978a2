package dev.isthmus.blocktranslation.store;

import dev.isthmus.blocktranslation.store.directory.DirectoryStore;
import dev.isthmus.blocktranslation.store.s3.S3Settings;
import dev.isthmus.blocktranslation.store.s3.S3Store;
import java.nio.file.Path;

/**
 * A bucket that can be opened. Equal addresses may share one {@link ObjectStore}, so that its
 * bounds hold over all volumes in it. Immutable.
 */
public sealed interface StoreAddress {

  /** A bucket of a server that speaks S3. */
  record S3(S3Settings settings) implements StoreAddress {}

  /** A bucket in a directory, absolute. */
  record Directory(Path root) implements StoreAddress {}

  /**
   * Opens the bucket. Blocks; sends no request.
   *
   * @throws StoreException if it can't be opened as it is
   */
  default ObjectStore open(StoreLimits limits, StoreTimer timer) {
    return switch (this) {
      case S3 s3 -> S3Store.open(s3.settings(), limits, timer);
      case Directory directory -> DirectoryStore.open(directory.root(), limits, timer);
    };
  }
}
