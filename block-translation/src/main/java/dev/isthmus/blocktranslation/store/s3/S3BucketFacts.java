package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blocktranslation.store.BucketFacts;
import dev.isthmus.blocktranslation.store.RequestKind;
import dev.isthmus.blocktranslation.store.StoreException;
import dev.isthmus.blocktranslation.store.StoreLimits;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.async.AsyncRequestBody;
import software.amazon.awssdk.core.async.AsyncResponseTransformer;
import software.amazon.awssdk.http.SdkHttpResponse;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.model.ChecksumMode;
import software.amazon.awssdk.services.s3.model.DefaultRetention;
import software.amazon.awssdk.services.s3.model.ObjectLockRule;
import software.amazon.awssdk.services.s3.model.S3Response;

/**
 * What a bucket of a server that speaks S3 says of itself, asked by the AWS SDK whichever library
 * its disks use. Threading: thread-safe.
 */
public final class S3BucketFacts implements BucketFacts {

  private final S3Settings settings;
  private final S3Connection connection;
  private final S3AsyncClient client;
  private final AtomicLong requests = new AtomicLong();

  private S3BucketFacts(S3Settings settings, StoreLimits limits) {
    this.settings = settings;
    this.connection = S3Connection.open(settings, limits);
    this.client = connection.client();
  }

  /**
   * Sends nothing yet.
   *
   * @throws StoreException.Invalid if the settings can't work
   */
  public static S3BucketFacts open(S3Settings settings, StoreLimits limits) {
    return new S3BucketFacts(settings, limits);
  }

  @Override
  public Answer list(String prefix) {
    return ask(
            RequestKind.LIST,
            prefix,
            () -> client.listObjectsV2(r -> r.bucket(settings.bucket()).prefix(prefix).maxKeys(1)),
            _ -> true)
        .answer();
  }

  @Override
  public Fact<String> versioning() {
    return ask(
        RequestKind.GET,
        "?versioning",
        () -> client.getBucketVersioning(r -> r.bucket(settings.bucket())),
        response -> response.statusAsString() == null ? "" : response.statusAsString());
  }

  @Override
  public Fact<List<LifecycleRule>> lifecycle() {
    Fact<List<LifecycleRule>> fact =
        ask(
            RequestKind.GET,
            "?lifecycle",
            () -> client.getBucketLifecycleConfiguration(r -> r.bucket(settings.bucket())),
            response -> S3LifecycleRules.inForce(response.rules()));
    return fact.answer().code().equals("NoSuchLifecycleConfiguration")
        ? new Fact<>(List.of(), fact.answer())
        : fact;
  }

  @Override
  public Fact<List<Retention>> objectLock() {
    Fact<List<Retention>> fact =
        ask(
            RequestKind.GET,
            "?object-lock",
            () -> client.getObjectLockConfiguration(r -> r.bucket(settings.bucket())),
            response ->
                response.objectLockConfiguration() == null
                    ? List.of()
                    : retention(response.objectLockConfiguration().rule()));
    return fact.answer().code().equals("ObjectLockConfigurationNotFoundError")
        ? new Fact<>(List.of(), fact.answer())
        : fact;
  }

  private static List<Retention> retention(@Nullable ObjectLockRule rule) {
    DefaultRetention kept = rule == null ? null : rule.defaultRetention();
    if (kept == null) {
      return List.of();
    }
    String time = kept.days() == null ? kept.years() + " years" : kept.days() + " days";
    return List.of(new Retention(kept.modeAsString() + ", " + time));
  }

  @Override
  public Answer putDamaged(String key, byte[] body) {
    byte[] other = body.clone();
    other[0] ^= 1;
    return ask(
            RequestKind.PUT,
            key,
            () ->
                client.putObject(
                    r ->
                        r.bucket(settings.bucket())
                            .key(key)
                            .checksumCRC32C(S3Checksums.base64(other)),
                    AsyncRequestBody.fromBytes(body)),
            _ -> true)
        .answer();
  }

  @Override
  public String storedChecksum(String key) {
    Fact<String> fact =
        ask(
            RequestKind.GET,
            key,
            () ->
                client
                    .getObject(
                        r ->
                            r.bucket(settings.bucket()).key(key).checksumMode(ChecksumMode.ENABLED),
                        AsyncResponseTransformer.toBytes())
                    .thenApply(whole -> whole.response()),
            response -> response.checksumCRC32C() == null ? "" : response.checksumCRC32C());
    return fact.value() == null ? "" : fact.value();
  }

  @Override
  public long requests() {
    return requests.get();
  }

  /** A server's refusal is an answer; that none came is a failure. */
  private <A extends S3Response, B> Fact<B> ask(
      RequestKind kind, String what, Supplier<CompletableFuture<A>> send, Function<A, B> value) {
    requests.incrementAndGet();
    try {
      A response = send.get().join();
      return new Fact<>(value.apply(response), answer("", response.sdkHttpResponse()));
    } catch (CompletionException e) {
      for (Throwable t = e; t != null; t = t.getCause()) {
        if (t instanceof AwsServiceException refusal) {
          return new Fact<>(null, answer(refusal));
        }
      }
      throw S3Failures.translate(kind, kind + " " + what + " at " + settings.description(), e);
    }
  }

  private static Answer answer(AwsServiceException refusal) {
    AwsErrorDetails details = refusal.awsErrorDetails();
    Answer told =
        answer(S3Errors.codeOf(refusal), details == null ? null : details.sdkHttpResponse());
    return new Answer(refusal.statusCode(), told.code(), told.serverTime());
  }

  private static Answer answer(String code, @Nullable SdkHttpResponse http) {
    return http == null
        ? new Answer(0, code, null)
        : new Answer(
            http.statusCode(),
            code,
            http.firstMatchingHeader("Date").map(S3BucketFacts::time).orElse(null));
  }

  private static @Nullable Instant time(String header) {
    try {
      return DateTimeFormatter.RFC_1123_DATE_TIME.parse(header, Instant::from);
    } catch (DateTimeParseException e) {
      return null;
    }
  }

  @Override
  public void close() {
    connection.close();
  }
}
