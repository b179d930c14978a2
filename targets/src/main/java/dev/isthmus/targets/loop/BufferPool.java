package dev.isthmus.targets.loop;

import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A loop's payload memory: a budget in bytes, and free lists by power-of-two size. When the budget
 * is used up {@link #acquire} gives null, and the caller waits its turn.
 *
 * <p>Threading: confined to its loop.
 */
public final class BufferPool {

  /** Smallest payload: what most I/O is. */
  static final int MIN_CAPACITY_BYTES = 4096;

  private static final int MIN_SHIFT = Integer.numberOfTrailingZeros(MIN_CAPACITY_BYTES);
  private static final int CLASSES = 32 - MIN_SHIFT;

  /** Something that waits for memory. */
  public interface Waiter {
    /**
     * Memory may be there: take some.
     *
     * @return what came of it
     */
    Outcome memoryFreed();
  }

  /** What a waiter did with its turn. */
  public enum Outcome {
    /** There was too little; keep the turn. */
    STARVED,
    /** Took some and wants more; go to the end. */
    WANTS_MORE,
    /** Wants nothing more. */
    SATISFIED
  }

  private static final Logger LOG = LoggerFactory.getLogger(BufferPool.class);

  private final long budgetBytes;
  private final @Nullable Buffer[] free = new Buffer[CLASSES];
  // Bounded by the connections of the loop: each waits here at most once.
  private final ArrayDeque<Waiter> waiters = new ArrayDeque<>();
  private long allocatedBytes;
  private volatile long usedBytes;
  private boolean releasedSinceServed;
  private boolean serving;
  private boolean closed;

  BufferPool(long budgetBytes) {
    this.budgetBytes = budgetBytes;
  }

  /**
   * A buffer of at least {@code lengthBytes}, or null when the budget is used up or others wait
   * already: then {@link #await}.
   */
  public @Nullable Buffer acquire(int lengthBytes) {
    if (!waiters.isEmpty() && !serving) {
      return null;
    }
    int sizeClass = sizeClass(lengthBytes);
    Buffer buffer = free[sizeClass];
    if (buffer != null) {
      free[sizeClass] = buffer.nextFree;
      buffer.nextFree = null;
    } else {
      int capacityBytes = MIN_CAPACITY_BYTES << sizeClass;
      long grossBytes = Buffer.grossBytes(capacityBytes);
      if (allocatedBytes + grossBytes > budgetBytes && !trim(grossBytes)) {
        return null;
      }
      buffer = allocate(capacityBytes);
      if (buffer == null) {
        return null;
      }
      allocatedBytes += grossBytes;
    }
    addUsed(Buffer.grossBytes(buffer.capacityBytes()));
    return buffer;
  }

  private @Nullable Buffer allocate(int capacityBytes) {
    try {
      return new Buffer(this, capacityBytes);
    } catch (OutOfMemoryError e) {
      // The machine, or -XX:MaxDirectMemorySize, gives less than the budget: the same as the
      // budget being used up.
      LOG.error("no off-heap memory for {} bytes within the budget", capacityBytes, e);
      return null;
    }
  }

  private static int sizeClass(int lengthBytes) {
    int shift = 32 - Integer.numberOfLeadingZeros(Math.max(lengthBytes, 1) - 1);
    return Math.max(0, shift - MIN_SHIFT);
  }

  /** Frees unused buffers, largest first, until {@code wantedBytes} more fit the budget. */
  private boolean trim(long wantedBytes) {
    if (usedBytes + wantedBytes > budgetBytes) {
      return false;
    }
    for (int i = CLASSES - 1; i >= 0 && allocatedBytes + wantedBytes > budgetBytes; i--) {
      Buffer buffer = free[i];
      while (buffer != null && allocatedBytes + wantedBytes > budgetBytes) {
        Buffer next = buffer.nextFree;
        allocatedBytes -= Buffer.grossBytes(buffer.capacityBytes());
        buffer.free();
        buffer = next;
      }
      free[i] = buffer;
    }
    return true;
  }

  void release(Buffer buffer) {
    addUsed(-Buffer.grossBytes(buffer.capacityBytes()));
    releasedSinceServed = true;
    if (closed) {
      buffer.free();
      return;
    }
    int sizeClass = sizeClass(buffer.capacityBytes());
    buffer.nextFree = free[sizeClass];
    free[sizeClass] = buffer;
  }

  @SuppressWarnings("NonAtomicVolatileUpdate") // One writer, the loop; others only read.
  private void addUsed(long bytes) {
    usedBytes += bytes;
  }

  /** Puts {@code waiter} at the end of the line. It must not stand in it already. */
  public void await(Waiter waiter) {
    waiters.add(waiter);
  }

  /** Takes {@code waiter} out of the line. */
  public void forget(Waiter waiter) {
    waiters.remove(waiter);
  }

  /** Serves those who wait, in order, as far as memory goes. */
  void serveWaiters() {
    if (!releasedSinceServed || waiters.isEmpty()) {
      return;
    }
    releasedSinceServed = false;
    serving = true;
    try {
      while (!waiters.isEmpty()) {
        Waiter waiter = waiters.poll();
        Outcome outcome = waiter.memoryFreed();
        if (outcome == Outcome.STARVED) {
          waiters.addFirst(waiter);
          return;
        }
        if (outcome == Outcome.WANTS_MORE) {
          waiters.addLast(waiter);
        }
      }
    } finally {
      serving = false;
    }
  }

  /** Bytes in use now. Safe from any thread. */
  public long usedBytes() {
    return usedBytes;
  }

  /** Frees what is unused; the rest as it comes back. */
  void close() {
    closed = true;
    for (int i = 0; i < CLASSES; i++) {
      for (Buffer b = free[i]; b != null; b = b.nextFree) {
        b.free();
      }
      free[i] = null;
    }
  }
}
