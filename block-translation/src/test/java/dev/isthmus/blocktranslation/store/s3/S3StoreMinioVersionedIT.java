package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blocktranslation.store.TestMinio;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The contract by the AWS SDK on a real MinIO whose bucket keeps versions. */
class S3StoreMinioVersionedIT extends S3ServerContract {

  @SuppressWarnings("NullAway.Init") // set before all tests
  private static TestMinio server;

  S3StoreMinioVersionedIT() {
    super(server, S3Settings.Client.AWS_SDK);
  }

  @BeforeAll
  static void start() {
    server = TestMinio.startVersioned();
  }

  @AfterAll
  static void stop() {
    if (server != null) {
      server.close();
    }
  }
}
