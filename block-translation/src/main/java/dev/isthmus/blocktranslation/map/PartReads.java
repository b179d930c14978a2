package dev.isthmus.blocktranslation.map;

import dev.isthmus.blockdevice.DeviceException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import java.util.function.Supplier;

/** Calls a {@link PageSource} that may misbehave. */
final class PartReads {

  /**
   * Most reads of one thing before it counts as damaged where it lies: a network that spoils one
   * reply in fifty must not cost a disk its data's good name.
   */
  private static final int MOST_READS = 4;

  private PartReads() {}

  /** Reads, and fails the future – never the caller – for a throw or a wrong length. */
  private static CompletableFuture<MemorySegment> read(
      PageSource source, PartInfo part, long offsetBytes, int lengthBytes) {
    CompletableFuture<MemorySegment> read;
    try {
      read = source.read(part, offsetBytes, lengthBytes);
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
    return read.thenApply(bytes -> {
      if (bytes.byteSize() != lengthBytes) {
        throw new DeviceException.Corrupt(
            "%d bytes at %d of map part %s, not %d"
                .formatted(bytes.byteSize(), offsetBytes, part.name().key(), lengthBytes));
      }
      return bytes;
    });
  }

  /**
   * Reads and checks; what is damaged, again: a reply can be damaged on its way where the object is
   * whole.
   */
  static <T> CompletableFuture<T> readChecked(
      PageSource source,
      PartInfo part,
      long offsetBytes,
      int lengthBytes,
      Function<MemorySegment, T> check) {
    return readChecked(
        () -> read(source, part, offsetBytes, lengthBytes).thenApply(check), MOST_READS);
  }

  private static <T> CompletableFuture<T> readChecked(
      Supplier<CompletableFuture<T>> read, int mostReads) {
    return read.get()
        .exceptionallyCompose(thrown ->
            mostReads > 1 && failure(thrown) instanceof DeviceException.Corrupt
                ? readChecked(read, mostReads - 1)
                : CompletableFuture.failedFuture(thrown));
  }

  /** What a future failed with, as what the caller can act on. */
  static DeviceException failure(Throwable thrown) {
    Throwable cause = thrown;
    while (cause instanceof CompletionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause instanceof DeviceException known
        ? known
        : new DeviceException.Internal("the block map: " + cause, cause);
  }
}
