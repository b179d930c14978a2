package dev.isthmus.wal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/**
 * Makes the next roll file ahead of its use, on a thread of its own: created, its space reserved,
 * its size and name durable. At most one at a time.
 *
 * <p>Threading: guarded by this; each preparation runs on its own short-lived thread.
 */
final class RollFilePreparer {

  /**
   * Written with zeroes ahead, so that the roll itself finds these pages in memory and their blocks
   * in place: Chronicle's own pages, which come first, and some more.
   */
  private static final int WARM_BYTES = 256 * 1024;

  /** A file that was left by a roll and is shrunk to {@code endOffset} on the way. */
  record Finished(@Nullable RollFile file, long endOffset) {}

  private record Prepared(int number, FutureTask<RollFile> task) {}

  private final long reservedBytes;
  private final long mappedBytes;
  private final LogEnvironment.Forcer forcer;
  private @Nullable Prepared prepared;

  /**
   * @param reservedBytes disk space of a file
   * @param mappedBytes how long Chronicle will make it, so that the appender thread need not
   * @param forcer makes its name durable
   */
  RollFilePreparer(long reservedBytes, long mappedBytes, LogEnvironment.Forcer forcer) {
    this.reservedBytes = reservedBytes;
    this.mappedBytes = mappedBytes;
    this.forcer = forcer;
  }

  /**
   * Begins to prepare file {@code number}, unless a preparation stands already.
   *
   * @param finished a file that Chronicle has long let go of; null for none
   */
  synchronized void start(Path directory, int number, @Nullable Finished finished) {
    if (prepared != null) {
      return;
    }
    var task =
        new FutureTask<>(() -> {
          shrink(finished);
          return prepare(directory, number);
        });
    try {
      Thread.ofPlatform().daemon().name("wal-prepare-" + number).start(task);
    } catch (OutOfMemoryError e) {
      // No thread is to be had: whoever takes the file makes it.
      return;
    }
    prepared = new Prepared(number, task);
  }

  synchronized boolean isStarted() {
    return prepared != null;
  }

  /**
   * The file, prepared ahead or now.
   *
   * @throws Preallocation.NoSpaceException no room; asking again is fine
   */
  RollFile take(Path directory, int number) throws IOException {
    start(directory, number, null);
    Prepared taken;
    synchronized (this) {
      taken = prepared;
      prepared = null;
    }
    if (taken == null) {
      return prepare(directory, number);
    }
    if (taken.number() != number) {
      throw new IllegalStateException("another file than " + number + " was prepared");
    }
    return await(taken.task());
  }

  /** Deletes a prepared file that will not be used; it holds nothing. */
  void discard() {
    Prepared unused;
    synchronized (this) {
      unused = prepared;
      prepared = null;
    }
    if (unused == null) {
      return;
    }
    try {
      RollFile file = await(unused.task());
      file.release();
      Files.deleteIfExists(file.path());
    } catch (IOException e) {
      // What remains is an empty file, which recovery passes over and trim deletes.
      System.getLogger("dev.isthmus.wal").log(System.Logger.Level.INFO, "discarding a file", e);
    }
  }

  private static RollFile await(FutureTask<RollFile> task) throws IOException {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return task.get();
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          if (e.getCause() instanceof Preallocation.NoSpaceException noSpace) {
            throw noSpace;
          }
          throw new IOException("preparing a roll file failed: " + e.getCause(), e.getCause());
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static void shrink(@Nullable Finished finished) {
    if (finished == null || finished.file() == null || !finished.file().acquire()) {
      return;
    }
    try {
      finished.file().shrinkTo(finished.endOffset());
    } catch (IOException e) {
      System.getLogger("dev.isthmus.wal").log(System.Logger.Level.INFO, "shrinking a file", e);
    } finally {
      finished.file().release();
    }
  }

  private RollFile prepare(Path directory, int number) throws IOException {
    // Tried in vain it would take the last blocks from everybody else for a moment.
    FreeSpace.require(directory, reservedBytes);
    try {
      return make(directory, number);
    } catch (IOException e) {
      // Names, the blocks that describe a file, and its last page may want for space as well.
      throw Preallocation.isNoSpace(e) ? FreeSpace.noSpace(directory, reservedBytes) : e;
    }
  }

  private RollFile make(Path directory, int number) throws IOException {
    Path path = directory.resolve(LogFiles.fileName(number));
    FileChannel channel =
        RollFile.openChannel(
            path,
            Set.of(
                StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE));
    try {
      Preallocation.reserve(path, channel, reservedBytes);
      channel.write(ByteBuffer.allocate(WARM_BYTES), 0);
      extendTo(channel, mappedBytes);
      channel.force(true);
      forcer.forceNames(directory);
      return new RollFile(number, path, channel, reservedBytes, Long.MAX_VALUE);
    } catch (IOException | RuntimeException e) {
      channel.close();
      Files.deleteIfExists(path);
      throw e;
    }
  }

  /** The last page is written as a hole would be read: as zeroes. */
  private static void extendTo(FileChannel channel, long size) throws IOException {
    if (channel.size() < size) {
      channel.write(ByteBuffer.allocate(1), size - 1);
    }
  }
}
