package dev.isthmus.blockdevice.simple;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.StorageUri;
import java.util.regex.Pattern;

/** The name in {@code scheme:///name}. */
final class DeviceNames {

  private static final Pattern NAME = Pattern.compile("/([A-Za-z0-9._-]{1,128})");

  private DeviceNames() {}

  static String of(StorageUri uri) {
    var matcher = NAME.matcher(uri.path());
    if (!uri.authority().isEmpty() || !matcher.matches()) {
      throw new DeviceException.Invalid(
          uri.scheme()
              + ":///NAME has three slashes and a name of 1 to 128 letters, digits, '.', '_', '-'");
    }
    return matcher.group(1);
  }

  /** Refuses an open that says another block size than the device has. */
  static void requireBlockSize(StorageUri uri, int blockSizeBytes) {
    if (uri.blockSizeBytes(blockSizeBytes) != blockSizeBytes) {
      throw new DeviceException.Invalid(
          uri.scheme() + "://" + uri.path() + " has blk_size=" + blockSizeBytes);
    }
  }
}
