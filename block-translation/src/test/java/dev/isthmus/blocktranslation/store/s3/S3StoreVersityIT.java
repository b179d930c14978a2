package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blocktranslation.store.TestS3Server;
import dev.isthmus.blocktranslation.store.TestVersity;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The contract on a real VersityGW. */
class S3StoreVersityIT extends S3ServerContract {

  @SuppressWarnings("NullAway.Init") // set before all tests
  private static TestVersity server;

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

  @Override
  TestS3Server server() {
    return server;
  }
}
