package dev.isthmus.blocktranslation.store.minio;

import dev.isthmus.blocktranslation.store.TestVersity;
import dev.isthmus.blocktranslation.store.s3.S3ServerContract;
import dev.isthmus.blocktranslation.store.s3.S3Settings;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The contract by the MinIO client on a real VersityGW. */
class MinioStoreVersityIT extends S3ServerContract {

  @SuppressWarnings("NullAway.Init") // set before all tests
  private static TestVersity server;

  MinioStoreVersityIT() {
    super(server, S3Settings.Client.MINIO);
  }

  @BeforeAll
  static void start() {
    server = TestVersity.start();
  }

  @AfterAll
  static void stop() {
    if (server != null) {
      server.close();
    }
  }
}
