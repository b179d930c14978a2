package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blocktranslation.store.ByteRange;
import dev.isthmus.blocktranslation.store.ETag;
import dev.isthmus.blocktranslation.store.StoreException;
import dev.isthmus.blocktranslation.store.StoredObject;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import software.amazon.awssdk.core.async.AsyncResponseTransformer;
import software.amazon.awssdk.core.async.SdkPublisher;
import software.amazon.awssdk.services.s3.model.ChecksumType;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;

/**
 * Receives one object: its length and range are checked before a byte is taken, then each buffer is
 * copied once into an array of the announced length.
 *
 * <p>Threading: confined to the SDK's serial calls of one response.
 */
final class S3Reply implements AsyncResponseTransformer<GetObjectResponse, StoredObject> {

  /** RFC 9110 §14.4. */
  private static final Pattern CONTENT_RANGE =
      Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18})");

  private final String what;
  private final ByteRange range;
  private final CompletableFuture<StoredObject> result = new CompletableFuture<>();
  private @Nullable Target target;

  /**
   * What the head of the answer announced.
   *
   * @param crc32c of the body, in Base64; null if the server has none
   */
  private record Target(
      int lengthBytes,
      long offsetBytes,
      long objectLengthBytes,
      ETag etag,
      @Nullable String crc32c) {}

  S3Reply(String what, ByteRange range) {
    this.what = what;
    this.range = range;
  }

  @Override
  public CompletableFuture<StoredObject> prepare() {
    return result;
  }

  @Override
  public void onResponse(GetObjectResponse response) {
    try {
      target = check(response);
    } catch (StoreException e) {
      result.completeExceptionally(e);
    }
  }

  private Target check(GetObjectResponse response) {
    Long length = response.contentLength();
    String tag = response.eTag();
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
    String contentRange = response.contentRange();
    if (contentRange == null) {
      boolean coversAll = !(range instanceof ByteRange.Span span) || span.offsetBytes() == 0;
      if (!coversAll) {
        throw protocol("the server ignored the range");
      }
      return new Target(length.intValue(), 0, length, etag, wholeCrc32c(response));
    }
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
    return new Target(length.intValue(), from, total, etag, null);
  }

  private static @Nullable String wholeCrc32c(GetObjectResponse response) {
    // An object that others put in parts has a checksum of its parts' checksums.
    return response.checksumType() == ChecksumType.COMPOSITE ? null : response.checksumCRC32C();
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

  @Override
  public void onStream(SdkPublisher<ByteBuffer> publisher) {
    Target expected = target;
    publisher.subscribe(
        expected == null ? new Refusal() : new Filler(expected, new byte[expected.lengthBytes()]));
  }

  @Override
  public void exceptionOccurred(Throwable error) {
    result.completeExceptionally(error);
  }

  /** Cuts the connection of an answer that is not wanted. */
  private static final class Refusal implements Subscriber<ByteBuffer> {
    @Override
    public void onSubscribe(Subscription subscription) {
      subscription.cancel();
    }

    @Override
    public void onNext(ByteBuffer buffer) {}

    @Override
    public void onError(Throwable error) {}

    @Override
    public void onComplete() {}
  }

  private final class Filler implements Subscriber<ByteBuffer> {
    private final Target expected;
    private final byte[] bytes;
    private int filledBytes;
    private @Nullable Subscription subscription;

    Filler(Target expected, byte[] bytes) {
      this.expected = expected;
      this.bytes = bytes;
    }

    @Override
    public void onSubscribe(Subscription newSubscription) {
      subscription = newSubscription;
      newSubscription.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(ByteBuffer buffer) {
      int length = buffer.remaining();
      if (length > bytes.length - filledBytes) {
        if (subscription != null) {
          subscription.cancel();
        }
        result.completeExceptionally(
            new StoreException.Damaged(what + ": more bytes came than were announced", null));
        return;
      }
      buffer.get(bytes, filledBytes, length);
      filledBytes += length;
    }

    @Override
    public void onError(Throwable error) {
      result.completeExceptionally(error);
    }

    @Override
    public void onComplete() {
      if (filledBytes < bytes.length) {
        result.completeExceptionally(
            new StoreException.Damaged(
                "%s: %d of %d bytes came".formatted(what, filledBytes, bytes.length), null));
        return;
      }
      if (expected.crc32c() != null && !expected.crc32c().equals(S3Checksums.base64(bytes))) {
        result.completeExceptionally(
            new StoreException.Damaged(what + ": the body does not match its checksum", null));
        return;
      }
      result.complete(
          new StoredObject(
              MemorySegment.ofArray(bytes),
              expected.offsetBytes(),
              expected.objectLengthBytes(),
              expected.etag()));
    }
  }
}
