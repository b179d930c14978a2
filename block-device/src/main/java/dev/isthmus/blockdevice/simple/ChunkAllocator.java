package dev.isthmus.blockdevice.simple;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * Hands out zeroed off-heap chunks of one size, cut from slabs, and takes them back for reuse.
 * Slabs go back to the system all together, at {@link #close}: closing an arena per chunk would
 * cost a handshake with every thread each time.
 *
 * <p>Threading: guarded by itself.
 */
final class ChunkAllocator implements AutoCloseable {

  /** Slab: what is taken from the budget and the system at one time. */
  static final int SLAB_BYTES = 1 << 20;

  private final int chunkBytes;
  private final MemoryBudget budget;
  private final Arena arena = Arena.ofShared();
  private final ArrayDeque<MemorySegment> dirty = new ArrayDeque<>();
  private MemorySegment slab = MemorySegment.NULL;
  private long slabUsedBytes;
  private long reservedBytes;

  ChunkAllocator(int chunkBytes, MemoryBudget budget) {
    this.chunkBytes = chunkBytes;
    this.budget = budget;
  }

  /** A chunk of zeroes, or null when the budget or the system's memory is used up. */
  @Nullable MemorySegment allocate() {
    MemorySegment reused;
    synchronized (this) {
      reused = dirty.poll();
      if (reused == null) {
        return cut();
      }
    }
    return reused.fill((byte) 0);
  }

  private @Nullable MemorySegment cut() {
    if (slabUsedBytes == slab.byteSize()) {
      if (!budget.tryReserve(SLAB_BYTES)) {
        return null;
      }
      try {
        slab = arena.allocate(SLAB_BYTES, 4096);
      } catch (OutOfMemoryError e) {
        budget.release(SLAB_BYTES);
        return null;
      }
      reservedBytes += SLAB_BYTES;
      slabUsedBytes = 0;
    }
    MemorySegment chunk = slab.asSlice(slabUsedBytes, chunkBytes);
    slabUsedBytes += chunkBytes;
    return chunk;
  }

  /** Takes back a chunk that nobody reads or writes any more. */
  synchronized void free(MemorySegment chunk) {
    dirty.add(chunk);
  }

  @Override
  public synchronized void close() {
    arena.close();
    budget.release(reservedBytes);
    reservedBytes = 0;
  }
}
