package dev.isthmus.wal;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Makes the log durable, with one sync for all who wait meanwhile.
 *
 * <p>Chronicle's own sync covers the current mapping alone, so records on the far side of a
 * mapping's or a file's boundary would stay behind. Here every roll file that was written since its
 * last good sync is in {@code dirty}, from before its first record on, and a force syncs each of
 * them by its descriptor. A file leaves the set when a sync that began after its last record
 * succeeded.
 *
 * <p>A sync that fails ends it: the kernel reports a failed write-back once and may drop the pages,
 * so a later success would prove nothing.
 *
 * <p>Threading: {@link #force} by any thread; {@link #appended}, {@link #begin} by the appender
 * thread.
 */
final class GroupForce {

  private final Path directory;
  private final LogEnvironment.Forcer forcer;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition done = lock.newCondition();

  /** Records that a force is owed for; durable marks are not counted. */
  private volatile long appendedCount;

  private volatile long appendedLsn;
  private volatile long durableLsn;

  // Guarded by lock.
  private final List<RollFile> dirty = new ArrayList<>();
  private boolean forcing;
  private volatile boolean closed;
  private long forcedCount;
  private volatile @Nullable LogFailedException failure;

  GroupForce(Path directory, LogEnvironment.Forcer forcer, long durableLsn) {
    this.directory = directory;
    this.forcer = forcer;
    this.appendedLsn = durableLsn;
    this.durableLsn = durableLsn;
  }

  long appendedLsn() {
    return appendedLsn;
  }

  long durableLsn() {
    return durableLsn;
  }

  /** A new file, before its first record; the force holds on to it while it is dirty. */
  void begin(RollFile file) {
    if (!file.acquire()) {
      throw new IllegalStateException(file.path() + " is closed");
    }
    lock.lock();
    try {
      dirty.add(file);
    } finally {
      lock.unlock();
    }
  }

  /**
   * A record was written, and {@code lsn} is the newest LSN.
   *
   * <p>The stores into the mapping come before these volatile ones, so who sees them syncs those.
   */
  @SuppressWarnings("NonAtomicVolatileUpdate") // one writer
  void appended(long lsn) {
    appendedLsn = lsn;
    appendedCount++;
  }

  /** The log goes on at {@code lsn} because all before it is durable elsewhere. */
  void jumpTo(long lsn) {
    appendedLsn = lsn;
    durableLsn = Math.max(durableLsn, lsn);
  }

  /** Throws if a force or an append has failed before. */
  void check() {
    if (closed) {
      throw new IllegalStateException("the log is closed");
    }
    LogFailedException failed = failure;
    if (failed != null) {
      throw new LogFailedException("the log failed before: " + failed.getMessage(), failed);
    }
  }

  boolean hasFailed() {
    return failure != null;
  }

  /** Ends appending and forcing for good; returns what to throw. */
  LogFailedException fail(String what, Throwable cause) {
    var failed = new LogFailedException(what + ": " + cause.getMessage(), cause);
    lock.lock();
    try {
      if (failure == null) {
        failure = failed;
      }
      done.signalAll();
    } finally {
      lock.unlock();
    }
    return failed;
  }

  void force() {
    long wanted = appendedCount;
    lock.lock();
    try {
      while (true) {
        check();
        if (forcedCount >= wanted) {
          return;
        }
        if (!forcing) {
          break;
        }
        done.awaitUninterruptibly();
      }
      forcing = true;
    } finally {
      lock.unlock();
    }
    // From here on this thread leads: it alone syncs, for itself and for all who wait.
    long count = appendedCount;
    long lsn = appendedLsn;
    List<RollFile> files = snapshot();
    boolean good = false;
    try {
      for (RollFile file : files) {
        forcer.force(file.path(), file.channel());
      }
      good = true;
    } catch (IOException | RuntimeException e) {
      ForceFailure.note(directory);
      throw fail("forcing the log failed", e);
    } finally {
      finish(good, count, lsn, files);
    }
  }

  private List<RollFile> snapshot() {
    lock.lock();
    try {
      return List.copyOf(dirty);
    } finally {
      lock.unlock();
    }
  }

  private void finish(boolean good, long count, long lsn, List<RollFile> files) {
    lock.lock();
    try {
      forcing = false;
      if (good) {
        forcedCount = count;
        durableLsn = Math.max(durableLsn, lsn);
        // All but the newest file had their last record before the next one was begun.
        for (RollFile file : files.subList(0, Math.max(0, files.size() - 1))) {
          dirty.remove(file);
          file.release();
        }
      }
      done.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Waits for a force in progress and lets the files go; later forces fail. */
  void close() {
    lock.lock();
    try {
      while (forcing) {
        done.awaitUninterruptibly();
      }
      closed = true;
      dirty.forEach(RollFile::release);
      dirty.clear();
      done.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
