package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blocktranslation.store.ByteRange;
import dev.isthmus.blocktranslation.store.ETag;
import dev.isthmus.blocktranslation.store.ListPage;
import dev.isthmus.blocktranslation.store.PolicyObjectStore;
import dev.isthmus.blocktranslation.store.PutBody;
import dev.isthmus.blocktranslation.store.PutCondition;
import dev.isthmus.blocktranslation.store.RequestKind;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreDriver;
import dev.isthmus.blocktranslation.store.StoreException;
import dev.isthmus.blocktranslation.store.StoreLimits;
import dev.isthmus.blocktranslation.store.StoreTimer;
import dev.isthmus.blocktranslation.store.StoredObject;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.model.ChecksumMode;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Request;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;

/**
 * A bucket on AWS or any server that speaks S3 with conditional writes, by the AWS SDK's
 * asynchronous client.
 *
 * <p>Nothing is sent in parts, so an object appears whole or not at all, and one PUT is one charge.
 *
 * <p>Threading: thread-safe.
 */
public final class S3Store implements StoreDriver {

  private final S3Settings settings;
  private final RequestWorkers workers;
  private final S3Connection connection;
  private final S3AsyncClient client;

  private S3Store(S3Settings settings, StoreLimits limits) {
    this.settings = settings;
    this.workers = new RequestWorkers("s3-store-", limits);
    try {
      this.connection = S3Connection.open(settings, limits, workers::complete);
    } catch (RuntimeException e) {
      workers.close();
      throw e;
    }
    this.client = connection.client();
  }

  /**
   * Opens a bucket; sends nothing. Blocks while the SDK reads its files.
   *
   * @throws StoreException.Invalid if the settings can't work
   */
  public static PolicyObjectStore open(S3Settings settings, StoreLimits limits, StoreTimer timer) {
    return new PolicyObjectStore(new S3Store(settings, limits), limits, timer, new Random());
  }

  @Override
  public CompletableFuture<StoredObject> get(String key, ByteRange range, long timeoutNanos) {
    var request = GetObjectRequest.builder().bucket(settings.bucket()).key(key);
    switch (range) {
      // A checksum is stored of whole objects, so it says nothing about a range.
      case ByteRange.Whole _ -> request.checksumMode(ChecksumMode.ENABLED);
      case ByteRange.Span span ->
          request.range(
              "bytes=%d-%d"
                  .formatted(span.offsetBytes(), span.offsetBytes() + span.lengthBytes() - 1));
      case ByteRange.Tail tail -> request.range("bytes=-" + tail.lengthBytes());
    }
    String what = what(RequestKind.GET, key);
    return send(
        RequestKind.GET,
        what,
        () -> client.getObject(request.build(), new S3Reply(what, range)),
        object -> object);
  }

  @Override
  public CompletableFuture<ETag> put(
      String key, PutBody body, PutCondition condition, RequestPurpose purpose, long timeoutNanos) {
    String what = what(RequestKind.PUT, key);
    return send(
        RequestKind.PUT,
        what,
        () -> {
          var request =
              PutObjectRequest.builder()
                  .bucket(settings.bucket())
                  .key(key)
                  .contentLength((long) body.lengthBytes())
                  .checksumCRC32C(S3Checksums.base64(body.crc32c()));
          var headers = settings.placement().headers(purpose);
          if (!headers.isEmpty()) {
            request.overrideConfiguration(o -> headers.forEach(o::putHeader));
          }
          switch (condition) {
            case PutCondition.Always _ -> {}
            case PutCondition.IfAbsent _ -> request.ifNoneMatch("*");
            case PutCondition.IfMatch match -> request.ifMatch(match.etag().value());
          }
          return client.putObject(request.build(), new S3Body(body));
        },
        response -> {
          if (response.eTag() == null) {
            throw new StoreException.Internal(what + ": the answer has no ETag", null);
          }
          return new ETag(response.eTag());
        });
  }

  @Override
  public CompletableFuture<@Nullable Void> delete(String key, long timeoutNanos) {
    return RequestWorkers.deleted(
        send(
            RequestKind.DELETE,
            what(RequestKind.DELETE, key),
            () -> client.deleteObject(r -> r.bucket(settings.bucket()).key(key)),
            _ -> true));
  }

  @Override
  public CompletableFuture<ListPage> list(
      String prefix, @Nullable String continuation, int maxKeys, long timeoutNanos) {
    var request =
        ListObjectsV2Request.builder().bucket(settings.bucket()).prefix(prefix).maxKeys(maxKeys);
    if (continuation != null) {
      request.continuationToken(continuation);
    }
    String what = what(RequestKind.LIST, prefix);
    return send(
        RequestKind.LIST,
        what,
        () -> client.listObjectsV2(request.build()),
        response ->
            new ListingReply(
                    response.contents().stream()
                        .map(o -> new ListingReply.Item(o.key(), o.size()))
                        .toList(),
                    Boolean.TRUE.equals(response.isTruncated()),
                    response.nextContinuationToken())
                .page(what, prefix, continuation, maxKeys));
  }

  private <A, B> CompletableFuture<B> send(
      RequestKind kind,
      String what,
      Supplier<CompletableFuture<A>> start,
      Function<A, B> conversion) {
    return workers.send(what, start, e -> S3Failures.translate(kind, what, e), conversion);
  }

  private String what(RequestKind kind, String key) {
    return kind + " " + key + " at " + description();
  }

  @Override
  public String description() {
    return settings.description();
  }

  @Override
  public void close() {
    connection.close();
    workers.close();
  }
}
