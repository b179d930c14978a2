package dev.isthmus.blocktranslation.store.s3;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.isthmus.blocktranslation.store.StoreException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;

/**
 * Credentials from everywhere, and nowhere in a message. What the environment says is said by the
 * SDK's system properties of the same meaning, since a process can't change its environment.
 */
class S3CredentialsTest {

  private static final String OWN_SECRET = "ownSecretThatNobodyMayRead";
  private static final String IDENTITY = "identityTokenThatNobodyMayRead";
  private static final String ROLE = "arn:aws:iam::123456789012:role/disks";

  private final Map<String, @Nullable String> before = new HashMap<>();
  private final List<Throwable> failures = new ArrayList<>();
  private final ListAppender<ILoggingEvent> log = new ListAppender<>();

  @SuppressWarnings("NullAway.Init") // set by JUnit
  @TempDir
  private Path directory;

  @SuppressWarnings("NullAway.Init") // set before each test
  private FakeTokenService service;

  @BeforeEach
  void start() throws IOException {
    service = new FakeTokenService();
    set("aws.sharedCredentialsFile", directory.resolve("none").toString());
    set("aws.configFile", directory.resolve("none").toString());
    set("aws.endpointUrlSts", service.uri().toString());
    set("aws.region", "eu-central-1");
    log.start();
    rootLogger().addAppender(log);
  }

  @AfterEach
  void stop() {
    rootLogger().detachAppender(log);
    service.close();
    before.forEach((key, value) -> {
      if (value == null) {
        System.clearProperty(key);
      } else {
        System.setProperty(key, value);
      }
    });
    String all = everythingSaid();
    for (String secret :
        List.of(OWN_SECRET, IDENTITY, FakeTokenService.SECRET, FakeTokenService.TOKEN)) {
      assertFalse(all.contains(secret), all);
    }
  }

  private static ch.qos.logback.classic.Logger rootLogger() {
    return (ch.qos.logback.classic.Logger)
        LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
  }

  private String everythingSaid() {
    var all = new StringWriter();
    var out = new PrintWriter(all);
    failures.forEach(f -> f.printStackTrace(out));
    log.list.forEach(event -> out.println(event.getFormattedMessage()));
    return all.toString();
  }

  private void set(String property, String value) {
    String old = System.setProperty(property, value);
    before.putIfAbsent(property, old);
  }

  private static S3Settings settings(CredentialSource source) {
    return S3Settings.of("bucket", S3Endpoint.at(URI.create("http://127.0.0.1:1")), source);
  }

  private static S3Credentials open(CredentialSource source) {
    return S3Credentials.open(settings(source));
  }

  private StoreException refused(S3Credentials credentials) {
    StoreException e = assertThrows(StoreException.class, credentials::resolveCredentials);
    failures.add(e);
    return e;
  }

  private Path write(String name, String text) throws IOException {
    return Files.writeString(directory.resolve(name), text);
  }

  private static String profile(String name, String keyId) {
    return "[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\n"
        .formatted(name, keyId, OWN_SECRET);
  }

  /** What stands in the environment or in properties wins over files. */
  @Test
  void keysOfTheEnvironment() throws IOException {
    set("aws.sharedCredentialsFile", write("user", profile("default", "OFFILE")).toString());
    try (S3Credentials credentials = open(CredentialSource.DEFAULT)) {
      assertEquals("OFFILE", credentials.resolveCredentials().accessKeyId());
    }
    set("aws.accessKeyId", "OFENV");
    set("aws.secretAccessKey", OWN_SECRET);
    try (S3Credentials credentials = open(CredentialSource.DEFAULT)) {
      assertEquals("OFENV", credentials.resolveCredentials().accessKeyId());
    }
    try (S3Credentials credentials =
        open(CredentialSource.ofFile(write("own", profile("default", "NAMED"))))) {
      assertEquals("NAMED", credentials.resolveCredentials().accessKeyId());
    }
  }

  @Test
  void nothingAtAllIsToldAndIsNotAnonymous() {
    try (S3Credentials credentials = open(CredentialSource.DEFAULT)) {
      StoreException e = assertInstanceOf(StoreException.Unauthorized.class, refused(credentials));
      assertTrue(String.valueOf(e.getMessage()).contains("no anonymous access"), e.getMessage());
      assertTrue(String.valueOf(e.getMessage()).contains("credentials_file="), e.getMessage());
    }
  }

  /** Replaced by a rename while many ask: each answer is one of the two, and soon the new one. */
  @Test
  void aReplacedFileIsPickedUpUnderLoad() throws Exception {
    Path file = write("rotated", profile("default", "OLD"));
    try (S3Credentials credentials = open(CredentialSource.ofFile(file))) {
      assertEquals("OLD", credentials.resolveCredentials().accessKeyId());
      Path next = write("next", profile("default", "NEW"));
      Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      untilKey(credentials, "OLD", "NEW");
    }
  }

  /** Asks on and on; throws if a question fails. */
  private static void untilKey(S3Credentials credentials, String old, String wanted)
      throws InterruptedException {
    long startNanos = System.nanoTime();
    while (true) {
      String key = credentials.resolveCredentials().accessKeyId();
      if (key.equals(wanted)) {
        return;
      }
      assertEquals(old, key);
      assertTrue(System.nanoTime() - startNanos < 30_000_000_000L, "never renewed");
      Thread.sleep(5);
    }
  }

  /** An editor truncates, writes, and is done: nobody notices. */
  @Test
  void aFileThatIsBeingWrittenIsWaitedFor() throws Exception {
    Path file = write("edited", profile("default", "OLD"));
    try (S3Credentials credentials = open(CredentialSource.ofFile(file))) {
      assertEquals("OLD", credentials.resolveCredentials().accessKeyId());
      Files.writeString(file, "");
      long startNanos = System.nanoTime();
      while (System.nanoTime() - startNanos < WatchedProfileFile.CHECK_INTERVAL_NANOS * 3 / 2) {
        assertEquals("OLD", credentials.resolveCredentials().accessKeyId());
        Thread.sleep(20);
      }
      Files.writeString(file, profile("default", "NEW"));
      untilKey(credentials, "OLD", "NEW");
    }
  }

  @Test
  void aFileThatStaysBrokenIsToldAndMended() throws Exception {
    for (String broken : new String[] {"", "[default\naws_secret_access_key " + OWN_SECRET}) {
      Path file = write("broken", profile("default", "OLD"));
      try (S3Credentials credentials = open(CredentialSource.ofFile(file))) {
        assertEquals("OLD", credentials.resolveCredentials().accessKeyId());
        Files.writeString(file, broken);
        StoreException e = null;
        long startNanos = System.nanoTime();
        while (e == null && System.nanoTime() - startNanos < 30_000_000_000L) {
          try {
            credentials.resolveCredentials();
            Thread.sleep(20);
          } catch (StoreException thrown) {
            e = thrown;
            failures.add(thrown);
          }
        }
        assertInstanceOf(StoreException.Unauthorized.class, e);
        assertTrue(String.valueOf(e.getMessage()).contains("file"), e.getMessage());
        Files.writeString(file, profile("default", "MENDED"));
        startNanos = System.nanoTime();
        @Nullable String key = null;
        while (key == null && System.nanoTime() - startNanos < 30_000_000_000L) {
          try {
            key = credentials.resolveCredentials().accessKeyId();
          } catch (StoreException.Unauthorized still) {
            Thread.sleep(20);
          }
        }
        assertEquals("MENDED", key);
      }
    }
  }

  /** IRSA, as a pod on Kubernetes has it; short-lived, so that the renewal is seen. */
  @Test
  void webIdentityIsRenewed() throws Exception {
    set("aws.webIdentityTokenFile", write("token", IDENTITY).toString());
    set("aws.roleArn", ROLE);
    set("aws.roleSessionName", "pod");
    service.lifetime(Duration.ofSeconds(63));
    try (S3Credentials credentials = open(CredentialSource.DEFAULT)) {
      AwsCredentials first = credentials.resolveCredentials();
      assertEquals("ISSUED1", first.accessKeyId());
      assertEquals(
          FakeTokenService.TOKEN,
          assertInstanceOf(AwsSessionCredentials.class, first).sessionToken());
      untilKey(credentials, "ISSUED1", "ISSUED2");
    }
    Map<String, String> asked = service.asked().getFirst();
    assertEquals("AssumeRoleWithWebIdentity", asked.get("Action"));
    assertEquals(IDENTITY, asked.get("WebIdentityToken"));
    assertEquals(ROLE, asked.get("RoleArn"));
    assertNull(asked.get("Authorization"));
  }

  /** ECS and EKS Pod Identity. */
  @Test
  void containerCredentialsAreRenewed() throws Exception {
    set("aws.containerCredentialsFullUri", service.uri() + "/container");
    set("aws.containerAuthorizationToken", IDENTITY);
    service.lifetime(Duration.ofSeconds(63));
    try (S3Credentials credentials = open(CredentialSource.DEFAULT)) {
      assertEquals("ISSUED1", credentials.resolveCredentials().accessKeyId());
      untilKey(credentials, "ISSUED1", "ISSUED2");
    }
    assertEquals(IDENTITY, service.asked().getFirst().get("Authorization"));
  }

  @Test
  void aRoleOfTheUriIsAssumedAndRenewed() throws Exception {
    Path file = write("base", profile("default", "BASE"));
    service.lifetime(Duration.ofSeconds(63));
    var source =
        new CredentialSource(file, null, new CredentialSource.AssumedRole(ROLE, "agreed-1"));
    try (S3Credentials credentials = open(source)) {
      assertEquals("ISSUED1", credentials.resolveCredentials().accessKeyId());
      untilKey(credentials, "ISSUED1", "ISSUED2");
    }
    Map<String, String> asked = service.asked().getFirst();
    assertEquals("AssumeRole", asked.get("Action"));
    assertEquals(ROLE, asked.get("RoleArn"));
    assertEquals("agreed-1", asked.get("ExternalId"));
    assertTrue(String.valueOf(asked.get("Authorization")).contains("Credential=BASE/"));
  }

  @Test
  void aRoleOfAProfileIsAssumed() throws IOException {
    Path file =
        write(
            "profiles",
            profile("base", "BASE")
                + "[disks]\nrole_arn = %s\nsource_profile = base\nexternal_id = agreed-2\n"
                    .formatted(ROLE));
    try (S3Credentials credentials = open(new CredentialSource(file, "disks", null))) {
      assertEquals("ISSUED1", credentials.resolveCredentials().accessKeyId());
    }
    // The same as people have it: the role in ~/.aws/config, the keys in ~/.aws/credentials.
    set("aws.sharedCredentialsFile", write("user", profile("base", "BASE")).toString());
    set(
        "aws.configFile",
        write("config", "[profile disks]\nrole_arn = " + ROLE + "\nsource_profile = base\n")
            .toString());
    try (S3Credentials credentials = open(new CredentialSource(null, "disks", null))) {
      assertEquals("ISSUED2", credentials.resolveCredentials().accessKeyId());
    }
    assertEquals("agreed-2", service.asked().getFirst().get("ExternalId"));
    assertTrue(
        String.valueOf(service.asked().getLast().get("Authorization"))
            .contains("Credential=BASE/"));
  }

  @Test
  void whatTheTokenServiceRefusesIsToldWithoutItsWords() throws IOException {
    Path file = write("base", profile("default", "BASE"));
    var role = new CredentialSource(file, null, new CredentialSource.AssumedRole(ROLE, null));
    service.refuse(403);
    try (S3Credentials credentials = open(role)) {
      StoreException e = assertInstanceOf(StoreException.Unauthorized.class, refused(credentials));
      assertTrue(String.valueOf(e.getMessage()).contains("403 AccessDenied"), e.getMessage());
    }
    set("aws.webIdentityTokenFile", write("token", IDENTITY).toString());
    set("aws.roleArn", ROLE);
    try (S3Credentials credentials = open(CredentialSource.DEFAULT)) {
      StoreException e = assertInstanceOf(StoreException.Unauthorized.class, refused(credentials));
      assertTrue(String.valueOf(e.getMessage()).contains("403"), e.getMessage());
    }
  }

  /** A token service that is away for a while is waited for; the keys are not wrong. */
  @Test
  void aTokenServiceThatIsAwayIsTransient() throws IOException {
    Path file = write("base", profile("default", "BASE"));
    var role = new CredentialSource(file, null, new CredentialSource.AssumedRole(ROLE, null));
    service.refuse(503);
    try (S3Credentials credentials = open(role)) {
      assertInstanceOf(StoreException.Transient.class, refused(credentials));
    }
    service.close();
    try (S3Credentials credentials = open(role)) {
      assertInstanceOf(StoreException.Transient.class, refused(credentials));
    }
  }
}
