package dev.isthmus.blocktranslation.store;

import static dev.isthmus.blocktranslation.store.StoreTesting.assertFails;
import static dev.isthmus.blocktranslation.store.StoreTesting.bytes;
import static dev.isthmus.blocktranslation.store.StoreTesting.bytesOf;
import static dev.isthmus.blocktranslation.store.StoreTesting.join;
import static dev.isthmus.blocktranslation.store.StoreTesting.segments;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blocktranslation.store.s3.InsecureTls;
import dev.isthmus.blocktranslation.store.s3.Placement;
import dev.isthmus.blocktranslation.store.s3.ProxyChoice;
import dev.isthmus.blocktranslation.store.s3.S3Settings;
import dev.isthmus.blocktranslation.store.s3.Tls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import software.amazon.awssdk.services.s3.S3AsyncClient;

/** Trust, proxies and placement by both libraries, on a real MinIO that speaks TLS. */
class BucketSettingsIT {

  private static final RequestOptions SEGMENT = RequestOptions.of(RequestPurpose.SEGMENT);

  /** Few attempts: what is refused here is refused each time. */
  private static final StoreLimits QUICK =
      new StoreLimits(4, 16, 20_000_000_000L, 10_000_000_000L, 2, 1_000_000, 5_000_000);

  @SuppressWarnings("NullAway.Init") // set by JUnit
  @TempDir
  private static Path directory;

  @SuppressWarnings("NullAway.Init") // set before all tests
  private static TestMinio server;

  @SuppressWarnings("NullAway.Init") // set before all tests
  private static TestCertificates others;

  @BeforeAll
  static void start() throws IOException {
    server =
        TestMinio.startTls(
            TestCertificates.make(Files.createDirectories(directory.resolve("own"))));
    others = TestCertificates.make(Files.createDirectories(directory.resolve("others")));
  }

  @AfterAll
  static void stop() {
    if (server != null) {
      server.close();
    }
  }

  @AfterEach
  void forbid() {
    InsecureTls.allow(false);
  }

  private static void works(S3Settings settings, String key) {
    byte[] body = bytes(300_000, 7);
    try (ObjectStore store = server.openStore(settings, QUICK)) {
      join(store.put(key, segments(body), PutCondition.always(), SEGMENT));
      assertArrayEquals(body, bytesOf(join(store.get(key, ByteRange.whole(1 << 20), SEGMENT))));
      assertEquals(1, join(store.list(key, null, 9, SEGMENT)).objects().size());
      join(store.delete(key, SEGMENT));
    }
  }

  private static StoreException refused(S3Settings settings) {
    try (ObjectStore store = server.openStore(settings, QUICK)) {
      return assertFails(
          StoreException.Unavailable.class, store.get("k", ByteRange.whole(9), SEGMENT));
    }
  }

  @ParameterizedTest
  @EnumSource
  void aPrivateAuthorityIsTrustedWhereItIsNamed(S3Settings.Client client) {
    works(server.settings().by(client), "trusted-" + client);
  }

  @ParameterizedTest
  @EnumSource
  void anotherAuthorityIsNot(S3Settings.Client client) {
    S3Settings settings = server.settings().by(client);
    for (Tls tls : new Tls[] {new Tls(others.caFile(), false), Tls.DEFAULT}) {
      String message = String.valueOf(refused(settings.with(tls)).getMessage());
      assertTrue(message.contains("certificate is not trusted"), message);
      assertTrue(message.contains("ca_file="), message);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aFileWithoutCertificatesIsRefused(S3Settings.Client client) throws IOException {
    for (Path file :
        new Path[] {
          Files.writeString(directory.resolve("empty.pem"), ""),
          Files.writeString(directory.resolve("text.pem"), "hello"),
          others.serverDirectory().resolve("private.key"),
          directory.resolve("absent.pem")
        }) {
      var e =
          assertThrows(
              StoreException.Invalid.class,
              () ->
                  server
                      .openStore(server.settings().by(client).with(new Tls(file, false)), QUICK)
                      .close(),
              file.toString());
      assertTrue(String.valueOf(e.getMessage()).contains(file.toString()), e.getMessage());
    }
  }

  @ParameterizedTest
  @EnumSource
  void anybodyIsTrustedOnlyWherePermitted(S3Settings.Client client) {
    S3Settings settings = server.settings().by(client).with(new Tls(null, true));
    var e =
        assertThrows(StoreException.Invalid.class, () -> server.openStore(settings, QUICK).close());
    assertTrue(String.valueOf(e.getMessage()).contains("--insecure-skip-verify"), e.getMessage());
    InsecureTls.allow(true);
    works(settings, "anybody-" + client);
  }

  @ParameterizedTest
  @EnumSource
  void aProxySeesTheRequests(S3Settings.Client client) throws IOException {
    try (var proxy = new TestProxy()) {
      S3Settings settings = server.settings().by(client);
      works(settings.with(new ProxyChoice.Through("127.0.0.1", proxy.port())), "p-" + client);
      String connect = "CONNECT " + server.endpoint().getAuthority() + " HTTP/1.1";
      assertTrue(proxy.requests().contains(connect), proxy.requests().toString());
      int before = proxy.requests().size();
      works(settings.with(ProxyChoice.direct()), "d-" + client);
      assertEquals(before, proxy.requests().size());
    }
  }

  /** A MinIO without a key service. */
  @ParameterizedTest
  @EnumSource
  void encryptionThatTheServerHasNotIsRefusedClearly(S3Settings.Client client) {
    var placement = new Placement(new Placement.Encryption.OfKeyService("disks"), null, Map.of());
    try (ObjectStore store =
        server.openStore(server.settings().by(client).with(placement), QUICK)) {
      var e =
          assertFails(
              StoreException.Invalid.class,
              store.put("k", segments(new byte[9]), PutCondition.always(), SEGMENT));
      assertTrue(String.valueOf(e.getMessage()).contains("sse="), e.getMessage());
    }
  }

  @ParameterizedTest
  @EnumSource
  void tagsAndClassesArriveAtTheServer(S3Settings.Client client) {
    var tags = Map.of("team", "storage+disks", "cost center", "42:a");
    String key = "tagged-" + client;
    try (ObjectStore store =
            server.openStore(
                server.settings().by(client).with(new Placement(null, "REDUCED_REDUNDANCY", tags)),
                QUICK);
        S3AsyncClient bare = server.client()) {
      join(store.put(key, segments(new byte[9]), PutCondition.always(), SEGMENT));
      var found = new HashMap<String, String>();
      bare.getObjectTagging(r -> r.bucket(server.bucket()).key(key))
          .join()
          .tagSet()
          .forEach(t -> found.put(t.key(), t.value()));
      assertEquals(tags, found);
      assertEquals(
          "REDUCED_REDUNDANCY",
          bare.headObject(r -> r.bucket(server.bucket()).key(key)).join().storageClassAsString());
    }
  }
}
