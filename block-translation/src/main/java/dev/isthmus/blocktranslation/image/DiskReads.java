package dev.isthmus.blocktranslation.image;

import dev.isthmus.blockdevice.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * A disk in chunks, in order, a few of them read ahead. Threading: confined to the caller; blocks.
 */
public final class DiskReads implements AutoCloseable {

  /** Bytes of a chunk: frames that lie beside each other in a segment are joined within one. */
  public static final int CHUNK_BYTES = 8 << 20;

  /** Chunks under way: with {@link #CHUNK_BYTES}, the memory that a pass over a disk takes. */
  private static final int DEPTH = 4;

  private final DiskSource source;
  private final long endBytes;
  private final ArrayDeque<Read> ahead = new ArrayDeque<>(DEPTH);
  private final List<MemorySegment> free = new ArrayList<>(DEPTH);
  private long nextBytes;
  private @Nullable MemorySegment handedOut;

  private record Read(
      long offsetBytes,
      MemorySegment buffer,
      int lengthBytes,
      CompletableFuture<DiskSource.Piece> piece) {}

  /**
   * A piece of the disk.
   *
   * @param data its bytes, zeroes included; good until the next chunk is asked for
   * @param zeroes whether the source knows that all of it is zeroes; {@code data} is not filled
   *     then
   * @param damaged ranges of {@code data} that hold nothing
   */
  public record Chunk(
      long offsetBytes, MemorySegment data, boolean zeroes, List<DamagedRange> damaged) {

    /** Behind its last byte. */
    public long endBytes() {
      return offsetBytes + data.byteSize();
    }
  }

  /** Reads {@code source} from {@code fromBytes} to {@code endBytes}. */
  public DiskReads(DiskSource source, long fromBytes, long endBytes) {
    this.source = source;
    this.nextBytes = fromBytes;
    this.endBytes = endBytes;
    for (int i = 0; i < DEPTH; i++) {
      // Collected, not closed: a read that was given up may still be filling it.
      free.add(Arena.ofAuto().allocate(CHUNK_BYTES, 4096));
    }
  }

  /**
   * The next chunk, or null at the end.
   *
   * @throws DeviceException if it can't be read, and the source knows no other way
   */
  public @Nullable Chunk next() {
    if (handedOut != null) {
      free.add(handedOut);
      handedOut = null;
    }
    while (true) {
      readAhead();
      Read first = ahead.poll();
      if (first == null) {
        return null;
      }
      try {
        DiskSource.Piece piece = first.piece.join();
        handedOut = first.buffer;
        return new Chunk(
            first.offsetBytes,
            first.buffer.asSlice(0, first.lengthBytes),
            piece.zeroes(),
            piece.damaged());
      } catch (CompletionException e) {
        giveUp(first);
        DeviceException failure = failure(e);
        if (!source.recover(failure)) {
          throw failure;
        }
      }
    }
  }

  private void readAhead() {
    while (nextBytes < endBytes && !free.isEmpty()) {
      MemorySegment buffer = free.removeLast();
      int length = (int) Math.min(CHUNK_BYTES, endBytes - nextBytes);
      ahead.add(
          new Read(nextBytes, buffer, length, source.read(nextBytes, buffer.asSlice(0, length))));
      nextBytes += length;
    }
  }

  /** Waits for what is under way, and begins again at {@code failed}. */
  private void giveUp(Read failed) {
    free.add(failed.buffer);
    nextBytes = failed.offsetBytes;
    drain();
  }

  private void drain() {
    Read read;
    while ((read = ahead.poll()) != null) {
      // Whatever it ends with: it is read again, or nobody wants it.
      var _ = read.piece.handle((piece, failure) -> true).join();
      free.add(read.buffer);
    }
  }

  private static DeviceException failure(CompletionException e) {
    Throwable cause = e;
    while (cause instanceof CompletionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause instanceof DeviceException known
        ? known
        : new DeviceException.Internal("reading a disk: " + cause, cause);
  }

  /** Waits for the reads under way; the source stays open. */
  @Override
  public void close() {
    drain();
  }
}
