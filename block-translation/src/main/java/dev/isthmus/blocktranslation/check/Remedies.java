package dev.isthmus.blocktranslation.check;

import dev.isthmus.blockdevice.ShellWord;
import dev.isthmus.blocktranslation.store.BucketUri;
import dev.isthmus.blocktranslation.store.StoreAddress;
import java.net.URI;
import org.jspecify.annotations.Nullable;

/** What people type to mend a bucket. Immutable. */
final class Remedies {

  /** Where and how to go on without conditional writes. */
  static final String NO_CONDITIONS =
      "Volumes are refused here: take another provider, or see that a proxy passes the header on;"
          + " what `--fencing none` gives up: docs/providers-check.md";

  private final String arguments;
  private final String bucket;
  private final @Nullable URI endpoint;

  /**
   * @param uri as it was typed
   */
  Remedies(String uri, BucketUri place) {
    this.arguments = ShellWord.of(uri) + (place.volume() == null ? "" : " --volume");
    boolean isS3 = place.address() instanceof StoreAddress.S3;
    this.bucket = isS3 ? ((StoreAddress.S3) place.address()).settings().bucket() : "";
    this.endpoint = isS3 ? ((StoreAddress.S3) place.address()).settings().endpoint() : null;
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
    return "aws" + (endpoint == null ? "" : " --endpoint-url " + endpoint) + " " + call;
  }

  String bucket() {
    return bucket;
  }

  /** As the MinIO client names the bucket. */
  String mcTarget() {
    return "ALIAS/" + bucket;
  }
}
