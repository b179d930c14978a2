package dev.isthmus.blocktranslation.store.minio;

import dev.isthmus.blocktranslation.store.RequestKind;
import dev.isthmus.blocktranslation.store.StoreException;
import dev.isthmus.blocktranslation.store.s3.S3Errors;
import io.minio.BaseArgs;
import io.minio.BaseS3Client;
import io.minio.Http;
import io.minio.Xml;
import io.minio.credentials.Provider;
import io.minio.errors.MinioException;
import io.minio.errors.XmlParserException;
import io.minio.messages.ErrorResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.OkHttpClient;
import okhttp3.Response;
import okhttp3.ResponseBody;
import org.jspecify.annotations.Nullable;

/**
 * The MinIO client's core for one request: the library builds, signs and parses, while the exchange
 * itself is ours, so that it can be cancelled, so that no more of an answer is read than belongs
 * there, and so that a failure is told by {@link S3Errors} alone. The library's own exchange gives
 * no hold on its call, reads an error of any length, and puts the request's headers, with a
 * session's token, into its exceptions.
 *
 * <p>Threading: thread-safe; used for one request.
 */
final class MinioCall extends BaseS3Client {

  /** Longest text of an error that is looked at; S3's have some hundred bytes. */
  private static final int MAX_ERROR_BYTES = 64 << 10;

  private final RequestKind kind;
  private final String what;
  private final Receiver receiver;
  private @Nullable Call call;
  private boolean cancelled;

  /** What the requests to one bucket share. Immutable. */
  record Shared(Http.BaseUrl server, Provider credentials, OkHttpClient connections) {}

  /** Takes the body of a success, on a thread that may block. */
  @FunctionalInterface
  interface Receiver {

    /**
     * Reads and checks; throws a {@link StoreException} for what can't be the answer.
     *
     * @return what is left for the library to parse
     */
    byte[] receive(Response answer, ResponseBody body) throws IOException;
  }

  /**
   * A request that is not made yet.
   *
   * @param what the request, for messages
   */
  MinioCall(Shared shared, RequestKind kind, String what, Receiver receiver) {
    super(shared.server(), shared.credentials(), shared.connections(), false);
    this.kind = kind;
    this.what = what;
    this.receiver = receiver;
  }

  /** Cuts the connection, now or as soon as there is one. */
  synchronized void cancel() {
    cancelled = true;
    if (call != null) {
      call.cancel();
    }
  }

  /** One GET of an object. */
  CompletableFuture<Response> get(BaseArgs object) {
    return executeGetAsync(object, new Http.Headers(), new Http.QueryParameters());
  }

  /** One DELETE of an object. */
  CompletableFuture<Response> delete(BaseArgs object) {
    return executeDeleteAsync(object, new Http.Headers(), new Http.QueryParameters());
  }

  @Override
  protected CompletableFuture<Response> executeAsync(Http.S3Request request, String region) {
    Call exchange;
    try {
      exchange =
          httpClient.newCall(request.toRequest(baseUrl, region, provider.fetch()).httpRequest());
    } catch (MinioException e) {
      throw new StoreException.Internal(what + ": the request can't be built: " + e, e);
    }
    synchronized (this) {
      call = exchange;
      if (cancelled) {
        exchange.cancel();
      }
    }
    var result = new CompletableFuture<Response>();
    exchange.enqueue(
        new Callback() {
          @Override
          public void onFailure(Call failed, IOException e) {
            result.completeExceptionally(e);
          }

          @Override
          public void onResponse(Call answered, Response answer) {
            finish(answered, answer, result);
          }
        });
    return result;
  }

  private void finish(Call exchange, Response answer, CompletableFuture<Response> result) {
    Response parsed;
    try (answer) {
      ResponseBody body = answer.body();
      if (!answer.isSuccessful()) {
        throw S3Errors.ofAnswer(kind, what, answer.code(), errorCode(body));
      }
      byte[] left = receiver.receive(answer, body);
      parsed = answer.newBuilder().body(ResponseBody.create(left, body.contentType())).build();
    } catch (IOException | RuntimeException e) {
      if (answer.isSuccessful()) {
        // Nobody waits for the rest of a body that was refused.
        exchange.cancel();
      }
      result.completeExceptionally(e);
      return;
    }
    result.complete(parsed);
  }

  private static String errorCode(ResponseBody body) throws IOException {
    byte[] text = body.byteStream().readNBytes(MAX_ERROR_BYTES);
    try {
      ErrorResponse error =
          Xml.unmarshal(ErrorResponse.class, new String(text, StandardCharsets.UTF_8));
      return S3Errors.code(error.code());
    } catch (XmlParserException e) {
      // Not S3's, a proxy's perhaps: the status tells what is known.
      return "";
    }
  }
}
