package dev.isthmus.blocktranslation.check;

import dev.isthmus.blockdevice.ShellWord;
import dev.isthmus.blocktranslation.store.BucketUri;
import dev.isthmus.blocktranslation.store.StoreAddress;
import dev.isthmus.blocktranslation.store.s3.S3Endpoint;
import dev.isthmus.blocktranslation.store.s3.S3Settings;

/** What people type to mend a bucket. Immutable. */
final class Remedies {

  /** Where and how to go on without conditional writes. */
  static final String NO_CONDITIONS =
      "Volumes are refused here: take another provider, or see that a proxy passes the header on;"
          + " what `--fencing none` gives up: docs/providers-check.md";

  private final String arguments;
  private final String bucket;
  private final String awsOptions;

  /**
   * @param uri as it was typed
   */
  Remedies(String uri, BucketUri place) {
    this.arguments = ShellWord.of(uri) + (place.volume() == null ? "" : " --volume");
    S3Settings settings = place.address() instanceof StoreAddress.S3 s3 ? s3.settings() : null;
    this.bucket = settings == null ? "" : settings.bucket();
    this.awsOptions = settings == null ? "" : options(settings.endpoint());
  }

  private static String options(S3Endpoint endpoint) {
    return (endpoint.url() == null ? "" : " --endpoint-url " + endpoint.url())
        + (endpoint.region() == null ? "" : " --region " + endpoint.region());
  }

  /** Allows what is missing. */
  String policy(String action) {
    return bucket.isEmpty()
        ? "give the user who runs this the right to write in that directory"
        : "allow "
            + action
            + ": `isthmus bucket check "
            + arguments
            + " --policy` prints all that is needed";
  }

  /** A call of the AWS command line. */
  String aws(String call) {
    return "aws" + awsOptions + " " + call;
  }

  String bucket() {
    return bucket;
  }

  /** As the MinIO client names the bucket. */
  String mcTarget() {
    return "ALIAS/" + bucket;
  }
}
