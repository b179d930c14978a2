package dev.isthmus.blocktranslation.store.minio;

import dev.isthmus.blocktranslation.store.TestMinio;
import dev.isthmus.blocktranslation.store.s3.S3ServerContract;
import dev.isthmus.blocktranslation.store.s3.S3Settings;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The contract by the MinIO client on a real MinIO. */
class MinioStoreMinioIT extends S3ServerContract {

  @SuppressWarnings("NullAway.Init") // set before all tests
  private static TestMinio server;

  MinioStoreMinioIT() {
    super(server, S3Settings.Client.MINIO);
  }

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
}
