package dev.isthmus.targets.loop;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Off-heap memory for one payload, with room before and after it, so that header, payload and
 * trailer leave as one slice.
 *
 * <p>Threading: confined to its loop; the payload segment may be lent to any thread.
 */
public final class Buffer {

  /** Room before the payload: NVMe/TCP's largest header offset (HPDA 31 asks for 128 bytes). */
  public static final int HEADROOM_BYTES = 128;

  /** Room behind the payload: a data digest and a response capsule with its digest need 32. */
  public static final int TAILROOM_BYTES = 64;

  private final Arena arena;
  private final MemorySegment whole;
  private final ByteBuffer view;
  private final int capacityBytes;
  final BufferPool pool;
  @Nullable Buffer nextFree;
  // The slice handed out last: I/O of one size then allocates nothing.
  private MemorySegment lastPayload;

  Buffer(BufferPool pool, int capacityBytes) {
    this.pool = pool;
    this.capacityBytes = capacityBytes;
    this.arena = Arena.ofShared();
    this.whole = arena.allocate(grossBytes(capacityBytes), 64);
    this.view = whole.asByteBuffer();
    this.lastPayload = whole.asSlice(HEADROOM_BYTES, capacityBytes);
  }

  static long grossBytes(int capacityBytes) {
    return HEADROOM_BYTES + (long) capacityBytes + TAILROOM_BYTES;
  }

  /** Most payload bytes. */
  public int capacityBytes() {
    return capacityBytes;
  }

  /** All of it: the payload starts at {@link #HEADROOM_BYTES}. */
  public MemorySegment whole() {
    return whole;
  }

  /** The first {@code lengthBytes} of the payload area. */
  public MemorySegment payload(int lengthBytes) {
    if (lastPayload.byteSize() != lengthBytes) {
      lastPayload = whole.asSlice(HEADROOM_BYTES, lengthBytes);
    }
    return lastPayload;
  }

  /**
   * The one view of this buffer, set to a range of {@link #whole()}. Whoever asks again moves it.
   */
  public ByteBuffer view(int fromBytes, int lengthBytes) {
    return view.limit(fromBytes + lengthBytes).position(fromBytes);
  }

  /** Gives the buffer back to its pool. */
  public void release() {
    pool.release(this);
  }

  /** Gives the memory back to the system. */
  void free() {
    arena.close();
  }
}
