package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.map.PageSource;
import dev.isthmus.blocktranslation.map.PartInfo;
import dev.isthmus.blocktranslation.map.PartName;
import dev.isthmus.blocktranslation.map.PartStore;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/**
 * Parts of a map that must leave no trace in the bucket: those that the bucket has are read there,
 * those that do not fit into memory are written to a directory of their own, which goes at the end.
 * It is made when it is first needed. A part stays there until then, since a look-up that began
 * before it was merged away may still ask for it. Threading: thread-safe.
 */
final class SpilledParts implements PageSource, PartStore, AutoCloseable {

  private final PageSource bucket;
  private final Path parent;
  private final Executor blocking;
  private final Set<PartName> spilled = ConcurrentHashMap.newKeySet();

  /** Held shared to make a file, alone at the end: no file comes into what is being removed. */
  private final ReadWriteLock open = new ReentrantReadWriteLock();

  private @Nullable Path directory;
  private boolean closed;

  /**
   * @param parent where the directory is made
   * @param blocking runs what blocks
   */
  SpilledParts(PageSource bucket, Path parent, Executor blocking) {
    this.bucket = bucket;
    this.parent = parent;
    this.blocking = blocking;
  }

  @Override
  public CompletableFuture<MemorySegment> read(PartInfo part, long offsetBytes, int lengthBytes) {
    if (!spilled.contains(part.name())) {
      return bucket.read(part, offsetBytes, lengthBytes);
    }
    return run(() -> {
      ByteBuffer bytes = ByteBuffer.allocateDirect(lengthBytes);
      try (FileChannel channel = FileChannel.open(file(part), StandardOpenOption.READ)) {
        while (bytes.hasRemaining()) {
          if (channel.read(bytes, offsetBytes + bytes.position()) < 0) {
            throw new IOException("it is shorter than what was written");
          }
        }
      }
      return MemorySegment.ofBuffer(bytes.flip());
    });
  }

  @Override
  public CompletableFuture<Void> put(PartInfo part, MemorySegment bytes) {
    return run(
            () -> {
              open.readLock().lock();
              try {
                write(file(part), bytes.asByteBuffer());
                return spilled.add(part.name());
              } finally {
                open.readLock().unlock();
              }
            })
        .thenApply(_ -> (Void) null);
  }

  private static void write(Path file, ByteBuffer bytes) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    }
  }

  private synchronized Path file(PartInfo part) throws IOException {
    if (closed) {
      throw new IOException("the map is closed");
    }
    if (directory == null) {
      directory = Files.createTempDirectory(parent, "isthmus-map-");
    }
    HexFormat hex = HexFormat.of();
    return directory.resolve(
        hex.toHexDigits(part.name().epoch()) + "-" + hex.toHexDigits(part.name().nonce()));
  }

  private <T> CompletableFuture<T> run(Callable<T> task) {
    var result = new CompletableFuture<T>();
    blocking.execute(() -> {
      try {
        result.complete(task.call());
      } catch (IOException e) {
        result.completeExceptionally(
            new DeviceException.Exhausted(
                "the volume's map does not fit into memory, and can't be kept in "
                    + parent
                    + " ("
                    + e
                    + "): name another place with --temp-dir",
                e));
      } catch (Exception e) {
        result.completeExceptionally(new DeviceException.Internal("the volume's map: " + e, e));
      }
    });
    return result;
  }

  /** Waits for what is being written, and removes all. */
  @Override
  public void close() {
    open.writeLock().lock();
    try {
      remove();
    } catch (IOException e) {
      throw new DeviceException.Unavailable(directory + " can't be removed: " + e, e);
    } finally {
      open.writeLock().unlock();
    }
  }

  private synchronized void remove() throws IOException {
    closed = true;
    if (directory == null) {
      return;
    }
    try (var files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
    }
    Files.deleteIfExists(directory);
  }
}
