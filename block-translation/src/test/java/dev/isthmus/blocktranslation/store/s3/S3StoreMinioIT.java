package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blocktranslation.store.TestMinio;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The contract by the AWS SDK on a real MinIO. */
class S3StoreMinioIT extends S3ServerContract {

  @SuppressWarnings("NullAway.Init") // set before all tests
  private static TestMinio server;

  S3StoreMinioIT() {
    super(server, S3Settings.Client.AWS_SDK);
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
