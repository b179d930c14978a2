package dev.isthmus.wal;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A disk under a log's directory that can be cut off from power: it knows what was forced.
 *
 * <h2>Fault model</h2>
 *
 * <ul>
 *   <li>a force keeps all that the file holds then; a force of names keeps the names in a
 *       directory;
 *   <li>{@link #crash}: the process dies; everything that it stored is there;
 *   <li>{@link #cutPower}: of what was not forced, any sectors of 512 bytes are there: none, all,
 *       some pages of 4 KiB, some sectors, and a page may be torn within. A file whose name was not
 *       forced may be gone, and one may be as long as before or as after a change of its length;
 *   <li>{@link #failNext}: a force fails, and what it should have kept is taken for clean from then
 *       on: a later force keeps only what was stored anew;
 *   <li>{@link #dieAt}: the process, or the power, goes within a force.
 * </ul>
 *
 * It does not: lose what was forced, reorder deletes (the log makes each durable before the next),
 * or notice that bytes were stored again unchanged. Threading: thread-safe.
 */
final class CutDisk implements LogEnvironment.Forcer {

  private static final int SECTOR_BYTES = 512;
  private static final int PAGE_BYTES = 4096;
  private static final String NOTE = "force-failed";

  /** The process is gone: an error, so that nothing is done about it. */
  static final class Gone extends Error {
    private static final long serialVersionUID = 1L;

    Gone() {
      super("the process died", null, false, false);
    }
  }

  private final Random random;
  private final Path root;
  private final Thread appender = Thread.currentThread();
  private final Map<String, byte[]> forced = new HashMap<>();

  /** What a failed force should have kept: no later one does. */
  private final Map<String, byte[]> passedOver = new HashMap<>();

  private final Set<String> names = new HashSet<>();
  private Path directory;
  private int copies;
  private boolean failing;
  private int forcesLeft = -1;
  private boolean diesOfPower;
  private @Nullable Path left;

  CutDisk(Random random, Path root) {
    this.random = random;
    this.root = root;
    this.directory = root.resolve("log-0");
  }

  /** Where the log lies now. */
  Path directory() {
    return directory;
  }

  synchronized void failNext() {
    failing = true;
  }

  /** Within the so-many-eth force from now the process dies; with the power, if so told. */
  synchronized void dieAt(int force, boolean ofPower) throws IOException {
    forcesLeft = force;
    diesOfPower = ofPower;
  }

  synchronized void liveOn() {
    forcesLeft = -1;
  }

  @Override
  public synchronized void force(Path file, FileChannel channel) throws IOException {
    die();
    byte[] now = Files.readAllBytes(file);
    String name = nameOf(file);
    if (failing) {
      failing = false;
      passedOver.put(name, now);
      throw new IOException("EIO as told");
    }
    byte[] clean = passedOver.get(name);
    byte[] before = forced.get(name);
    if (clean != null && before != null) {
      // The kernel takes for clean what it could not write; only what changed since is written.
      for (int at = 0; at < now.length; at += PAGE_BYTES) {
        int end = Math.min(at + PAGE_BYTES, now.length);
        if (end <= clean.length
            && end <= before.length
            && Arrays.equals(now, at, end, clean, at, end)) {
          System.arraycopy(before, at, now, at, end - at);
        }
      }
    }
    forced.put(name, now);
  }

  @Override
  public synchronized void forceNames(Path inside) throws IOException {
    die();
    try (var entries = Files.list(inside)) {
      for (Path entry : (Iterable<Path>) entries::iterator) {
        names.add(nameOf(entry));
        if (isRollFile(entry) && !forced.containsKey(nameOf(entry))) {
          // It was made durable as it was prepared, just before its name.
          forced.put(nameOf(entry), Files.readAllBytes(entry));
        }
      }
    }
  }

  private void die() throws IOException {
    if (forcesLeft > 0 && Thread.currentThread().equals(appender) && --forcesLeft == 0) {
      left = diesOfPower ? copyAfterCut() : copy();
      throw new Gone();
    }
  }

  private String nameOf(Path file) {
    return directory.relativize(file).toString();
  }

  private static boolean isRollFile(Path file) {
    return file.toString().endsWith(LogFiles.SUFFIX);
  }

  /** A new process may write anew what the note of the old one tells of. */
  synchronized void beforeOpen() {
    if (Files.exists(directory.resolve(NOTE))) {
      passedOver.clear();
    }
  }

  /**
   * The process is gone.
   *
   * @param process closed afterwards: what it still does is done where nobody looks
   */
  void crash(AutoCloseable process) throws Exception {
    moveTo(copyNow(false), process);
  }

  /** The power is gone. */
  void cutPower(AutoCloseable process) throws Exception {
    moveTo(copyNow(true), process);
    keepAll();
  }

  private synchronized Path copyNow(boolean afterCut) throws IOException {
    forcesLeft = -1;
    failing = false;
    Path next = left != null ? left : afterCut ? copyAfterCut() : copy();
    left = null;
    return next;
  }

  /**
   * Not under the monitor: a close waits for the thread that prepares files, which forces names.
   */
  private void moveTo(Path next, AutoCloseable process) throws Exception {
    process.close();
    synchronized (this) {
      delete(directory);
      directory = next;
    }
  }

  /** What is on the disk after a cut stays there. */
  private synchronized void keepAll() throws IOException {
    passedOver.clear();
    forced.clear();
    names.clear();
    try (var files = Files.walk(directory)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        names.add(nameOf(file));
        if (isRollFile(file)) {
          forced.put(nameOf(file), Files.readAllBytes(file));
        }
      }
    }
  }

  private Path copy() throws IOException {
    Path next = root.resolve("log-" + ++copies);
    try (var files = Files.walk(directory)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        copy(file, next.resolve(directory.relativize(file)));
      }
    }
    return next;
  }

  private static void copy(Path from, Path to) throws IOException {
    try {
      Files.copy(from, to);
    } catch (NoSuchFileException e) {
      // Deleted meanwhile by the thread that prepares files.
    }
  }

  private Path copyAfterCut() throws IOException {
    Path next = root.resolve("log-" + ++copies);
    int mood = random.nextInt(5);
    try (var files = Files.walk(directory)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        String name = nameOf(file);
        Path target = next.resolve(name);
        boolean isNamed = name.isEmpty() || names.contains(name) || random.nextBoolean();
        Path parent = target.getParent();
        if (!isNamed || parent == null || !Files.isDirectory(parent)) {
          continue;
        }
        if (isRollFile(file)) {
          Files.write(target, afterCut(name, Files.readAllBytes(file), mood));
        } else if (Files.isDirectory(file)) {
          Files.createDirectory(target);
        } else if (!name.equals(NOTE)) {
          copy(file, target);
        }
      }
    }
    return next;
  }

  private byte[] afterCut(String name, byte[] live, int mood) {
    byte[] before = forced.getOrDefault(name, new byte[live.length]);
    byte[] after = Arrays.copyOf(before, random.nextBoolean() ? before.length : live.length);
    for (int page = 0; page < Math.min(after.length, live.length); page += PAGE_BYTES) {
      int fate = mood < 2 ? mood : random.nextInt(4);
      for (int at = page; at < page + PAGE_BYTES; at += SECTOR_BYTES) {
        boolean stays =
            switch (fate) {
              case 0 -> false;
              case 1 -> true;
              default -> random.nextBoolean();
            };
        int end = Math.min(at + SECTOR_BYTES, Math.min(after.length, live.length));
        if (stays && at < end) {
          System.arraycopy(live, at, after, at, end - at);
        }
      }
    }
    return after;
  }

  static void delete(Path directory) throws IOException {
    try (var paths = Files.walk(directory)) {
      for (Path path : paths.toList().reversed()) {
        Files.deleteIfExists(path);
      }
    } catch (NoSuchFileException e) {
      // Never made.
    }
  }
}
