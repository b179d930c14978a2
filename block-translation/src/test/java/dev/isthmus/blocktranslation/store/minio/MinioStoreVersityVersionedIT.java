package dev.isthmus.blocktranslation.store.minio;

import dev.isthmus.blocktranslation.store.TestVersity;
import dev.isthmus.blocktranslation.store.s3.S3ServerContract;
import dev.isthmus.blocktranslation.store.s3.S3Settings;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The contract by the MinIO client on a real VersityGW whose bucket keeps versions. */
class MinioStoreVersityVersionedIT extends S3ServerContract {

  @SuppressWarnings("NullAway.Init") // set before all tests
  private static TestVersity server;

  MinioStoreVersityVersionedIT() {
    super(server, S3Settings.Client.MINIO);
  }

  /** VersityGW 1.8.0 takes a delete marker for an object, where S3 takes it for none. */
  @Override
  protected boolean createsWhereItDeleted() {
    return false;
  }

  @BeforeAll
  static void start() {
    server = TestVersity.startVersioned();
  }

  @AfterAll
  static void stop() {
    if (server != null) {
      server.close();
    }
  }
}
