package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blocktranslation.store.ByteRange;
import dev.isthmus.blocktranslation.store.StoreException;
import dev.isthmus.blocktranslation.store.StoredObject;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import software.amazon.awssdk.core.async.AsyncResponseTransformer;
import software.amazon.awssdk.core.async.SdkPublisher;
import software.amazon.awssdk.services.s3.model.ChecksumType;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;

/**
 * Brings what the SDK receives to an {@link ObjectReply}.
 *
 * <p>Threading: confined to the SDK's serial calls of one response.
 */
final class S3Reply implements AsyncResponseTransformer<GetObjectResponse, StoredObject> {

  private final ObjectReply reply;
  private final CompletableFuture<StoredObject> result = new CompletableFuture<>();

  S3Reply(String what, ByteRange range) {
    this.reply = new ObjectReply(what, range);
  }

  @Override
  public CompletableFuture<StoredObject> prepare() {
    return result;
  }

  @Override
  public void onResponse(GetObjectResponse response) {
    try {
      reply.begin(
          new ObjectReply.Head(
              response.contentLength(),
              response.eTag(),
              response.contentRange(),
              wholeCrc32c(response)));
    } catch (StoreException e) {
      result.completeExceptionally(e);
    }
  }

  private static @Nullable String wholeCrc32c(GetObjectResponse response) {
    // An object that others put in parts has a checksum of its parts' checksums.
    return response.checksumType() == ChecksumType.COMPOSITE ? null : response.checksumCRC32C();
  }

  @Override
  public void onStream(SdkPublisher<ByteBuffer> publisher) {
    publisher.subscribe(reply.isBegun() ? new Filler() : new Refusal());
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
    private @Nullable Subscription subscription;

    @Override
    public void onSubscribe(Subscription newSubscription) {
      subscription = newSubscription;
      newSubscription.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(ByteBuffer buffer) {
      try {
        reply.take(buffer);
      } catch (StoreException e) {
        if (subscription != null) {
          subscription.cancel();
        }
        result.completeExceptionally(e);
      }
    }

    @Override
    public void onError(Throwable error) {
      result.completeExceptionally(error);
    }

    @Override
    public void onComplete() {
      try {
        result.complete(reply.end());
      } catch (StoreException e) {
        result.completeExceptionally(e);
      }
    }
  }
}
