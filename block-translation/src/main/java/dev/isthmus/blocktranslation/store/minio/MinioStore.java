package dev.isthmus.blocktranslation.store.minio;

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
import dev.isthmus.blocktranslation.store.s3.ListingReply;
import dev.isthmus.blocktranslation.store.s3.ObjectReply;
import dev.isthmus.blocktranslation.store.s3.RequestWorkers;
import dev.isthmus.blocktranslation.store.s3.S3Checksums;
import dev.isthmus.blocktranslation.store.s3.S3Connection;
import dev.isthmus.blocktranslation.store.s3.S3Credentials;
import dev.isthmus.blocktranslation.store.s3.S3Errors;
import dev.isthmus.blocktranslation.store.s3.S3Settings;
import io.minio.GetObjectArgs;
import io.minio.Http;
import io.minio.ListObjectsV2Args;
import io.minio.PutObjectAPIArgs;
import io.minio.RemoveObjectArgs;
import io.minio.credentials.Credentials;
import io.minio.errors.XmlParserException;
import io.minio.messages.ListBucketResultV2;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import okhttp3.Response;
import okhttp3.ResponseBody;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;

/**
 * A bucket on any server that speaks S3 with conditional writes, by the MinIO Java client. What is
 * sent, believed and reported is what {@link dev.isthmus.blocktranslation.store.s3.S3Store} does,
 * by the same code where it is not the library's own.
 *
 * <p>Threading: thread-safe.
 */
public final class MinioStore implements StoreDriver {

  /** What the library would ask the server for, with a request of its own, if it were not told. */
  private static final String REGION = "us-east-1";

  /** A page has a thousand keys of a thousand characters at most, each escaped, with its frame. */
  private static final int MAX_LISTING_BYTES = 8 << 20;

  private static final int CHUNK_BYTES = 64 << 10;
  private static final byte[] NOTHING = new byte[0];

  private final S3Settings settings;
  private final RequestWorkers workers;
  private final MinioTransport transport;
  private final S3Credentials credentials;
  private final MinioCall.Shared shared;

  private MinioStore(
      S3Settings settings,
      StoreLimits limits,
      Http.BaseUrl server,
      MinioTransport transport,
      S3Credentials credentials) {
    this.settings = settings;
    this.transport = transport;
    this.credentials = credentials;
    this.shared = new MinioCall.Shared(server, () -> signWith(credentials), transport.client());
    this.workers = new RequestWorkers("minio-store-", limits);
  }

  /**
   * Opens a bucket; sends nothing. Blocks while files are read.
   *
   * @throws StoreException.Invalid if the settings can't work
   */
  public static PolicyObjectStore open(S3Settings settings, StoreLimits limits, StoreTimer timer) {
    S3Connection.requireSafe(settings);
    Http.BaseUrl server = server(settings);
    var transport = new MinioTransport(settings, limits);
    try {
      S3Credentials credentials = S3Credentials.open(settings);
      var store = new MinioStore(settings, limits, server, transport, credentials);
      return new PolicyObjectStore(store, limits, timer, new Random());
    } catch (RuntimeException e) {
      transport.close();
      throw e;
    }
  }

  private static Http.BaseUrl server(S3Settings settings) {
    String region = settings.endpoint().region();
    try {
      var server = new Http.BaseUrl(String.valueOf(settings.endpoint().url()));
      server.setRegion(region == null ? REGION : region);
      server.disableVirtualStyleEndpoint();
      return server;
    } catch (IllegalArgumentException e) {
      throw new StoreException.Invalid(settings.description() + ": " + e.getMessage(), e);
    }
  }

  private static Credentials signWith(S3Credentials credentials) {
    AwsCredentials found = credentials.resolveCredentials();
    return new Credentials(
        found.accessKeyId(),
        found.secretAccessKey(),
        found instanceof AwsSessionCredentials session ? session.sessionToken() : null,
        null);
  }

  @Override
  public CompletableFuture<StoredObject> get(String key, ByteRange range, long timeoutNanos) {
    Map<String, String> headers =
        switch (range) {
          // A checksum is stored of whole objects, so it says nothing about a range.
          case ByteRange.Whole _ -> Map.of("x-amz-checksum-mode", "ENABLED");
          case ByteRange.Span span ->
              Map.of(
                  "Range",
                  "bytes=%d-%d"
                      .formatted(span.offsetBytes(), span.offsetBytes() + span.lengthBytes() - 1));
          case ByteRange.Tail tail -> Map.of("Range", "bytes=-" + tail.lengthBytes());
        };
    String what = what(RequestKind.GET, key);
    var reply = new ObjectReply(what, range);
    var call =
        new MinioCall(
            shared, RequestKind.GET, what, (answer, body) -> receive(reply, answer, body));
    return send(
        call,
        what,
        c ->
            c.get(
                GetObjectArgs.builder()
                    .bucket(settings.bucket())
                    .object(key)
                    .extraHeaders(headers)
                    .build()),
        _ -> reply.end());
  }

  private static byte[] receive(ObjectReply reply, Response answer, ResponseBody body)
      throws IOException {
    // An object that others put in parts has a checksum of its parts' checksums.
    boolean composite = "COMPOSITE".equals(answer.header("x-amz-checksum-type"));
    reply.begin(
        new ObjectReply.Head(
            body.contentLength() < 0 ? null : body.contentLength(),
            answer.header("ETag"),
            answer.header("Content-Range"),
            composite ? null : answer.header("x-amz-checksum-crc32c")));
    byte[] chunk = new byte[CHUNK_BYTES];
    InputStream in = body.byteStream();
    for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
      reply.take(ByteBuffer.wrap(chunk, 0, n));
    }
    return NOTHING;
  }

  @Override
  public CompletableFuture<ETag> put(
      String key, PutBody body, PutCondition condition, RequestPurpose purpose, long timeoutNanos) {
    String what = what(RequestKind.PUT, key);
    var call =
        new MinioCall(
            shared,
            RequestKind.PUT,
            what,
            (answer, _) -> {
              if (answer.header("ETag") == null) {
                throw new StoreException.Internal(what + ": the answer has no ETag", null);
              }
              return NOTHING;
            });
    return send(
        call,
        what,
        c -> {
          var headers = new LinkedHashMap<>(settings.placement().headers(purpose));
          headers.put("x-amz-checksum-crc32c", S3Checksums.base64(body.crc32c()));
          switch (condition) {
            case PutCondition.Always _ -> {}
            case PutCondition.IfAbsent _ -> headers.put("If-None-Match", "*");
            case PutCondition.IfMatch match -> headers.put("If-Match", match.etag().value());
          }
          return c.putObject(
              PutObjectAPIArgs.builder()
                  .bucket(settings.bucket())
                  .object(key)
                  .buffer(new LentBuffer(body))
                  .headers(new Http.Headers(headers))
                  .build());
        },
        // The library's own value has lost its quotes.
        response -> new ETag(String.valueOf(response.headers().get("ETag"))));
  }

  @Override
  public CompletableFuture<@Nullable Void> delete(String key, long timeoutNanos) {
    String what = what(RequestKind.DELETE, key);
    var call = new MinioCall(shared, RequestKind.DELETE, what, (_, _) -> NOTHING);
    return RequestWorkers.deleted(
        send(
            call,
            what,
            c -> c.delete(RemoveObjectArgs.builder().bucket(settings.bucket()).object(key).build()),
            _ -> true));
  }

  @Override
  public CompletableFuture<ListPage> list(
      String prefix, @Nullable String continuation, int maxKeys, long timeoutNanos) {
    String what = what(RequestKind.LIST, prefix);
    var call =
        new MinioCall(
            shared,
            RequestKind.LIST,
            what,
            (_, body) -> {
              byte[] text = body.byteStream().readNBytes(MAX_LISTING_BYTES + 1);
              if (text.length > MAX_LISTING_BYTES) {
                throw new StoreException.Internal(what + ": the page is too long", null);
              }
              return text;
            });
    var args =
        ListObjectsV2Args.builder()
            .bucket(settings.bucket())
            .prefix(prefix)
            .maxKeys(maxKeys)
            .encodingType("url");
    if (continuation != null) {
      args.continuationToken(continuation);
    }
    return send(
        call,
        what,
        c -> c.listObjectsV2(args.build()),
        response -> listing(response.result()).page(what, prefix, continuation, maxKeys));
  }

  private static ListingReply listing(ListBucketResultV2 result) {
    return new ListingReply(
        result.contents().stream()
            .map(item -> {
              item.setEncodingType(result.encodingType());
              return new ListingReply.Item(item.objectName(), item.size());
            })
            .toList(),
        result.isTruncated(),
        result.nextContinuationToken());
  }

  private <A, B> CompletableFuture<B> send(
      MinioCall call,
      String what,
      Function<MinioCall, CompletableFuture<A>> start,
      Function<A, B> conversion) {
    return workers.send(
        what,
        () -> {
          if (!transport.hasRoom()) {
            throw new StoreException.Throttled(
                what + ": too many attempts are still being given up");
          }
          CompletableFuture<A> sent = start.apply(call);
          var _ =
              sent.whenComplete((_, _) -> {
                if (sent.isCancelled()) {
                  call.cancel();
                }
              });
          return sent;
        },
        thrown -> translate(what, thrown),
        conversion);
  }

  private static StoreException translate(String what, Throwable thrown) {
    for (Throwable t = thrown; t != null; t = t.getCause()) {
      switch (t) {
        case StoreException e -> {
          return S3Errors.located(what, e);
        }
        case XmlParserException _ -> {
          return new StoreException.Internal(what + ": the answer can't be read", t);
        }
        case IOException e -> {
          return S3Errors.ofTransport(what, e);
        }
        default -> {}
      }
    }
    // A library's message may hold parts of the request.
    return new StoreException.Internal(what + ": " + thrown.getClass().getName(), thrown);
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
    transport.close();
    workers.close();
    credentials.close();
  }
}
