package dev.isthmus.blocktranslation.store.s3;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An S3 server that takes everything and remembers the headers; it looks at no signature.
 * Threading: thread-safe.
 */
final class RequestRecorder implements AutoCloseable {

  private static final Pattern KEY_ID = Pattern.compile("Credential=([^/]+)/");

  private final HttpServer server;
  private @Nullable Headers last;

  RequestRecorder() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16);
    server.createContext("/", this::answer);
    server.start();
  }

  private void answer(HttpExchange exchange) throws IOException {
    exchange.getRequestBody().readAllBytes();
    synchronized (this) {
      last = exchange.getRequestHeaders();
    }
    exchange.getResponseHeaders().set("ETag", "\"t\"");
    exchange.sendResponseHeaders(200, -1);
    exchange.close();
  }

  URI uri() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  /** Headers of the newest request. */
  synchronized Headers last() {
    if (last == null) {
      throw new AssertionError("no request came");
    }
    return last;
  }

  /** Which key signed the newest request. */
  String lastKeyId() {
    Matcher matcher = KEY_ID.matcher(String.valueOf(last().getFirst("Authorization")));
    if (!matcher.find()) {
      throw new AssertionError("not signed");
    }
    return matcher.group(1);
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
