package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.store.BucketUri;
import dev.isthmus.blocktranslation.store.StoreAddress;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Where a volume is to be read: a bucket's URI, or a directory with a copy of the volume's objects.
 * Immutable.
 *
 * @param address where the objects are, for reading alone
 * @param keyPrefix of them, empty or ending in a slash
 * @param where for people
 */
record VolumeLocation(StoreAddress address, String keyPrefix, String where) {

  /**
   * Reads {@code text}: with {@code ://} it is a URI, else a path.
   *
   * @throws DeviceException.Invalid saying what is wrong
   */
  static VolumeLocation parse(String text) {
    if (text.contains("://")) {
      return of(StorageUri.parse(text));
    }
    Path directory = Path.of(text).toAbsolutePath().normalize();
    if (!Files.isDirectory(directory)) {
      throw new DeviceException.Invalid(
          text + " is neither a URI (s3://BUCKET/VOLUME) nor a directory with a volume's objects");
    }
    if (!isCopy(directory)) {
      throw new DeviceException.Invalid(
          "no file \"" + Keys.MANIFEST + "\" lies in " + directory + hint(directory));
    }
    return new VolumeLocation(new StoreAddress.Copy(directory), "", directory.toString());
  }

  /**
   * Where the volume at {@code uri} is to be read. The URI may say where its log lies, as those do
   * that a gateway tells.
   *
   * @throws DeviceException.Invalid saying what is wrong
   */
  static VolumeLocation of(StorageUri uri) {
    BucketUri bucket = BucketUri.ofVolume(uri, Set.of(LogPlace.KEY));
    VolumePlace place = VolumePlace.of(uri, bucket);
    return new VolumeLocation(bucket.address().toRead(), place.keyPrefix(), place.where());
  }

  /** Whether a directory holds a volume's objects. */
  static boolean isCopy(Path directory) {
    return Files.isRegularFile(directory.resolve(Keys.MANIFEST));
  }

  private static String hint(Path directory) {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
      for (Path entry : entries) {
        if (isCopy(entry)) {
          found.add(entry);
        }
      }
    } catch (IOException e) {
      return ": it can't be listed (" + e.getMessage() + ")";
    }
    return found.isEmpty()
        ? ": it holds no copy of a volume's objects"
        : "; it does in " + found.stream().sorted().limit(8).toList() + ": name one of these";
  }
}
