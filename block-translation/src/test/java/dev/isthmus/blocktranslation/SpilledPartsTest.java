package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.map.PageSource;
import dev.isthmus.blocktranslation.map.PartInfo;
import dev.isthmus.blocktranslation.map.PartName;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 2, unit = TimeUnit.MINUTES)
class SpilledPartsTest {

  private static final PageSource NO_BUCKET =
      (part, offsetBytes, lengthBytes) ->
          CompletableFuture.failedFuture(new AssertionError("asked the bucket for " + part));

  private static final int ROUNDS = 400;

  private static final int PARTS = 8;

  private final ExecutorService blocking = Executors.newFixedThreadPool(4);
  @TempDir private Path parent = Path.of("unset");

  @AfterEach
  void end() {
    blocking.shutdownNow();
  }

  private static PartInfo part(long nonce) {
    return new PartInfo(new PartName(1, nonce), 8, 1, 0, 1, 1, 0);
  }

  private static MemorySegment bytes(long nonce) {
    MemorySegment bytes = MemorySegment.ofBuffer(ByteBuffer.allocateDirect(8));
    bytes.set(ValueLayout.JAVA_LONG_UNALIGNED, 0, nonce);
    return bytes;
  }

  private void nothingIsLeft() throws IOException {
    try (Stream<Path> left = Files.list(parent)) {
      assertEquals(0, left.count());
    }
  }

  @Test
  void whatWasWrittenIsReadUntilTheEndAndLeavesNoTrace() throws IOException {
    var parts = new SpilledParts(NO_BUCKET, parent, blocking);
    for (long i = 1; i <= PARTS; i++) {
      parts.put(part(i), bytes(i)).join();
    }
    for (long i = 1; i <= PARTS; i++) {
      assertArrayEquals(
          bytes(i).toArray(ValueLayout.JAVA_BYTE),
          parts.read(part(i), 0, 8).join().toArray(ValueLayout.JAVA_BYTE));
    }
    // Not while it is open either: nobody cleans up after a kill.
    nothingIsLeft();
    parts.close();
    var late = assertThrows(CompletionException.class, () -> parts.put(part(9), bytes(9)).join());
    assertTrue(late.getCause() instanceof DeviceException.Exhausted, late::toString);
    nothingIsLeft();
  }

  @Test
  void aPlaceThatTakesNothingIsNamed() {
    Path absent = parent.resolve("absent");
    try (var parts = new SpilledParts(NO_BUCKET, absent, blocking)) {
      var failure =
          assertThrows(CompletionException.class, () -> parts.put(part(1), bytes(1)).join());
      assertTrue(failure.toString().contains(absent + " ("), failure::toString);
    }
  }

  /** A map that is given up is written out in the background still. */
  @Test
  void aCloseUnderWritesLeavesNoTraceEither() throws IOException {
    for (int round = 0; round < ROUNDS; round++) {
      var parts = new SpilledParts(NO_BUCKET, parent, blocking);
      var writes = new ArrayList<CompletableFuture<Void>>();
      for (long i = 1; i <= PARTS; i++) {
        writes.add(parts.put(part(i), bytes(i)));
      }
      writes.get(round % PARTS).join();
      parts.close();
      for (CompletableFuture<Void> write : writes) {
        // Written before the end, or refused after it.
        boolean _ = write.handle((_, failure) -> failure == null).join();
      }
      nothingIsLeft();
    }
  }
}
