package dev.isthmus.blocktranslation.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import software.amazon.awssdk.http.ContentStreamProvider;
import software.amazon.awssdk.http.SdkHttpFullRequest;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4HttpSigner;
import software.amazon.awssdk.http.auth.spi.signer.SignedRequest;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;

/**
 * A provider whose conditional writes are not what they should be: a real S3 server behind a proxy
 * that changes {@code If-None-Match} and {@code If-Match}, or answers 501 to them. What was signed
 * holds these headers, so it signs anew with the server owner's credentials.
 *
 * <p>Threading: thread-safe.
 */
public final class ConditionProxy implements AutoCloseable {

  /** What it does with a conditional request. */
  public enum Fault {
    IGNORES,
    REFUSES,
    /** Takes an ETag's quotes for a part of it, as Ceph's gateway did. */
    WANTS_BARE_ETAG
  }

  private static final Set<String> CONDITIONS = Set.of("if-none-match", "if-match");

  /** Of the old signature, or the connection's own. */
  private static final Set<String> NOT_PASSED =
      Set.of(
          "authorization",
          "x-amz-date",
          "x-amz-content-sha256",
          "host",
          "content-length",
          "connection",
          "expect",
          "transfer-encoding",
          "user-agent");

  private final TestS3Server server;
  private final Fault fault;
  private final HttpServer listener;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpClient client = HttpClient.newHttpClient();
  private final AwsV4HttpSigner signer = AwsV4HttpSigner.create();
  private final AtomicInteger stripped = new AtomicInteger();

  /** Starts one before {@code server}, which it does not close. */
  public ConditionProxy(TestS3Server server, Fault fault) throws IOException {
    this.server = server;
    this.fault = fault;
    this.listener =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 64);
    listener.setExecutor(threads);
    listener.createContext("/", this::handle);
    listener.start();
  }

  /** Where it listens. */
  public URI endpoint() {
    return URI.create("http://127.0.0.1:" + listener.getAddress().getPort());
  }

  /** Conditions that it met so far. */
  public int conditionsMet() {
    return stripped.get();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] body = exchange.getRequestBody().readAllBytes();
      boolean conditional =
          CONDITIONS.stream().anyMatch(c -> exchange.getRequestHeaders().containsKey(c));
      if (conditional) {
        stripped.incrementAndGet();
      }
      if (conditional && fault == Fault.REFUSES) {
        byte[] error = "<Error><Code>NotImplemented</Code></Error>".getBytes(UTF_8);
        exchange.sendResponseHeaders(501, error.length);
        exchange.getResponseBody().write(error);
        return;
      }
      pass(exchange, forwarded(exchange, body));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private HttpResponse<byte[]> forwarded(HttpExchange exchange, byte[] body)
      throws IOException, InterruptedException {
    URI target = URI.create(server.endpoint() + exchange.getRequestURI().toString());
    var request =
        SdkHttpFullRequest.builder()
            .method(SdkHttpMethod.fromValue(exchange.getRequestMethod()))
            .uri(target);
    exchange
        .getRequestHeaders()
        .forEach((name, values) -> {
          String lower = name.toLowerCase(Locale.ROOT);
          if (CONDITIONS.contains(lower)) {
            if (fault == Fault.WANTS_BARE_ETAG) {
              request.putHeader(name, asBare(values.getFirst()));
            }
          } else if (!NOT_PASSED.contains(lower)) {
            request.putHeader(name, values);
          }
        });
    SdkHttpRequest signed = signed(request.build(), body, "s3").request();
    var builder =
        HttpRequest.newBuilder(target)
            .method(exchange.getRequestMethod(), HttpRequest.BodyPublishers.ofByteArray(body));
    signed
        .headers()
        .forEach((name, values) -> {
          if (!Set.of("host", "content-length").contains(name.toLowerCase(Locale.ROOT))) {
            values.forEach(value -> builder.header(name, value));
          }
        });
    return client.send(builder.build(), HttpResponse.BodyHandlers.ofByteArray());
  }

  /** What the server is asked instead, so that it answers as one that knows bare ETags only. */
  private static String asBare(String condition) {
    if (condition.equals("*")) {
      return condition;
    }
    return condition.startsWith("\"") ? "\"nobodys\"" : "\"" + condition + "\"";
  }

  private SignedRequest signed(SdkHttpRequest request, byte[] body, String service) {
    return signer.sign(r ->
        r.identity(AwsCredentialsIdentity.create(server.accessKey(), server.secretKey()))
            .request(request)
            .payload(ContentStreamProvider.fromByteArray(body))
            .putProperty(AwsV4HttpSigner.SERVICE_SIGNING_NAME, service)
            .putProperty(AwsV4HttpSigner.REGION_NAME, "us-east-1")
            .putProperty(AwsV4HttpSigner.DOUBLE_URL_ENCODE, false)
            .putProperty(AwsV4HttpSigner.NORMALIZE_PATH, false));
  }

  private static void pass(HttpExchange exchange, HttpResponse<byte[]> response)
      throws IOException {
    response
        .headers()
        .map()
        .forEach((name, values) -> {
          if (!List.of("content-length", "transfer-encoding", "connection")
              .contains(name.toLowerCase(Locale.ROOT))) {
            exchange.getResponseHeaders().put(name, values);
          }
        });
    byte[] body = response.body();
    exchange.sendResponseHeaders(response.statusCode(), body.length == 0 ? -1 : body.length);
    if (body.length > 0) {
      exchange.getResponseBody().write(body);
    }
  }

  /** The storage URI of a volume behind it, as {@link TestS3Server#volumeUri}. */
  public String volumeUri(String volume, String rest) {
    return server
        .volumeUri(volume, rest)
        .replace(server.endpoint().toString(), endpoint().toString());
  }

  @Override
  public void close() {
    listener.stop(0);
    threads.shutdownNow();
    client.close();
  }
}
