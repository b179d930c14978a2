package dev.isthmus.blocktranslation.store.s3;

/** What a server may answer, by the AWS SDK. */
class S3StoreFailureTest extends S3AnswerContract {
  S3StoreFailureTest() {
    super(S3Settings.Client.AWS_SDK);
  }
}
