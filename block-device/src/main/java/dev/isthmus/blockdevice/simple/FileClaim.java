package dev.isthmus.blockdevice.simple;

import dev.isthmus.blockdevice.DeviceException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The right to use one file, exclusive within this process by its inode.
 *
 * <p>Other processes are kept out by a lock on the file ({@link #lock}). That lock is the operating
 * system's fcntl lock, which a process loses as soon as it closes <em>any</em> descriptor of the
 * file: so the claim comes before the file is opened, and a second open is refused without touching
 * it. Whatever else in this process opens and closes the file breaks the lock.
 *
 * <p>Threading: thread-safe.
 */
final class FileClaim implements AutoCloseable {

  private static final Set<Object> CLAIMED = ConcurrentHashMap.newKeySet();

  private final Object key;
  private final Path path;

  private FileClaim(Object key, Path path) {
    this.key = key;
    this.path = path;
  }

  /**
   * Claims an existing file.
   *
   * @throws DeviceException.Unavailable if this process uses it already
   */
  static FileClaim of(Path path) throws IOException {
    Path real = path.toRealPath();
    @Nullable Object inode = Files.readAttributes(real, BasicFileAttributes.class).fileKey();
    Object key = inode == null ? real : inode;
    if (!CLAIMED.add(key)) {
      throw new DeviceException.Unavailable(path + " is open in this process already");
    }
    return new FileClaim(key, path);
  }

  /**
   * Locks it against other processes, until {@code channel} is closed.
   *
   * @throws DeviceException.Unavailable if another process has it
   */
  void lock(FileChannel channel) throws IOException {
    if (channel.tryLock() == null) {
      throw new DeviceException.Unavailable(path + " is in use by another process");
    }
  }

  @Override
  public void close() {
    CLAIMED.remove(key);
  }
}
