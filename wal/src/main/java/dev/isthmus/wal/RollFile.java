package dev.isthmus.wal;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.Set;

/**
 * A roll file with one descriptor for reads and forces, open until the log and every reader have
 * let it go: deleting the file's name does not disturb them.
 *
 * <p>Threading: thread-safe; {@link #setLastLsn} by the appender thread.
 */
final class RollFile {

  private final int number;
  private final Path path;
  private final FileChannel channel;
  private volatile long sizeBytes;
  private volatile long lastLsn;
  private int references = 1;

  /**
   * @param lastLsn newest LSN in it or before; Long.MAX_VALUE while it may still grow
   */
  RollFile(int number, Path path, FileChannel channel, long sizeBytes, long lastLsn) {
    this.number = number;
    this.path = path;
    this.channel = channel;
    this.sizeBytes = sizeBytes;
    this.lastLsn = lastLsn;
  }

  /**
   * Opens a channel that outlives interrupts. An interrupt closes a FileChannel for all its users,
   * and a force that ends so says nothing about the disk. The JDK has a switch against it for its
   * own use; Chronicle needs the same package opened.
   */
  static FileChannel openChannel(Path path, Set<? extends OpenOption> options) throws IOException {
    FileChannel channel = FileChannel.open(path, options);
    try {
      var method = channel.getClass().getDeclaredMethod("setUninterruptible");
      method.setAccessible(true);
      method.invoke(channel);
      return channel;
    } catch (ReflectiveOperationException | RuntimeException e) {
      channel.close();
      throw new IllegalStateException(
          "the JVM lacks --add-opens java.base/sun.nio.ch=ALL-UNNAMED, which the log needs", e);
    }
  }

  int number() {
    return number;
  }

  Path path() {
    return path;
  }

  FileChannel channel() {
    return channel;
  }

  long sizeBytes() {
    return sizeBytes;
  }

  long lastLsn() {
    return lastLsn;
  }

  void setLastLsn(long lsn) {
    lastLsn = lsn;
  }

  /** Gives back what lies behind {@code endOffset}; nobody may write there any more. */
  void shrinkTo(long endOffset) throws IOException {
    long end = (endOffset + 4095) & -4096L;
    if (end < channel.size()) {
      channel.truncate(end);
    }
    sizeBytes = Math.min(sizeBytes, end);
  }

  /** Whether the caller got hold of it; each success is matched by a {@link #release}. */
  synchronized boolean acquire() {
    if (references == 0) {
      return false;
    }
    references++;
    return true;
  }

  /** Lets go; the last one closes the descriptor. */
  void release() {
    synchronized (this) {
      if (--references > 0) {
        return;
      }
    }
    try {
      channel.close();
    } catch (IOException e) {
      System.getLogger("dev.isthmus.wal").log(System.Logger.Level.WARNING, "closing " + path, e);
    }
  }
}
