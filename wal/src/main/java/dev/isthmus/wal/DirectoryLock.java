package dev.isthmus.wal;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Keeps two users out of one log directory: two processes by a lock on the file {@code lock}, two
 * parts of this process by a set of paths. Nothing in the file counts, and the kernel drops the
 * lock with the process, so a dead owner never blocks a new one.
 *
 * <p>Threading: thread-safe.
 */
final class DirectoryLock implements AutoCloseable {

  static final String FILE_NAME = "lock";

  /**
   * A POSIX record lock is lost when its process closes any descriptor of the file, so a second
   * opener in this process must be turned away before it touches the file.
   */
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  private final Path key;
  private final @Nullable FileChannel channel;
  private boolean closed;

  private DirectoryLock(Path key, @Nullable FileChannel channel) {
    this.key = key;
    this.channel = channel;
  }

  /** Locks {@code directory}, which exists. */
  static DirectoryLock acquire(Path directory) throws IOException {
    return acquire(directory, false);
  }

  /**
   * Locks {@code directory} against owners, and not against other readers in other processes. On a
   * file system that can't be written to nobody can be an owner, so that needs no lock.
   */
  static DirectoryLock acquireToRead(Path directory) throws IOException {
    return acquire(directory, true);
  }

  private static DirectoryLock acquire(Path directory, boolean toRead) throws IOException {
    Path key = directory.toRealPath();
    if (!HELD.add(key)) {
      throw new LogInUseException("this process has the log in " + directory + " open already");
    }
    FileChannel channel = null;
    try {
      channel = toRead ? openToRead(directory) : openToWrite(directory);
      FileLock lock = channel == null ? null : channel.tryLock(0, Long.MAX_VALUE, toRead);
      if (lock == null && channel != null) {
        throw new LogInUseException("another process has the log in " + directory + " open");
      }
      // The directory may have been set aside and made anew between the two steps above.
      if (!Files.isSameFile(directory, key)) {
        throw new LogInUseException("the log in " + directory + " was moved just now");
      }
      return new DirectoryLock(key, channel);
    } catch (IOException | RuntimeException e) {
      if (channel != null) {
        channel.close();
      }
      HELD.remove(key);
      throw e;
    }
  }

  /** Takes the lock's own file away, from a directory that goes too. */
  void deleteFile() throws IOException {
    Files.deleteIfExists(key.resolve(FILE_NAME));
  }

  private static FileChannel openToWrite(Path directory) throws IOException {
    return FileChannel.open(
        directory.resolve(FILE_NAME), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
  }

  private static @Nullable FileChannel openToRead(Path directory) throws IOException {
    Path file = directory.resolve(FILE_NAME);
    boolean readOnly = Files.getFileStore(directory).isReadOnly();
    if (!readOnly && !Files.exists(file)) {
      openToWrite(directory).close();
    }
    return readOnly && !Files.exists(file) ? null : FileChannel.open(file, StandardOpenOption.READ);
  }

  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      if (channel != null) {
        channel.close();
      }
    } catch (IOException e) {
      // Closing a descriptor gives its lock back whatever else it reports.
      System.getLogger("dev.isthmus.wal").log(System.Logger.Level.WARNING, "closing a lock", e);
    } finally {
      HELD.remove(key);
    }
  }
}
