package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blocktranslation.store.ByteRange;
import dev.isthmus.blocktranslation.store.ETag;
import dev.isthmus.blocktranslation.store.ListPage;
import dev.isthmus.blocktranslation.store.PolicyObjectStore;
import dev.isthmus.blocktranslation.store.PutBody;
import dev.isthmus.blocktranslation.store.PutCondition;
import dev.isthmus.blocktranslation.store.RequestKind;
import dev.isthmus.blocktranslation.store.StoreDriver;
import dev.isthmus.blocktranslation.store.StoreException;
import dev.isthmus.blocktranslation.store.StoreLimits;
import dev.isthmus.blocktranslation.store.StoreTimer;
import dev.isthmus.blocktranslation.store.StoredObject;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import java.util.ArrayList;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.model.ChecksumMode;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Request;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;

/**
 * A bucket on AWS or any server that speaks S3 with conditional writes, by the AWS SDK's
 * asynchronous client.
 *
 * <p>Requests are built and signed on a few threads of the store's, not the caller's: finding
 * credentials may block (a file, the instance's metadata). Nothing is sent in parts, so an object
 * appears whole or not at all, and one PUT is one charge.
 *
 * <p>Threading: thread-safe.
 */
public final class S3Store implements StoreDriver {

  /** Threads that build, sign and complete: short work, so a few are enough for any bandwidth. */
  private static final int WORKERS = 2;

  /** Threads that move bytes: TLS at a few gigabits per second each. */
  private static final int NETWORK_THREADS = 2;

  private static final long QUIET_MILLIS = 50;
  private static final long LONGEST_STOP_SECONDS = 5;

  private final S3Settings settings;
  private final ThreadPoolExecutor workers;
  private final EventLoopGroup loops;
  private final S3AsyncClient client;

  private S3Store(S3Settings settings, StoreLimits limits) {
    this.settings = settings;
    this.workers = workers(limits);
    this.loops = networkThreads();
    try {
      this.client = S3Clients.build(settings, limits, loops, this::complete);
    } catch (RuntimeException e) {
      stopThreads();
      throw e;
    }
  }

  /**
   * Opens a bucket; sends nothing. Blocks while the SDK reads its files.
   *
   * @throws StoreException.Invalid if the settings can't work
   */
  public static PolicyObjectStore open(S3Settings settings, StoreLimits limits, StoreTimer timer) {
    return new PolicyObjectStore(new S3Store(settings, limits), limits, timer, new Random());
  }

  @SuppressWarnings("deprecation") // the SDK knows Netty 4.1's groups by their class, no others
  static EventLoopGroup networkThreads() {
    return new NioEventLoopGroup(
        NETWORK_THREADS, Thread.ofPlatform().name("s3-network-", 0).daemon().factory());
  }

  private static ThreadPoolExecutor workers(StoreLimits limits) {
    // Each attempt brings one task to start it and one to complete it.
    int maxTasks = 2 * limits.maxInFlight() * limits.maxAttempts();
    return new ThreadPoolExecutor(
        WORKERS,
        WORKERS,
        0,
        TimeUnit.SECONDS,
        new LinkedBlockingQueue<>(maxTasks),
        Thread.ofPlatform().name("s3-store-", 0).daemon().factory());
  }

  /** A completion is never dropped: where there is no worker for it, the network thread does it. */
  private void complete(Runnable task) {
    try {
      workers.execute(task);
    } catch (RejectedExecutionException e) {
      task.run();
    }
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
      String key, PutBody body, PutCondition condition, long timeoutNanos) {
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
    CompletableFuture<Boolean> sent =
        send(
            RequestKind.DELETE,
            what(RequestKind.DELETE, key),
            () -> client.deleteObject(r -> r.bucket(settings.bucket()).key(key)),
            _ -> true);
    var result = new CompletableFuture<@Nullable Void>();
    var _ =
        sent.whenComplete((_, failure) -> {
          // S3 answers 204 for an absent object; some servers say NoSuchKey.
          if (failure == null || failure instanceof StoreException.NotFound) {
            result.complete(null);
          } else {
            result.completeExceptionally(failure);
          }
        });
    cancelWith(result, sent);
    return result;
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
        response -> page(what, prefix, continuation, maxKeys, response));
  }

  /** Believes nothing that would make a lister loop or leave its prefix. */
  private static ListPage page(
      String what,
      String prefix,
      @Nullable String continuation,
      int maxKeys,
      ListObjectsV2Response response) {
    var objects = new ArrayList<ListPage.ListedObject>();
    String last = "";
    for (var object : response.contents()) {
      String key = object.key();
      if (key == null || object.size() == null || !key.startsWith(prefix)) {
        throw new StoreException.Internal(what + ": a listed object is not under it", null);
      }
      if (key.compareTo(last) <= 0 || objects.size() == maxKeys) {
        throw new StoreException.Internal(what + ": the page is out of order or too long", null);
      }
      objects.add(new ListPage.ListedObject(key, object.size()));
      last = key;
    }
    if (!Boolean.TRUE.equals(response.isTruncated())) {
      return new ListPage(objects, null);
    }
    String next = response.nextContinuationToken();
    if (next == null || next.equals(continuation) || objects.isEmpty()) {
      throw new StoreException.Internal(what + ": a page that leads to no next one", null);
    }
    return new ListPage(objects, next);
  }

  /** What the SDK's value becomes. */
  @FunctionalInterface
  private interface Conversion<A, B> {
    B apply(A value);
  }

  /** Starts on a worker, translates what comes, and passes a cancel on to the SDK. */
  private <A, B> CompletableFuture<B> send(
      RequestKind kind,
      String what,
      Supplier<CompletableFuture<A>> start,
      Conversion<A, B> conversion) {
    var result = new CompletableFuture<B>();
    Runnable task =
        () -> {
          if (result.isDone()) {
            return;
          }
          CompletableFuture<A> sent;
          try {
            sent = start.get();
          } catch (RuntimeException e) {
            result.completeExceptionally(S3Failures.translate(kind, what, e));
            return;
          }
          cancelWith(result, sent);
          var _ =
              sent.whenComplete((value, failure) -> {
                if (failure != null) {
                  result.completeExceptionally(S3Failures.translate(kind, what, failure));
                  return;
                }
                try {
                  result.complete(conversion.apply(value));
                } catch (RuntimeException e) {
                  result.completeExceptionally(S3Failures.translate(kind, what, e));
                }
              });
        };
    try {
      workers.execute(task);
    } catch (RejectedExecutionException e) {
      result.completeExceptionally(
          new StoreException.Throttled(what + ": too many attempts are still being given up"));
    }
    return result;
  }

  private static void cancelWith(CompletableFuture<?> result, CompletableFuture<?> sent) {
    var _ =
        result.whenComplete((_, _) -> {
          if (result.isCancelled()) {
            sent.cancel(true);
          }
        });
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
    client.close();
    stopThreads();
  }

  /** A short quiet period for connections that are being cut; Netty's own is two seconds. */
  static void stop(EventLoopGroup loops) {
    boolean _ =
        loops
            .shutdownGracefully(QUIET_MILLIS, LONGEST_STOP_SECONDS * 1000, TimeUnit.MILLISECONDS)
            .awaitUninterruptibly(LONGEST_STOP_SECONDS, TimeUnit.SECONDS);
  }

  private void stopThreads() {
    stop(loops);
    workers.shutdown();
  }
}
