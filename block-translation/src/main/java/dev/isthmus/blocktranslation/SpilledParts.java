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
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Parts of a map that must leave no trace in the bucket: those that the bucket has are read there,
 * those that do not fit into memory are written to a file that has no name any more once it is
 * open, so that no end of this process, not even a kill, leaves it behind. It is made when it is
 * first needed. A part stays there to the end, since a look-up that began before it was merged away
 * may still ask for it. Threading: thread-safe.
 */
final class SpilledParts implements PageSource, PartStore, AutoCloseable {

  private final PageSource bucket;
  private final Path parent;
  private final Executor blocking;
  private final Map<PartName, Place> spilled = new ConcurrentHashMap<>();
  private @Nullable FileChannel file;
  private long endBytes;
  private boolean closed;

  private record Place(FileChannel file, long offsetBytes) {}

  /**
   * @param parent the directory whose file system holds the file
   * @param blocking runs what blocks
   */
  SpilledParts(PageSource bucket, Path parent, Executor blocking) {
    this.bucket = bucket;
    this.parent = parent;
    this.blocking = blocking;
  }

  @Override
  public CompletableFuture<MemorySegment> read(PartInfo part, long offsetBytes, int lengthBytes) {
    Place place = spilled.get(part.name());
    if (place == null) {
      return bucket.read(part, offsetBytes, lengthBytes);
    }
    return run(() -> {
      ByteBuffer bytes = ByteBuffer.allocateDirect(lengthBytes);
      while (bytes.hasRemaining()) {
        long at = place.offsetBytes + offsetBytes + bytes.position();
        if (place.file.read(bytes, at) < 0) {
          throw new IOException("it is shorter than what was written");
        }
      }
      return MemorySegment.ofBuffer(bytes.flip());
    });
  }

  @Override
  public CompletableFuture<Void> put(PartInfo part, MemorySegment bytes) {
    return run(
            () -> {
              Place place = reserve(bytes.byteSize());
              ByteBuffer buffer = bytes.asByteBuffer();
              while (buffer.hasRemaining()) {
                place.file.write(buffer, place.offsetBytes + buffer.position());
              }
              return spilled.put(part.name(), place) == null;
            })
        .thenApply(_ -> (Void) null);
  }

  private synchronized Place reserve(long lengthBytes) throws IOException {
    if (closed) {
      throw new IOException("the map is closed");
    }
    if (file == null) {
      file =
          FileChannel.open(
              parent.resolve("isthmus-map-" + UUID.randomUUID()),
              Set.of(
                  StandardOpenOption.CREATE_NEW,
                  StandardOpenOption.READ,
                  StandardOpenOption.WRITE,
                  // On Linux its name goes as soon as it is open.
                  StandardOpenOption.DELETE_ON_CLOSE),
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }
    var place = new Place(file, endBytes);
    endBytes += lengthBytes;
    return place;
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
      } catch (Throwable e) {
        result.completeExceptionally(new DeviceException.Internal("the volume's map: " + e, e));
      }
    });
    return result;
  }

  @Override
  public synchronized void close() {
    closed = true;
    if (file == null) {
      return;
    }
    try {
      file.close();
    } catch (IOException e) {
      throw new DeviceException.Unavailable("a temporary file in " + parent + ": " + e, e);
    }
  }
}
