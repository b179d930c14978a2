package dev.isthmus.blocktranslation.store.directory;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One change of a key at a time, over all threads and processes that use the directory.
 *
 * <p>A key belongs to one of {@value #STRIPES} lock files, which are never deleted: removing a lock
 * file that another process has open would let two in. The kernel drops the lock of a process that
 * dies.
 *
 * <p>A POSIX record lock belongs to the process, and closing <em>any</em> descriptor of the file
 * drops it (fcntl(2)); therefore a lock of this process, common to all stores in it, is taken
 * first, and the file is open only while that is held.
 *
 * <p>Threading: thread-safe.
 */
final class KeyLocks {

  /** Enough that keys seldom meet; each is an empty file. */
  private static final int STRIPES = 64;

  /** Per lock file of every directory this process ever opened: {@value #STRIPES} for each. */
  private static final ConcurrentHashMap<Path, ReentrantLock> OF_PROCESS =
      new ConcurrentHashMap<>();

  /** What is done under a lock. */
  @FunctionalInterface
  interface Action<T> {
    T run() throws IOException;
  }

  private final Path directory;

  /** Locks in {@code directory}, a real path, which exists. */
  KeyLocks(Path directory) {
    this.directory = directory;
  }

  /** Runs {@code action} alone among all that change {@code key}. Blocks. */
  <T> T holding(String key, Action<T> action) throws IOException {
    Path file = directory.resolve("%02x".formatted(Math.floorMod(key.hashCode(), STRIPES)));
    ReentrantLock ofProcess = OF_PROCESS.computeIfAbsent(file, _ -> new ReentrantLock());
    ofProcess.lock();
    try (var channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock _ = channel.lock()) {
      return action.run();
    } finally {
      ofProcess.unlock();
    }
  }
}
