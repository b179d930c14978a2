package dev.isthmus.blocktranslation.map;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.store.Rereads;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;

/** Calls a {@link PageSource} that may misbehave. */
final class PartReads {

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

  /** Reads and checks; what is damaged, again ({@link Rereads}). */
  static <T> CompletableFuture<T> readChecked(
      PageSource source,
      PartInfo part,
      long offsetBytes,
      int lengthBytes,
      Function<MemorySegment, T> check) {
    return Rereads.whileDamaged(
        () -> read(source, part, offsetBytes, lengthBytes).thenApply(check),
        thrown -> failure(thrown) instanceof DeviceException.Corrupt);
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
