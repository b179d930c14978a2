package dev.isthmus.blocktranslation.store.s3;

import static dev.isthmus.blocktranslation.store.StoreTesting.assertFails;
import static dev.isthmus.blocktranslation.store.StoreTesting.segments;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blocktranslation.store.ByteRange;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.ObjectStoreContract;
import dev.isthmus.blocktranslation.store.PutCondition;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreException;
import dev.isthmus.blocktranslation.store.StoreLimits;
import dev.isthmus.blocktranslation.store.StoreTesting;
import dev.isthmus.blocktranslation.store.TestS3Server;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.model.ChecksumMode;

/** The contract, and what is S3's own, on a real server by one of the libraries. */
public abstract class S3ServerContract extends ObjectStoreContract {

  private static final RequestOptions ADMIN = RequestOptions.of(RequestPurpose.ADMIN);
  private static final String WRONG_SECRET = "thisIsNotTheSecretKeyOfAnyone";

  private final TestS3Server server;
  private final S3Settings.Client client;

  /**
   * Tests of one pair.
   *
   * @param server runs for all tests of the class
   * @param client what speaks to it
   */
  protected S3ServerContract(TestS3Server server, S3Settings.Client client) {
    this.server = server;
    this.client = client;
  }

  private S3Settings settings() {
    return server.settings().by(client);
  }

  @Override
  protected ObjectStore openStore() {
    return server.openStore(settings(), StoreLimits.DEFAULT.withRequests(64, 8192));
  }

  private ObjectStore open(S3Settings settings) {
    return server.openStore(settings, StoreLimits.DEFAULT);
  }

  @Test
  void wrongSecretIsRefusedInWordsThatHoldNone(@TempDir Path directory) throws IOException {
    Path file = directory.resolve("credentials");
    Files.writeString(
        file,
        "[other]\naws_access_key_id = %s\naws_secret_access_key = %s\n"
            .formatted(server.accessKey(), WRONG_SECRET));
    refuses(settings().with(new CredentialSource(file, "other", null)));
  }

  @Test
  void unknownAccessKeyIsRefused(@TempDir Path directory) throws IOException {
    Path file = directory.resolve("credentials");
    Files.writeString(
        file,
        "[default]\naws_access_key_id = NOSUCHKEY\naws_secret_access_key = %s\n"
            .formatted(WRONG_SECRET));
    refuses(settings().with(CredentialSource.ofFile(file)));
  }

  private void refuses(S3Settings settings) {
    try (ObjectStore store = open(settings)) {
      for (var future :
          java.util.List.of(
              store.get("some/key", ByteRange.whole(10), ADMIN),
              store.put("some/key", segments(new byte[10]), PutCondition.ifAbsent(), ADMIN),
              store.delete("some/key", ADMIN),
              store.list("some/key", null, 10, ADMIN))) {
        var refused = assertFails(StoreException.Unauthorized.class, future);
        var trace = new StringWriter();
        refused.printStackTrace(new PrintWriter(trace));
        assertTrue(trace.toString().contains("some/key"), trace.toString());
        assertTrue(trace.toString().contains(server.bucket()), trace.toString());
        assertFalse(trace.toString().contains(WRONG_SECRET), trace.toString());
        assertFalse(trace.toString().contains(server.accessKey()), trace.toString());
        assertFalse(trace.toString().contains("NOSUCHKEY"), trace.toString());
      }
      assertEquals(0, store.statistics().total().retries());
    }
  }

  @Test
  void missingBucketIsNotAnAbsentObject() {
    var settings =
        S3Settings.of(
                "no-such-bucket",
                S3Endpoint.at(server.endpoint()),
                CredentialSource.ofFile(server.credentialsFile()))
            .by(client);
    try (ObjectStore store = open(settings)) {
      assertFails(
          StoreException.Invalid.class, store.get("some/key", ByteRange.span(0, 10), ADMIN));
      assertFails(
          StoreException.Invalid.class,
          store.put("some/key", segments(new byte[10]), PutCondition.ifAbsent(), ADMIN));
      assertFails(StoreException.Invalid.class, store.list("", null, 10, ADMIN));
    }
  }

  /** The checksum of each put is kept and comes back, so that a whole read is verified. */
  @Test
  void checksumsAreKept() {
    byte[] body = StoreTesting.bytes(12_345, 1);
    try (ObjectStore store = openStore();
        S3AsyncClient bare = server.client()) {
      StoreTesting.join(store.put("summed", segments(body), PutCondition.always(), ADMIN));
      var head =
          bare.headObject(
                  r -> r.bucket(server.bucket()).key("summed").checksumMode(ChecksumMode.ENABLED))
              .join();
      assertEquals(S3Checksums.base64(body), head.checksumCRC32C());
    }
  }

  /** A server that is stopped and goes on: requests wait it out within their deadline. */
  @Test
  void stoppedServerIsWaitedFor() throws IOException, InterruptedException {
    try (ObjectStore store =
        server.openStore(
            settings(), StoreLimits.DEFAULT.withTimeouts(60_000_000_000L, 1_000_000_000L))) {
      signal("STOP");
      var put = store.put("paused", segments(new byte[10]), PutCondition.always(), ADMIN);
      Thread.sleep(2500);
      assertFalse(put.isDone());
      signal("CONT");
      StoreTesting.join(put);
      assertTrue(store.statistics().total().retries() >= 1);
    } finally {
      signal("CONT");
    }
  }

  private void signal(String name) throws IOException, InterruptedException {
    int exit =
        new ProcessBuilder("kill", "-" + name, Long.toString(server.pid())).start().waitFor();
    assertEquals(0, exit);
  }
}
