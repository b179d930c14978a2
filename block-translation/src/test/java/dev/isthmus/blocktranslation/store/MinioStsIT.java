package dev.isthmus.blocktranslation.store;

import static dev.isthmus.blocktranslation.store.StoreTesting.assertFails;
import static dev.isthmus.blocktranslation.store.StoreTesting.join;
import static dev.isthmus.blocktranslation.store.StoreTesting.segments;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.isthmus.blocktranslation.store.s3.CredentialSource;
import dev.isthmus.blocktranslation.store.s3.S3Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A session of MinIO's own STS, by both libraries: the server itself checks the token. */
class MinioStsIT {

  private static final RequestOptions ADMIN = RequestOptions.of(RequestPurpose.ADMIN);
  private static final String STS = "aws.endpointUrlSts";

  @SuppressWarnings("NullAway.Init") // set before all tests
  private static TestMinio server;

  @BeforeAll
  static void start() {
    server = TestMinio.start();
  }

  @AfterAll
  static void stop() {
    if (server != null) {
      server.close();
    }
  }

  @AfterEach
  void forget() {
    System.clearProperty(STS);
  }

  private static S3Settings assumed(S3Settings.Client client, Path file) {
    System.setProperty(STS, server.endpoint().toString());
    var role = new CredentialSource.AssumedRole("arn:minio:iam:::role/any", null);
    return server.settings().by(client).with(new CredentialSource(file, null, role));
  }

  @ParameterizedTest
  @EnumSource
  void aSessionIsGoodForEverything(S3Settings.Client client) {
    S3Settings settings = assumed(client, server.credentialsFile());
    try (ObjectStore store = server.openStore(settings, StoreLimits.DEFAULT)) {
      String key = "session-" + client;
      join(store.put(key, segments(new byte[9]), PutCondition.ifAbsent(), ADMIN));
      assertEquals(9, join(store.get(key, ByteRange.whole(9), ADMIN)).objectLengthBytes());
      assertEquals(1, join(store.list(key, null, 9, ADMIN)).objects().size());
      join(store.delete(key, ADMIN));
    }
  }

  @ParameterizedTest
  @EnumSource
  void aSessionThatIsNotGrantedIsUnauthorized(S3Settings.Client client, @TempDir Path directory)
      throws IOException {
    Path file = directory.resolve("credentials");
    Files.writeString(
        file, "[default]\naws_access_key_id = nobody\naws_secret_access_key = nobodysSecret\n");
    try (ObjectStore store = server.openStore(assumed(client, file), StoreLimits.DEFAULT)) {
      assertFails(StoreException.Unauthorized.class, store.get("k", ByteRange.whole(9), ADMIN));
    }
  }
}
