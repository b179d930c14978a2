package dev.isthmus.blocktranslation.store.s3;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * STS, at any path, and a container's endpoint of credentials, at {@code /container}: gives out
 * keys {@code ISSUED1}, {@code ISSUED2}, … that end after {@link #lifetime}. It checks nothing and
 * remembers what it was asked; {@link #refuse} makes it answer with an error.
 *
 * <p>Threading: thread-safe.
 */
final class FakeTokenService implements AutoCloseable {

  /** Of every key that it gives out; messages must not hold it. */
  static final String SECRET = "issuedSecretThatNobodyMayRead";

  static final String TOKEN = "issuedTokenThatNobodyMayRead";

  private final HttpServer server;
  private final List<Map<String, String>> asked = new CopyOnWriteArrayList<>();
  private volatile Duration lifetime = Duration.ofHours(1);
  private volatile int refusal;

  FakeTokenService() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16);
    server.createContext("/", this::sts);
    server.createContext("/container", this::container);
    server.start();
  }

  URI uri() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  /** What keys given out from now on live. */
  void lifetime(Duration newLifetime) {
    lifetime = newLifetime;
  }

  /** Answers with this status from now on; 0 for credentials. */
  void refuse(int status) {
    refusal = status;
  }

  /** The parameters of the requests so far; the Authorization header is one. */
  List<Map<String, String>> asked() {
    return asked;
  }

  private void sts(HttpExchange exchange) throws IOException {
    var parameters = new HashMap<String, String>();
    for (String part : new String(exchange.getRequestBody().readAllBytes(), UTF_8).split("&", -1)) {
      int equals = part.indexOf('=');
      if (equals > 0) {
        parameters.put(
            part.substring(0, equals), URLDecoder.decode(part.substring(equals + 1), UTF_8));
      }
    }
    int number = remember(exchange, parameters);
    String action = parameters.getOrDefault("Action", "");
    String credentials =
        "<Credentials><AccessKeyId>ISSUED%d</AccessKeyId><SecretAccessKey>%s</SecretAccessKey>"
                .formatted(number, SECRET)
            + "<SessionToken>%s</SessionToken><Expiration>%s</Expiration></Credentials>"
                .formatted(TOKEN, end());
    answer(
        exchange,
        "<%1$sResponse><%1$sResult>%2$s</%1$sResult></%1$sResponse>".formatted(action, credentials),
        "<ErrorResponse><Error><Code>AccessDenied</Code><Message>%s is not welcome</Message></Error></ErrorResponse>"
            .formatted(parameters));
  }

  private void container(HttpExchange exchange) throws IOException {
    int number = remember(exchange, new HashMap<>());
    answer(
        exchange,
        """
        {"AccessKeyId":"ISSUED%d","SecretAccessKey":"%s","Token":"%s","Expiration":"%s"}
        """
            .formatted(number, SECRET, TOKEN, end()),
        "{\"code\":\"AccessDenied\",\"message\":\"" + SECRET + "\"}");
  }

  private synchronized int remember(HttpExchange exchange, Map<String, String> parameters) {
    String authorization = exchange.getRequestHeaders().getFirst("Authorization");
    if (authorization != null) {
      parameters.put("Authorization", authorization);
    }
    asked.add(parameters);
    return asked.size();
  }

  private String end() {
    return Instant.now().plus(lifetime).truncatedTo(ChronoUnit.SECONDS).toString();
  }

  private void answer(HttpExchange exchange, String granted, String refused) throws IOException {
    int status = refusal;
    byte[] body = (status == 0 ? granted : refused).getBytes(UTF_8);
    exchange.sendResponseHeaders(status == 0 ? 200 : status, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
