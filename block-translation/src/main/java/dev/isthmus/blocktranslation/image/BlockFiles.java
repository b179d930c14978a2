package dev.isthmus.blocktranslation.image;

import dev.isthmus.blockdevice.DeviceException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** What Linux says of block devices. Stateless. */
public final class BlockFiles {

  private static final int TYPE_MASK = 0170000;
  private static final int BLOCK_TYPE = 0060000;

  private BlockFiles() {}

  /** Whether {@code path} is a block device; links are followed. */
  public static boolean isBlockDevice(Path path) {
    try {
      return Files.exists(path)
          && ((int) Files.getAttribute(path, "unix:mode") & TYPE_MASK) == BLOCK_TYPE;
    } catch (IOException | UnsupportedOperationException e) {
      return false;
    }
  }

  /**
   * Refuses a block device that holds a mounted file system, itself or one of its partitions.
   *
   * @throws DeviceException.Invalid naming the mount point
   */
  static void refuseIfInUse(Path path) throws IOException {
    List<String> numbers = new ArrayList<>();
    String own = number((long) Files.getAttribute(path, "unix:rdev"));
    numbers.add(own);
    Path inSysfs = Path.of("/sys/dev/block").resolve(own);
    if (Files.isDirectory(inSysfs)) {
      try (DirectoryStream<Path> parts = Files.newDirectoryStream(inSysfs, "*/dev")) {
        for (Path part : parts) {
          numbers.add(Files.readString(part).strip());
        }
      }
    }
    Path mounts = Path.of("/proc/self/mountinfo");
    if (!Files.isReadable(mounts)) {
      return;
    }
    for (String line : Files.readAllLines(mounts)) {
      // ID PARENT MAJOR:MINOR ROOT MOUNT-POINT …
      String[] fields = line.split(" ", 6);
      if (fields.length > 4 && numbers.contains(fields[2])) {
        throw new DeviceException.Invalid(
            path + " is in use: " + fields[4] + " is mounted from it. Unmount that first");
      }
    }
  }

  /**
   * Which file or block device {@code path} is, in words that no other one shares while both are
   * there; links are followed. Empty if there is none.
   */
  static String identity(Path path) throws IOException {
    if (!Files.exists(path)) {
      return "";
    }
    if (!isBlockDevice(path)) {
      return "file with inode %s on device %s"
          .formatted(
              Files.getAttribute(path, "unix:ino"),
              number((long) Files.getAttribute(path, "unix:dev")));
    }
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      return "block device %s of %d bytes"
          .formatted(number((long) Files.getAttribute(path, "unix:rdev")), channel.size());
    }
  }

  /** A device number as sysfs and mountinfo write it. */
  private static String number(long device) {
    long major = ((device >>> 8) & 0xFFF) | ((device >>> 32) & ~0xFFFL);
    long minor = (device & 0xFF) | ((device >>> 12) & ~0xFFL & 0xFFFFFFFFL);
    return major + ":" + minor;
  }
}
