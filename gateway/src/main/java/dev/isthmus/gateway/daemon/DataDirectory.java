package dev.isthmus.gateway.daemon;

import dev.isthmus.blockdevice.DeviceException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * The directory that one daemon owns: no second one runs on it, since two would write one log.
 *
 * <p>The lock is the kernel's, on {@code isthmus.lock}: it goes with the process however that ends,
 * so nothing is ever to be removed by hand. The number in the file is for people only.
 *
 * <p>Threading: thread-safe.
 */
public final class DataDirectory implements AutoCloseable {

  private final Path path;
  private final FileChannel lockFile;

  private DataDirectory(Path path, FileChannel lockFile) {
    this.path = path;
    this.lockFile = lockFile;
  }

  /**
   * Makes the directory if it is missing, for its owner alone, and takes it.
   *
   * @throws DeviceException.Unavailable if another process has it, or it can't be used
   */
  public static DataDirectory take(Path path) {
    try {
      Files.createDirectories(
          path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      var channel =
          FileChannel.open(
              path.resolve("isthmus.lock"),
              StandardOpenOption.CREATE,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE);
      if (!lock(channel)) {
        String owner = read(channel);
        channel.close();
        throw new DeviceException.Unavailable(
            "another isthmus"
                + (owner.isEmpty() ? "" : " (process " + owner + ")")
                + " serves the data directory "
                + path
                + ": stop it, or choose another with --data-dir");
      }
      channel.truncate(0);
      channel.write(
          ByteBuffer.wrap(
              Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.US_ASCII)),
          0);
      return new DataDirectory(path, channel);
    } catch (IOException e) {
      throw new DeviceException.Unavailable("cannot use the data directory " + path + ": " + e, e);
    }
  }

  private static boolean lock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      return false;
    }
  }

  private static String read(FileChannel channel) throws IOException {
    var bytes = ByteBuffer.allocate(20);
    channel.read(bytes, 0);
    return new String(bytes.array(), 0, bytes.position(), StandardCharsets.US_ASCII).strip();
  }

  /** The directory itself. */
  public Path path() {
    return path;
  }

  /** What the catalogue is kept in. */
  public Path catalogueFile() {
    return path.resolve("catalogue.json");
  }

  /** Lets another daemon have it. */
  @Override
  public void close() {
    try {
      lockFile.close();
    } catch (IOException e) {
      throw new DeviceException.Internal("cannot let go of " + path + ": " + e, e);
    }
  }
}
