package dev.isthmus.blocktranslation.store;

import dev.isthmus.blocktranslation.store.directory.DirectoryStore;
import dev.isthmus.blocktranslation.store.directory.ReadOnlyDirectoryStore;
import dev.isthmus.blocktranslation.store.minio.MinioStore;
import dev.isthmus.blocktranslation.store.s3.S3BucketFacts;
import dev.isthmus.blocktranslation.store.s3.S3Settings;
import dev.isthmus.blocktranslation.store.s3.S3Store;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A bucket that can be opened. Equal addresses may share one {@link ObjectStore}, so that its
 * bounds hold over all volumes in it. Immutable.
 */
public sealed interface StoreAddress {

  /** A bucket of a server that speaks S3, by the library that the settings name. */
  record S3(S3Settings settings) implements StoreAddress {}

  /** A bucket in a directory, absolute. */
  record Directory(Path root) implements StoreAddress {}

  /** Objects as files below a directory, absolute, that are only read. */
  record Copy(Path root) implements StoreAddress {}

  /**
   * The same bucket for a reader that must leave no trace there: opening a directory to be written
   * makes and removes files in it.
   */
  default StoreAddress toRead() {
    return this instanceof Directory directory
        ? new Copy(directory.root().resolve("objects"))
        : this;
  }

  /**
   * Opens a way to ask what the bucket says of itself. Blocks; sends no request.
   *
   * @return null for a directory, which has no server to say anything
   * @throws StoreException if it can't be opened as it is
   */
  default @Nullable BucketFacts facts(StoreLimits limits) {
    return switch (this) {
      case S3 s3 -> S3BucketFacts.open(s3.settings(), limits);
      case Directory _, Copy _ -> null;
    };
  }

  /**
   * Opens the bucket. Blocks; sends no request.
   *
   * @throws StoreException if it can't be opened as it is
   */
  default ObjectStore open(StoreLimits limits, StoreTimer timer) {
    return switch (this) {
      case S3 s3 ->
          switch (s3.settings().client()) {
            case AWS_SDK -> S3Store.open(s3.settings(), limits, timer);
            case MINIO -> MinioStore.open(s3.settings(), limits, timer);
          };
      case Directory directory -> DirectoryStore.open(directory.root(), limits, timer);
      case Copy copy -> ReadOnlyDirectoryStore.open(copy.root(), limits, timer);
    };
  }
}
