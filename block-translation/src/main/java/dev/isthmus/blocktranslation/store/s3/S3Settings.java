package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blocktranslation.store.StoreException;
import java.net.URI;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which bucket, where, and where its credentials are found; never the credentials. Immutable.
 *
 * @param bucket its name
 * @param endpoint of a server other than AWS, which is then addressed path-style; null for AWS
 * @param region null for {@code us-east-1} with an endpoint, else for what the SDK's chain finds
 * @param credentialsFile a file in the format of {@code ~/.aws/credentials}; null for the SDK's
 *     default chain
 * @param profile of that file, or of the user's own files; null for the default
 */
public record S3Settings(
    String bucket,
    @Nullable URI endpoint,
    @Nullable String region,
    @Nullable Path credentialsFile,
    @Nullable String profile) {

  /** The names that S3 gives buckets: 3 to 63 characters. */
  private static final Pattern BUCKET = Pattern.compile("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]");

  private static final Pattern REGION = Pattern.compile("[a-z0-9-]{1,40}");

  public S3Settings {
    if (!BUCKET.matcher(bucket).matches() || bucket.contains("..")) {
      throw new StoreException.Invalid(
          "a bucket's name has 3 to 63 of a-z 0-9 . - , not \"" + bucket + "\"");
    }
    if (region != null && !REGION.matcher(region).matches()) {
      throw new StoreException.Invalid("region \"" + region + "\" is not of a-z 0-9 -");
    }
    if (endpoint != null) {
      checkEndpoint(endpoint);
    }
  }

  private static void checkEndpoint(URI endpoint) {
    if (endpoint.getRawUserInfo() != null || endpoint.getRawQuery() != null) {
      throw new StoreException.Invalid("an endpoint holds no user, password or query");
    }
    boolean http = "http".equals(endpoint.getScheme()) || "https".equals(endpoint.getScheme());
    String path = endpoint.getRawPath();
    boolean bare = path == null || path.isEmpty() || path.equals("/");
    if (!http || endpoint.getHost() == null || !bare || endpoint.getRawFragment() != null) {
      throw new StoreException.Invalid("an endpoint is http://HOST:PORT or https://HOST:PORT");
    }
  }

  /** For people: bucket, and server if it is not AWS. */
  public String description() {
    return "s3://" + bucket + (endpoint == null ? "" : " (" + endpoint + ")");
  }
}
