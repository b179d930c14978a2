package dev.isthmus.blocktranslation.store.minio;

import dev.isthmus.blocktranslation.store.s3.S3AnswerContract;
import dev.isthmus.blocktranslation.store.s3.S3Settings;

/** What a server may answer, by the MinIO client. */
class MinioStoreFailureTest extends S3AnswerContract {
  MinioStoreFailureTest() {
    super(S3Settings.Client.MINIO);
  }
}
