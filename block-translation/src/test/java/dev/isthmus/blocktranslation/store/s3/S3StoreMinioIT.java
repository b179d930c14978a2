package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blocktranslation.store.TestMinio;
import dev.isthmus.blocktranslation.store.TestS3Server;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The contract on a real MinIO. */
class S3StoreMinioIT extends S3ServerContract {

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

  @Override
  TestS3Server server() {
    return server;
  }
}
