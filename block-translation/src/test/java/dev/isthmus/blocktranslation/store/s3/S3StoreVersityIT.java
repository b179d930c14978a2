package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blocktranslation.store.TestVersity;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The contract by the AWS SDK on a real VersityGW. */
class S3StoreVersityIT extends S3ServerContract {

  @SuppressWarnings("NullAway.Init") // set before all tests
  private static TestVersity server;

  S3StoreVersityIT() {
    super(server, S3Settings.Client.AWS_SDK);
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
