package dev.isthmus.targets.loop;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.GatheringByteChannel;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What a connection has to send: slices of buffers in order. Small messages that follow each other
 * share one slice, so that a batch leaves with few of them.
 *
 * <p>Bounded by its user: a protocol stops to take requests while it {@link #isCongested}.
 *
 * <p>Threading: confined to its loop.
 */
public final class Outbox {

  /**
   * Buffers of small messages beyond which a peer that does not read gets no more of its requests
   * served: 256 KiB, ten thousand answers, which no peer that reads leaves standing. Payload needs
   * no such bound: its pool has one.
   */
  static final int MAX_SMALL_BUFFERS = 64;

  /** Slices of one write: Linux's IOV_MAX. */
  private static final int MAX_SLICES_PER_WRITE = 1024;

  private final BufferPool small;
  private ByteBuffer[] slices = new ByteBuffer[64];
  private Buffer[] owners = new Buffer[64];
  private int head;
  private int tail;
  private long pendingBytes;
  private int smallBuffers;
  // The small-message buffer that is last in line and still has room, else null.
  private @Nullable Buffer open;

  Outbox(BufferPool small) {
    this.small = small;
  }

  /** An outbox without a connection, for tests of protocol cores. */
  public static Outbox detached() {
    return new Outbox(new BufferPool(Long.MAX_VALUE));
  }

  /** Bytes queued and not yet sent. */
  public long pendingBytes() {
    return pendingBytes;
  }

  /** Whether a peer has to read before more is done for it. */
  public boolean isCongested() {
    return smallBuffers > MAX_SMALL_BUFFERS;
  }

  /**
   * Room for a small message of {@code lengthBytes} at the end of the line, to be filled before the
   * next call of this object. The message starts at {@link #smallOffset()}.
   */
  public MemorySegment small(int lengthBytes) {
    Buffer buffer = open;
    if (buffer == null || slices[tail - 1].limit() + lengthBytes > buffer.whole().byteSize()) {
      buffer = small.acquire(lengthBytes);
      if (buffer == null) {
        throw new IllegalStateException("the pool for small messages has no bound");
      }
      smallBuffers++;
      add(buffer, 0, 0);
      open = buffer;
    }
    ByteBuffer slice = slices[tail - 1];
    slice.limit(slice.limit() + lengthBytes);
    pendingBytes += lengthBytes;
    lastSmallOffset = slice.limit() - lengthBytes;
    return buffer.whole();
  }

  private int lastSmallOffset;

  /** Where in the segment that {@link #small} gave the message starts. */
  public int smallOffset() {
    return lastSmallOffset;
  }

  /** Queues a range of {@code buffer}, which is released when it was sent. */
  public void add(Buffer buffer, int fromBytes, int lengthBytes) {
    open = null;
    if (tail == slices.length) {
      makeRoom();
    }
    slices[tail] = buffer.view(fromBytes, lengthBytes);
    owners[tail] = buffer;
    tail++;
    pendingBytes += lengthBytes;
  }

  private void makeRoom() {
    int count = tail - head;
    if (head < slices.length / 2) {
      slices = Arrays.copyOf(slices, slices.length * 2);
      owners = Arrays.copyOf(owners, owners.length * 2);
    }
    System.arraycopy(slices, head, slices, 0, count);
    System.arraycopy(owners, head, owners, 0, count);
    head = 0;
    tail = count;
  }

  /**
   * Writes as much as the channel takes.
   *
   * @return bytes written
   */
  long writeTo(GatheringByteChannel channel) throws IOException {
    long total = 0;
    while (head < tail) {
      int count = Math.min(tail - head, MAX_SLICES_PER_WRITE);
      long written = count == 1 ? channel.write(slices[head]) : channel.write(slices, head, count);
      if (written <= 0) {
        break;
      }
      total += written;
      pendingBytes -= written;
      releaseSent();
    }
    return total;
  }

  private void releaseSent() {
    while (head < tail && !slices[head].hasRemaining()) {
      releaseHead();
    }
    if (head == tail) {
      head = 0;
      tail = 0;
    }
  }

  @SuppressWarnings("NullAway") // Slots outside head..tail hold nothing that is read.
  private void releaseHead() {
    if (owners[head] == open) {
      open = null;
    }
    if (owners[head].pool == small) {
      smallBuffers--;
    }
    owners[head].release();
    owners[head] = null;
    slices[head] = null;
    head++;
  }

  /** Copies everything pending into a new array and releases it: the engine of tests. */
  public byte[] drain() {
    byte[] all = new byte[(int) pendingBytes];
    int at = 0;
    while (head < tail) {
      int length = slices[head].remaining();
      slices[head].get(all, at, length);
      at += length;
      releaseHead();
    }
    clear();
    return all;
  }

  /** Drops everything. */
  void clear() {
    while (head < tail) {
      releaseHead();
    }
    head = 0;
    tail = 0;
    pendingBytes = 0;
  }
}
