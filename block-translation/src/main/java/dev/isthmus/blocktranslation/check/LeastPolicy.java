package dev.isthmus.blocktranslation.check;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.store.BucketUri;
import dev.isthmus.blocktranslation.store.StoreAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The least IAM policy that a gateway needs for volumes at one place. Stateless.
 *
 * <p>Listing is needed beyond listing: S3 says of an absent object that it is absent (404) only to
 * who may list, and an open depends on that. For such a read AWS takes the object's key as {@code
 * s3:prefix}, so that a condition on prefixes holds there too.
 */
public final class LeastPolicy {

  private LeastPolicy() {}

  /**
   * The policy as JSON. Bucket and prefix have no character that JSON or a policy would read as
   * anything else.
   *
   * @param place a root, or one volume
   * @param withSettings also allows to look at the bucket's settings, which only the check does
   * @throws DeviceException.Invalid if the place is no bucket of a server
   */
  public static String json(BucketUri place, boolean withSettings) {
    if (!(place.address() instanceof StoreAddress.S3 s3)) {
      throw new DeviceException.Invalid(
          "a directory has no policy: it takes the rights of the user who runs the gateway");
    }
    String bucket = "arn:aws:s3:::" + s3.settings().bucket();
    var statements = new ArrayList<String>();
    statements.add(listing(place, bucket));
    statements.add(
        statement(
            "IsthmusObjects",
            List.of("s3:GetObject", "s3:PutObject", "s3:DeleteObject"),
            prefixes(place).stream().map(p -> bucket + "/" + p + "*").toList(),
            ""));
    if (withSettings) {
      statements.add(
          statement(
              "IsthmusCheck",
              List.of(
                  "s3:GetBucketVersioning",
                  "s3:GetLifecycleConfiguration",
                  "s3:GetBucketObjectLockConfiguration"),
              List.of(bucket),
              ""));
    }
    return """
    {
      "Version": "2012-10-17",
      "Statement": [
    %s
      ]
    }\
    """
        .formatted(String.join(",\n", statements));
  }

  private static String listing(BucketUri place, String bucket) {
    String prefix = place.volume() == null ? place.rootPrefix() : place.volumePrefix();
    if (prefix.isEmpty()) {
      return statement("IsthmusList", List.of("s3:ListBucket"), List.of(bucket), "");
    }
    var prefixes = new ArrayList<>(prefixes(place).stream().map(p -> p + "*").toList());
    // A create asks whether the place lies below another volume.
    for (int slash = prefix.indexOf('/');
        slash < prefix.length() - 1;
        slash = prefix.indexOf('/', slash + 1)) {
      prefixes.add(prefix.substring(0, slash + 1) + Keys.MANIFEST);
    }
    String condition =
        """
        ,
          "Condition": {"StringLike": {"s3:prefix": %s}}\
        """
            .formatted(array(prefixes));
    return statement("IsthmusList", List.of("s3:ListBucket"), List.of(bucket), condition);
  }

  /** What all keys begin with that are read or written: of volumes, and of this check. */
  private static List<String> prefixes(BucketUri place) {
    return place.volume() == null
        ? List.of(place.rootPrefix())
        : List.of(place.volumePrefix(), place.rootPrefix() + ProbeArea.DIRECTORY);
  }

  private static String statement(
      String id, List<String> actions, List<String> resources, String condition) {
    return """
    {
      "Sid": "%s",
      "Effect": "Allow",
      "Action": %s,
      "Resource": %s%s
    }\
    """
        .formatted(id, array(actions), array(resources), condition)
        .indent(4)
        .stripTrailing();
  }

  private static String array(List<String> words) {
    return words.stream().map(w -> '"' + w + '"').collect(Collectors.joining(", ", "[", "]"));
  }
}
