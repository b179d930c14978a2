package dev.isthmus.blocktranslation.store.s3;

import static dev.isthmus.blocktranslation.store.StoreTesting.assertFails;
import static dev.isthmus.blocktranslation.store.StoreTesting.bytes;
import static dev.isthmus.blocktranslation.store.StoreTesting.bytesOf;
import static dev.isthmus.blocktranslation.store.StoreTesting.join;
import static dev.isthmus.blocktranslation.store.StoreTesting.segments;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.isthmus.blocktranslation.store.ByteRange;
import dev.isthmus.blocktranslation.store.ETag;
import dev.isthmus.blocktranslation.store.ExecutorStoreTimer;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.PutCondition;
import dev.isthmus.blocktranslation.store.RequestKind;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreAddress;
import dev.isthmus.blocktranslation.store.StoreException;
import dev.isthmus.blocktranslation.store.StoreLimits;
import dev.isthmus.blocktranslation.store.StoreTesting;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A store by one of the libraries, against a server that answers as each test scripts it. */
public abstract class S3AnswerContract {

  private static final RequestOptions READ = RequestOptions.of(RequestPurpose.READ);
  private static final String SECRET = "anotherSecretThatNobodyMayRead";

  /** Answers one request. */
  private interface Answer {
    void to(HttpExchange exchange) throws IOException;
  }

  private final S3Settings.Client client;
  private final ScheduledThreadPoolExecutor timer = StoreTesting.timerExecutor();
  private final ArrayDeque<Answer> script = new ArrayDeque<>();
  private final List<String> seen = new ArrayList<>();
  private Headers lastHeaders = new Headers();

  @SuppressWarnings("NullAway.Init") // set by JUnit
  @TempDir
  private Path directory;

  @SuppressWarnings("NullAway.Init") // set before each test
  private HttpServer server;

  @SuppressWarnings("NullAway.Init") // start() sets the rest
  protected S3AnswerContract(S3Settings.Client client) {
    this.client = client;
  }

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16);
    server.createContext("/", this::handle);
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
    timer.shutdownNow();
  }

  private void handle(HttpExchange exchange) throws IOException {
    exchange.getRequestBody().readAllBytes();
    Answer answer;
    synchronized (this) {
      seen.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
      lastHeaders = exchange.getRequestHeaders();
      // The last answer goes on for ever.
      answer = script.size() > 1 ? script.remove() : script.element();
    }
    answer.to(exchange);
    exchange.close();
  }

  private static Answer error(int status, String code) {
    return exchange -> {
      byte[] body =
          code.isEmpty()
              ? "<html>nothing here</html>".getBytes(UTF_8)
              : ("<Error><Code>"
                      + code
                      + "</Code><Message>StringToSign "
                      + SECRET
                      + "</Message></Error>")
                  .getBytes(UTF_8);
      exchange.sendResponseHeaders(status, body.length);
      exchange.getResponseBody().write(body);
    };
  }

  private static Answer object(byte[] body, String... headers) {
    return exchange -> {
      exchange.getResponseHeaders().set("ETag", "\"t\"");
      for (int i = 0; i < headers.length; i += 2) {
        exchange.getResponseHeaders().set(headers[i], headers[i + 1]);
      }
      exchange.sendResponseHeaders(
          exchange.getResponseHeaders().containsKey("Content-Range") ? 206 : 200,
          body.length == 0 ? -1 : body.length);
      exchange.getResponseBody().write(body);
    };
  }

  private synchronized void script(Answer... answers) {
    script.clear();
    script.addAll(List.of(answers));
    seen.clear();
  }

  private ObjectStore open(StoreLimits limits) throws IOException {
    return open("http://127.0.0.1:" + server.getAddress().getPort(), limits);
  }

  private ObjectStore open(String endpoint, StoreLimits limits) throws IOException {
    Path file = directory.resolve("credentials");
    Files.writeString(
        file, "[default]\naws_access_key_id = AKIDTEST\naws_secret_access_key = " + SECRET + "\n");
    return open(settings(endpoint, file), limits);
  }

  private ObjectStore open(S3Settings settings, StoreLimits limits) {
    return new StoreAddress.S3(settings).open(limits, new ExecutorStoreTimer(timer));
  }

  private S3Settings settings(String endpoint, Path file) {
    return S3Settings.of(
            "bucket", S3Endpoint.at(URI.create(endpoint)), CredentialSource.ofFile(file))
        .by(client);
  }

  private static StoreLimits quick() {
    return new StoreLimits(4, 16, 20_000_000_000L, 5_000_000_000L, 4, 1_000_000, 5_000_000, 0);
  }

  @Test
  void retriesUntilItWorks() throws IOException {
    byte[] body = bytes(1000, 1);
    try (ObjectStore store = open(quick())) {
      script(error(503, "SlowDown"), error(500, "InternalError"), object(body));
      assertArrayEquals(body, bytesOf(join(store.get("k", ByteRange.whole(1000), READ))));
      var counts = store.statistics().of(RequestKind.GET, RequestPurpose.READ);
      assertEquals(1, counts.requests());
      assertEquals(3, counts.attempts());
      assertEquals(2, counts.retries());
      assertEquals(3, seen.size());

      script(error(409, "ConditionalRequestConflict"), object(new byte[0]));
      ETag etag = join(store.put("k", segments(body), PutCondition.ifAbsent(), READ));
      assertEquals("\"t\"", etag.value());
      assertEquals("*", lastHeaders.getFirst("If-None-Match"));
      assertEquals(S3Checksums.base64(body), lastHeaders.getFirst("x-amz-checksum-crc32c"));
      assertEquals(2 * 1000, store.statistics().of(RequestKind.PUT).sentBytes());
    }
  }

  /** The policy retries; a library below it that did so too would multiply attempts and charges. */
  @Test
  void eachAttemptIsOneRequest() throws IOException {
    try (ObjectStore store = open(quick())) {
      Answer comeBackAtOnce =
          exchange -> {
            exchange.getResponseHeaders().set("Retry-After", "0");
            exchange.sendResponseHeaders(503, -1);
          };
      script(comeBackAtOnce);
      for (var future :
          List.of(
              store.get("k", ByteRange.whole(9), READ),
              store.put("k", segments(bytes(9, 1)), PutCondition.always(), READ),
              store.list("k", null, 9, READ))) {
        assertFails(StoreException.Unavailable.class, future);
      }
      assertEquals(12, store.statistics().total().attempts());
      assertEquals(12, seen.size(), seen.toString());
    }
  }

  /** As servers written in Go answer plain HTTP where they speak TLS. */
  @Test
  void aServerThatWantsTlsIsTold() throws IOException {
    try (ObjectStore store = open(quick())) {
      script(error(400, ""));
      var e = assertFails(StoreException.Invalid.class, store.get("k", ByteRange.whole(9), READ));
      assertTrue(String.valueOf(e.getMessage()).contains("tls=on"), e.getMessage());
    }
  }

  @Test
  void redirectsAreToldAndNotFollowed() throws IOException {
    try (ObjectStore store = open(quick())) {
      script(exchange -> {
        exchange.getResponseHeaders().set("Location", "http://127.0.0.1:1/elsewhere");
        exchange.sendResponseHeaders(307, -1);
      });
      var e = assertFails(StoreException.Invalid.class, store.get("k", ByteRange.whole(9), READ));
      assertTrue(String.valueOf(e.getMessage()).contains("region="), e.getMessage());
      assertEquals(1, seen.size());
    }
  }

  /** Nobody asks where a bucket is, which would be a request that no bill expects. */
  @Test
  void onlyWhatWasAskedForIsSent() throws IOException {
    try (ObjectStore store = open(quick())) {
      script(object(new byte[9]));
      join(store.get("p/k", ByteRange.whole(9), READ));
      join(store.put("p/k", segments(bytes(9, 1)), PutCondition.always(), READ));
      join(store.delete("p/k", READ));
      assertEquals(List.of("GET /bucket/p/k", "PUT /bucket/p/k", "DELETE /bucket/p/k"), seen);
    }
  }

  /** A request that nobody waits for any more leaves its connection, not only its future. */
  @Test
  void aGivenUpAttemptCutsItsConnection() throws Exception {
    try (var silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        ObjectStore store = open("http://127.0.0.1:" + silent.getLocalPort(), quick())) {
      silent.setSoTimeout(10_000);
      var request = store.get("k", ByteRange.whole(9), READ.withTimeoutNanos(3_000_000_000L));
      try (Socket connection = silent.accept()) {
        connection.setSoTimeout(10_000);
        assertFails(StoreException.Unavailable.class, request);
        // What was sent, and then the end, long before the attempt's own five seconds.
        long startNanos = System.nanoTime();
        try {
          connection.getInputStream().readAllBytes();
        } catch (java.net.SocketException e) {
          // A reset is an end too.
        }
        assertTrue(System.nanoTime() - startNanos < 3_000_000_000L);
      }
    }
  }

  @Test
  void aServerThatSpeaksNoTlsIsToldFromADeadOne() throws IOException {
    try (var plain = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      Thread answering =
          Thread.ofVirtual()
              .start(() -> {
                while (true) {
                  try (Socket connection = plain.accept()) {
                    connection.setSoTimeout(1000);
                    connection.getInputStream().read(new byte[16 << 10]);
                    connection
                        .getOutputStream()
                        .write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(UTF_8));
                    connection.shutdownOutput();
                    // Until the client goes: a reset would overtake the answer.
                    connection.getInputStream().readAllBytes();
                  } catch (java.net.SocketTimeoutException | java.net.SocketException e) {
                    if (plain.isClosed()) {
                      return;
                    }
                  } catch (IOException e) {
                    return;
                  }
                }
              });
      try (ObjectStore store = open("https://127.0.0.1:" + plain.getLocalPort(), quick())) {
        var e =
            assertFails(StoreException.Unavailable.class, store.get("k", ByteRange.whole(9), READ));
        assertInstanceOf(StoreException.Unreachable.class, e.getCause());
        // The AWS SDK keeps to itself what it received, and says that the connection was closed.
        assertEquals(
            client == S3Settings.Client.MINIO,
            String.valueOf(e.getMessage()).contains("tls=off"),
            e.getMessage());
      }
      assertTrue(answering.isAlive());
    }
  }

  @Test
  void retriesEnd() throws IOException {
    try (ObjectStore store = open(quick())) {
      script(error(503, "SlowDown"));
      var e = assertFails(StoreException.Unavailable.class, store.delete("k", READ));
      assertEquals(4, e.attempts());
      assertInstanceOf(StoreException.Throttled.class, e.getCause());
      assertEquals(4, seen.size());
    }
  }

  /**
   * The reply to the first put is lost; the retry meets 412: reported, and told that it may be
   * ours.
   */
  @Test
  void aLostReplyIsReportedHonestly() throws IOException {
    try (ObjectStore store = open(quick())) {
      script(HttpExchange::close, error(412, "PreconditionFailed"));
      var e =
          assertFails(
              StoreException.PreconditionFailed.class,
              store.put("k", segments(bytes(10, 1)), PutCondition.ifAbsent(), READ));
      assertEquals(2, e.attempts());
    }
  }

  @Test
  void onlyNoSuchKeyIsAbsent() throws IOException {
    try (ObjectStore store = open(quick())) {
      script(error(404, "NoSuchKey"));
      assertFails(StoreException.NotFound.class, store.get("k", ByteRange.whole(9), READ));
      for (String code : new String[] {"", "NoSuchBucket", "NoSuchUpload"}) {
        script(error(404, code));
        assertFails(StoreException.Invalid.class, store.get("k", ByteRange.whole(9), READ));
      }
    }
  }

  @Test
  void refusalsHoldNoTextOfTheServer() throws IOException {
    try (ObjectStore store = open(quick())) {
      script(error(403, "SignatureDoesNotMatch"));
      var e =
          assertFails(StoreException.Unauthorized.class, store.get("k", ByteRange.whole(9), READ));
      String message = String.valueOf(e.getMessage());
      assertTrue(message.contains("403 SignatureDoesNotMatch"), message);
      assertTrue(message.contains("GET k at " + store.description()), message);
      assertFalse(message.contains(SECRET), message);
      assertEquals(1, seen.size());
    }
  }

  @Test
  void bodiesThatStayDamagedAreCorrupt() throws IOException {
    byte[] body = bytes(100, 1);
    try (ObjectStore store = open(quick())) {
      // Base64 of a CRC32C that is not this body's.
      script(
          object(body, "x-amz-checksum-crc32c", "AAAAAA==", "x-amz-checksum-type", "FULL_OBJECT"));
      assertFails(StoreException.Corrupt.class, store.get("k", ByteRange.whole(100), READ));
      assertEquals("ENABLED", lastHeaders.getFirst("x-amz-checksum-mode"));
      script(object(body, "x-amz-checksum-crc32c", S3Checksums.base64(body)));
      assertArrayEquals(body, bytesOf(join(store.get("k", ByteRange.whole(100), READ))));
      script(object(body));
      assertFails(StoreException.Corrupt.class, store.get("k", ByteRange.whole(99), READ));
      assertEquals(3, store.statistics().total().retries());
      assertEquals(4, store.statistics().total().trouble().damaged());
    }
  }

  @Test
  void wrongRangesAreNotBelieved() throws IOException {
    byte[] body = bytes(100, 1);
    try (ObjectStore store = open(quick())) {
      for (String range :
          new String[] {"bytes 11-110/500", "bytes 10-109/50", "bytes */500", "x"}) {
        script(object(body, "Content-Range", range));
        assertFails(StoreException.Internal.class, store.get("k", ByteRange.span(10, 100), READ));
      }
      script(object(body));
      assertFails(StoreException.Internal.class, store.get("k", ByteRange.span(10, 100), READ));
      script(object(body, "Content-Range", "bytes 10-109/500"));
      assertArrayEquals(body, bytesOf(join(store.get("k", ByteRange.span(10, 100), READ))));
    }
  }

  @Test
  void aCutReplyIsRetried() throws IOException {
    byte[] body = bytes(5000, 1);
    try (ObjectStore store = open(quick())) {
      Answer cut =
          exchange -> {
            exchange.getResponseHeaders().set("ETag", "\"t\"");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body, 0, 2000);
            exchange.getResponseBody().flush();
          };
      script(cut, object(body));
      assertArrayEquals(body, bytesOf(join(store.get("k", ByteRange.whole(5000), READ))));
      assertEquals(1, store.statistics().total().retries());
    }
  }

  /**
   * A server that accepts and says nothing: the deadline holds, and so does the bound of attempts.
   */
  @Test
  void deadlineOnASilentServer() throws IOException {
    try (var silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        ObjectStore store =
            open(
                "http://127.0.0.1:" + silent.getLocalPort(),
                quick().withTimeouts(6_000_000_000L, 1_600_000_000L))) {
      long startNanos = System.nanoTime();
      var e =
          assertFails(
              StoreException.Unavailable.class,
              store.put("k", segments(bytes(1 << 20, 1)), PutCondition.ifAbsent(), READ));
      long tookMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNanos);
      assertTrue(tookMillis >= 5000 && tookMillis < 20_000, tookMillis + " ms");
      assertInstanceOf(StoreException.Timeout.class, e.getCause());
      assertTrue(e.attempts() >= 3, e.attempts() + " attempts");
      var own =
          assertFails(
              StoreException.Unavailable.class,
              store.get("k", ByteRange.whole(9), READ.withTimeoutNanos(100_000_000)));
      assertEquals(1, own.attempts());
    }
  }

  @Test
  void nobodyListens() throws IOException {
    // Bound and not listening: nobody else gets the port, and a connection to it does not leave
    // from
    // the same one, which would meet itself.
    try (var taken = new Socket()) {
      taken.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      refusesConnections("http://127.0.0.1:" + taken.getLocalPort());
    }
  }

  private void refusesConnections(String endpoint) throws IOException {
    try (ObjectStore store = open(endpoint, quick())) {
      var e =
          assertFails(StoreException.Unavailable.class, store.get("k", ByteRange.whole(9), READ));
      assertInstanceOf(StoreException.Unreachable.class, e.getCause());
    }
  }

  @Test
  void listingsThatLeadNowhereAreRefused() throws IOException {
    String head =
        "<ListBucketResult><Name>bucket</Name><Prefix>p/</Prefix><MaxKeys>2</MaxKeys>"
            + "<IsTruncated>true</IsTruncated>";
    String item =
        "<Contents><Key>%s</Key><Size>3</Size>"
            + "<LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>";
    String tail = "<NextContinuationToken>n</NextContinuationToken></ListBucketResult>";
    try (ObjectStore store = open(quick())) {
      for (String items :
          new String[] {
            "",
            item.formatted("other/a"),
            item.formatted("p/b") + item.formatted("p/a"),
            item.formatted("p/a") + item.formatted("p/b") + item.formatted("p/c")
          }) {
        script(object((head + items + tail).getBytes(UTF_8)));
        assertFails(StoreException.Internal.class, store.list("p/", null, 2, READ));
      }
      script(object((head + item.formatted("p/a") + tail).getBytes(UTF_8)));
      assertEquals("n", join(store.list("p/", null, 2, READ)).continuation());
      assertFails(StoreException.Internal.class, store.list("p/", "n", 2, READ));
    }
  }

  @Test
  void badCredentialsFilesAreRefusedWithoutTheirContent() throws IOException {
    Path file = directory.resolve("bad");
    Files.writeString(file, "[default\naws_secret_access_key " + SECRET + "\n");
    var settings = settings("http://127.0.0.1:1", file);
    var e = assertThrows(StoreException.Invalid.class, () -> open(settings, quick()));
    assertFalse(String.valueOf(e.getMessage()).contains(SECRET), e.getMessage());

    Files.writeString(file, "[someone-else]\naws_access_key_id = a\naws_secret_access_key = b\n");
    try (ObjectStore store = open(settings, quick())) {
      assertFails(StoreException.Unauthorized.class, store.get("k", ByteRange.whole(9), READ));
    }
  }
}
