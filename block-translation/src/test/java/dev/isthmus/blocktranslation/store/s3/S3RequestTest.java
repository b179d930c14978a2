package dev.isthmus.blocktranslation.store.s3;

import static dev.isthmus.blocktranslation.store.StoreTesting.join;
import static dev.isthmus.blocktranslation.store.StoreTesting.segments;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.Headers;
import dev.isthmus.blocktranslation.store.ExecutorStoreTimer;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.PutCondition;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreAddress;
import dev.isthmus.blocktranslation.store.StoreException;
import dev.isthmus.blocktranslation.store.StoreLimits;
import dev.isthmus.blocktranslation.store.StoreTesting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What {@link Placement} adds to requests, by both libraries, as a server receives it. */
class S3RequestTest {

  private static final String ENCRYPTION = "x-amz-server-side-encryption";
  private static final String KEY = "x-amz-server-side-encryption-aws-kms-key-id";
  private static final String CLASS = "x-amz-storage-class";
  private static final String TAGS = "x-amz-tagging";

  private final ScheduledThreadPoolExecutor timer = StoreTesting.timerExecutor();

  @SuppressWarnings("NullAway.Init") // set by JUnit
  @TempDir
  private Path directory;

  @SuppressWarnings("NullAway.Init") // set before each test
  private RequestRecorder server;

  @BeforeEach
  void start() throws IOException {
    server = new RequestRecorder();
  }

  @AfterEach
  void stop() {
    server.close();
    timer.shutdownNow();
  }

  private ObjectStore open(S3Settings.Client client, Placement placement) throws IOException {
    Path file = directory.resolve("credentials");
    Files.writeString(file, "[default]\naws_access_key_id = a\naws_secret_access_key = b\n");
    var settings =
        S3Settings.of("bucket", S3Endpoint.at(server.uri()), CredentialSource.ofFile(file))
            .by(client)
            .with(placement);
    return new StoreAddress.S3(settings).open(StoreLimits.DEFAULT, new ExecutorStoreTimer(timer));
  }

  private Headers put(ObjectStore store, RequestPurpose purpose) {
    join(
        store.put("k", segments(new byte[9]), PutCondition.ifAbsent(), RequestOptions.of(purpose)));
    return server.last();
  }

  @ParameterizedTest
  @EnumSource
  void nothingUnasked(S3Settings.Client client) throws IOException {
    try (ObjectStore store = open(client, Placement.DEFAULT)) {
      Headers headers = put(store, RequestPurpose.SEGMENT);
      for (String name : new String[] {ENCRYPTION, KEY, CLASS, TAGS}) {
        assertNull(headers.getFirst(name), name);
      }
      assertEquals("*", headers.getFirst("If-None-Match"));
    }
  }

  @ParameterizedTest
  @EnumSource
  void theStorageClassIsForSegmentsAlone(S3Settings.Client client) throws IOException {
    try (ObjectStore store = open(client, new Placement(null, "STANDARD_IA", Map.of()))) {
      for (RequestPurpose purpose : RequestPurpose.values()) {
        boolean segment = purpose == RequestPurpose.SEGMENT || purpose == RequestPurpose.GC;
        assertEquals(
            segment ? "STANDARD_IA" : null, put(store, purpose).getFirst(CLASS), purpose.name());
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void encryptionAndTagsAreOnEveryPutAndSigned(S3Settings.Client client) throws IOException {
    var placement =
        new Placement(
            new Placement.Encryption.OfKeyService("arn:aws:kms:eu-1:1:key/x"),
            null,
            Map.of("cost center", "42:a+b=ä"));
    try (ObjectStore store = open(client, placement)) {
      for (RequestPurpose purpose :
          new RequestPurpose[] {RequestPurpose.SEGMENT, RequestPurpose.MANIFEST}) {
        Headers headers = put(store, purpose);
        assertEquals("aws:kms", headers.getFirst(ENCRYPTION));
        assertEquals("arn:aws:kms:eu-1:1:key/x", headers.getFirst(KEY));
        assertEquals("cost%20center=42%3Aa%2Bb%3D%C3%A4", headers.getFirst(TAGS));
        String signed = String.valueOf(headers.getFirst("Authorization")).toLowerCase(Locale.ROOT);
        for (String name : new String[] {ENCRYPTION, KEY, TAGS, "if-none-match"}) {
          assertTrue(signed.contains(name), signed);
        }
      }
    }
    try (ObjectStore store =
        open(client, new Placement(new Placement.Encryption.OfStore(), null, Map.of()))) {
      assertEquals("AES256", put(store, RequestPurpose.SEGMENT).getFirst(ENCRYPTION));
    }
  }

  @Test
  void limitsOfS3() {
    for (Map<String, String> tags :
        java.util.List.of(
            Map.of("aws:x", "y"),
            Map.of("x".repeat(129), "y"),
            Map.of("x", "y".repeat(257)),
            Map.of("", "y"))) {
      assertThrows(StoreException.Invalid.class, () -> new Placement(null, null, tags));
    }
    assertEquals(
        1, new Placement(null, null, Map.of("x".repeat(128), "y".repeat(256))).tags().size());
  }
}
