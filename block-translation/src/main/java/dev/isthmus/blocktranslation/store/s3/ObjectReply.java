package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blocktranslation.store.ByteRange;
import dev.isthmus.blocktranslation.store.ETag;
import dev.isthmus.blocktranslation.store.StoreException;
import dev.isthmus.blocktranslation.store.StoredObject;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Checks the answer to a GET, whichever library brings it: its length and range before a byte is
 * taken, then each buffer is copied once into an array of the announced length, whose checksum is
 * compared at the end.
 *
 * <p>Threading: confined to the calls of one answer, one at a time: {@link #begin}, {@link #take}…,
 * {@link #end}.
 */
public final class ObjectReply {

  /** RFC 9110 §14.4. */
  private static final Pattern CONTENT_RANGE =
      Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18})");

  private final String what;
  private final ByteRange range;
  private @Nullable Target target;
  private byte[] bytes = new byte[0];
  private int filledBytes;

  /**
   * The head of an answer, as it was received.
   *
   * @param lengthBytes Content-Length
   * @param etag with its quotes, if it has any
   * @param contentRange Content-Range
   * @param crc32c of the whole object, in Base64; null if the server says none
   */
  public record Head(
      @Nullable Long lengthBytes,
      @Nullable String etag,
      @Nullable String contentRange,
      @Nullable String crc32c) {}

  /** What the head announced, checked. */
  private record Target(
      int lengthBytes,
      long offsetBytes,
      long objectLengthBytes,
      ETag etag,
      @Nullable String crc32c) {}

  /**
   * An answer that is awaited.
   *
   * @param what the request, for messages
   */
  public ObjectReply(String what, ByteRange range) {
    this.what = what;
    this.range = range;
  }

  /** The head came; throws a {@link StoreException} if it can't be the answer. */
  public void begin(Head head) {
    Target checked = check(head);
    bytes = new byte[checked.lengthBytes()];
    target = checked;
  }

  /** Whether a head was taken, so that its body is wanted. */
  public boolean isBegun() {
    return target != null;
  }

  /** More of the body came; throws {@link StoreException.Corrupt} if it is more than announced. */
  public void take(ByteBuffer buffer) {
    int length = buffer.remaining();
    if (length > bytes.length - filledBytes) {
      throw new StoreException.Corrupt(what + ": more bytes came than were announced");
    }
    buffer.get(bytes, filledBytes, length);
    filledBytes += length;
  }

  /** The body ended; throws {@link StoreException.Corrupt} if it is not whole. */
  public StoredObject end() {
    Target expected = target;
    if (expected == null) {
      throw protocol("a body without a head");
    }
    if (filledBytes < bytes.length) {
      throw new StoreException.Corrupt(
          "%s: %d of %d bytes came".formatted(what, filledBytes, bytes.length));
    }
    if (expected.crc32c() != null && !expected.crc32c().equals(S3Checksums.base64(bytes))) {
      throw new StoreException.Corrupt(what + ": the body does not match its checksum");
    }
    return new StoredObject(
        MemorySegment.ofArray(bytes),
        expected.offsetBytes(),
        expected.objectLengthBytes(),
        expected.etag());
  }

  private Target check(Head head) {
    Long length = head.lengthBytes();
    String tag = head.etag();
    if (length == null || length < 0 || tag == null) {
      throw protocol("the answer has no length or no ETag");
    }
    ETag etag;
    try {
      etag = new ETag(tag);
    } catch (IllegalArgumentException e) {
      throw protocol(String.valueOf(e.getMessage()));
    }
    if (range instanceof ByteRange.Whole whole && length > whole.maxBytes()) {
      throw new StoreException.Corrupt(
          what + ": the object has " + length + " bytes, at most " + whole.maxBytes() + " belong");
    }
    if (length > range.maxLengthBytes()) {
      throw protocol(length + " bytes came where " + range + " was asked for");
    }
    if (length == 0 && !(range instanceof ByteRange.Whole)) {
      // RFC 9110 has 416 here; MinIO answers a tail with 206 "bytes 0--1/0", VersityGW with 200.
      throw new StoreException.OutOfRange(what + ": " + range + " of an empty object");
    }
    String contentRange = head.contentRange();
    if (contentRange == null) {
      boolean coversAll = !(range instanceof ByteRange.Span span) || span.offsetBytes() == 0;
      if (!coversAll) {
        throw protocol("the server ignored the range");
      }
      return new Target(length.intValue(), 0, length, etag, head.crc32c());
    }
    return ofRange(contentRange, length, etag);
  }

  private Target ofRange(String contentRange, long length, ETag etag) {
    Matcher matcher = CONTENT_RANGE.matcher(contentRange);
    if (!matcher.matches()) {
      throw protocol("a Content-Range that can't be read");
    }
    long from = Long.parseLong(matcher.group(1));
    long to = Long.parseLong(matcher.group(2));
    long total = Long.parseLong(matcher.group(3));
    if (to - from + 1 != length || to >= total || from != expectedOffset(total)) {
      throw protocol("Content-Range " + contentRange + " for " + range);
    }
    if (length != Math.min(range.maxLengthBytes(), total - from)) {
      throw protocol("Content-Range " + contentRange + " is shorter than " + range);
    }
    return new Target((int) length, from, total, etag, null);
  }

  private long expectedOffset(long totalBytes) {
    return switch (range) {
      case ByteRange.Whole _ -> 0;
      case ByteRange.Span span -> span.offsetBytes();
      case ByteRange.Tail tail -> Math.max(0, totalBytes - tail.lengthBytes());
    };
  }

  private StoreException protocol(String problem) {
    return new StoreException.Internal(what + ": " + problem, null);
  }
}
