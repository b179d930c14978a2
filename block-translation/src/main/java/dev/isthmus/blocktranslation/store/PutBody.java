package dev.isthmus.blocktranslation.store;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a put while they are lent. A driver copies what it is about to send, chunk by chunk;
 * once the request ended nothing can be copied any more, whatever an abandoned attempt still tries.
 *
 * <p>The copy is the price of giving native memory back at a known moment: a transport that was
 * told to stop keeps references for an unknown while, and would read memory freed under it.
 *
 * <p>Threading: guarded by this.
 */
public final class PutBody {

  private final List<MemorySegment> segments;
  private final int lengthBytes;
  private @Nullable Integer crc32c;
  private boolean closed;

  /**
   * A body of these segments, in order.
   *
   * @throws StoreException.Invalid if it is longer than {@link ObjectStore#MAX_OBJECT_BYTES}
   */
  public PutBody(List<MemorySegment> segments) {
    this.segments = List.copyOf(segments);
    long total = 0;
    for (MemorySegment segment : this.segments) {
      if (segment.byteSize() > ObjectStore.MAX_OBJECT_BYTES - total) {
        throw new StoreException.Invalid(
            "a body is longer than " + ObjectStore.MAX_OBJECT_BYTES + " bytes");
      }
      total += segment.byteSize();
    }
    this.lengthBytes = (int) total;
  }

  /** Length of the whole. */
  public int lengthBytes() {
    return lengthBytes;
  }

  /**
   * The CRC32C of the whole (RFC 3720 appendix B.4).
   *
   * @throws StoreException.Unavailable if the request ended
   */
  public synchronized int crc32c() {
    if (closed) {
      throw new StoreException.Unavailable("the request has ended", 1, null);
    }
    Integer known = crc32c;
    if (known == null) {
      var crc = new CRC32C();
      for (MemorySegment segment : segments) {
        crc.update(segment.asByteBuffer());
      }
      known = (int) crc.getValue();
      crc32c = known;
    }
    return known;
  }

  /**
   * Copies {@code lengthBytes} from {@code offsetBytes} of the whole to the start of {@code
   * target}.
   *
   * @return false if the request ended: nothing was copied, and the attempt is to give up
   */
  public synchronized boolean copy(int offsetBytes, byte[] target, int lengthBytes) {
    if (closed) {
      return false;
    }
    java.util.Objects.checkFromIndexSize(offsetBytes, lengthBytes, this.lengthBytes);
    long skip = offsetBytes;
    int done = 0;
    for (MemorySegment segment : segments) {
      long size = segment.byteSize();
      if (skip >= size) {
        skip -= size;
        continue;
      }
      int part = (int) Math.min(size - skip, lengthBytes - done);
      MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, skip, target, done, part);
      done += part;
      skip = 0;
      if (done == lengthBytes) {
        break;
      }
    }
    return true;
  }

  /** The whole as a copy, or null if the request ended. */
  public byte @Nullable [] copyAll() {
    byte[] all = new byte[lengthBytes];
    return copy(0, all, lengthBytes) ? all : null;
  }

  synchronized void close() {
    closed = true;
  }
}
