package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blocktranslation.store.StoreException;
import java.net.URI;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which server, and how a bucket is named in a request to it. Immutable.
 *
 * @param url of a server other than AWS; null for AWS, whose host names the SDK's endpoint rules
 *     make from the region, GovCloud's and China's included
 * @param region null for {@code us-east-1} with a URL, else for what the SDK's chain finds
 * @param pathStyle {@code https://HOST/BUCKET/KEY} rather than {@code https://BUCKET.HOST/KEY}: for
 *     servers whose name has no wildcard in the DNS or in its certificate
 * @param dualstack AWS's hosts that are reached by IPv6 as well
 * @param fips AWS's hosts whose cryptography is validated by FIPS 140
 */
public record S3Endpoint(
    @Nullable URI url,
    @Nullable String region,
    boolean pathStyle,
    boolean dualstack,
    boolean fips) {

  private static final Pattern REGION = Pattern.compile("[a-z0-9-]{1,40}");

  public S3Endpoint {
    if (region != null && !REGION.matcher(region).matches()) {
      throw new StoreException.Invalid("region \"" + region + "\" is not of a-z 0-9 -");
    }
    if (url != null) {
      checkUrl(url);
      if (dualstack || fips) {
        throw new StoreException.Invalid(
            "dualstack= and fips= choose among AWS's own hosts, and endpoint= names another: leave"
                + " one out");
      }
    }
  }

  private static void checkUrl(URI url) {
    if (url.getRawUserInfo() != null || url.getRawQuery() != null) {
      throw new StoreException.Invalid("an endpoint holds no user, password or query");
    }
    boolean http = "http".equals(url.getScheme()) || "https".equals(url.getScheme());
    String path = url.getRawPath();
    boolean bare = path == null || path.isEmpty() || path.equals("/");
    if (!http || url.getHost() == null || !bare || url.getRawFragment() != null) {
      throw new StoreException.Invalid("an endpoint is http://HOST:PORT or https://HOST:PORT");
    }
  }

  /** AWS in a region; null for the one that the SDK's chain finds. */
  public static S3Endpoint aws(@Nullable String region) {
    return new S3Endpoint(null, region, false, false, false);
  }

  /** Another server, path-style. */
  public static S3Endpoint at(URI url) {
    return new S3Endpoint(url, null, true, false, false);
  }

  /** Whether requests go over TLS. */
  public boolean isTls() {
    return url == null || "https".equals(url.getScheme());
  }
}
