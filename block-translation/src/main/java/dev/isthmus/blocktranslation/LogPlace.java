package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.store.BucketUri;
import dev.isthmus.blocktranslation.store.StoreAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A directory of a volume's own for its log: {@code log_dir=/PATH} in its URI. Below it lies one
 * directory for each volume, named by its UUID, so that several may share it. Stateless.
 */
final class LogPlace {

  static final String KEY = "log_dir";

  /** What a directory is tried with. */
  private static final String PROBE = ".isthmus-probe-";

  private LogPlace() {}

  /**
   * What a URI says, or null if it says nothing.
   *
   * @throws DeviceException.Invalid if no log can be kept there
   */
  static @Nullable Path of(StorageUri uri, BucketUri bucket) {
    String text = uri.get(KEY);
    if (text == null) {
      return null;
    }
    Path path;
    try {
      path = Path.of(text);
    } catch (InvalidPathException e) {
      throw new DeviceException.Invalid("log_dir= is not a path: " + e.getReason());
    }
    if (!path.isAbsolute() || !path.equals(path.normalize()) || path.getNameCount() == 0) {
      throw new DeviceException.Invalid(
          "log_dir= is an absolute path without . or .., and not / itself, not \"" + text + "\"");
    }
    if (bucket.address() instanceof StoreAddress.Directory directory
        && real(path).startsWith(real(directory.root()))) {
      throw new DeviceException.Invalid(
          "log_dir="
              + path
              + " lies within the bucket "
              + directory.root()
              + ", whose files are objects: choose a directory outside, on another disk");
    }
    return path;
  }

  /** Without symbolic links, as far as it exists. */
  private static Path real(Path path) {
    Path parent = path.getParent();
    try {
      return path.toRealPath();
    } catch (IOException e) {
      return parent == null ? path : real(parent).resolve(path.getFileName());
    }
  }

  /**
   * Makes the directory if it is missing, and a file in it to see that it can be written to.
   *
   * @throws DeviceException.Unavailable if it can't
   */
  static void requireUsable(Path directory) {
    try {
      Files.createDirectories(directory);
      Files.delete(Files.createTempFile(directory, PROBE, ""));
    } catch (IOException e) {
      throw new DeviceException.Unavailable(
          "no log can be kept in " + directory + ": it can't be made or written to: " + e, e);
    }
  }
}
