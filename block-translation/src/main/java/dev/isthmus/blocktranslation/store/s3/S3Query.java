package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.store.StoreException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What the URI of a bucket says about the server. A message names a key of the query, and repeats
 * no value that may hold a secret by mistake.
 */
public final class S3Query {

  /** What both schemes know. */
  private static final Set<String> SHARED_KEYS =
      Set.of(
          "region",
          "credentials_file",
          "profile",
          "role_arn",
          "external_id",
          "ca_file",
          "insecure_skip_verify",
          "proxy",
          "sse",
          "kms_key",
          "storage_class",
          "tags");

  /** Keys of {@code s3://}. */
  public static final Set<String> S3_KEYS =
      withShared("endpoint", "path_style", "dualstack", "fips");

  /** Keys of {@code minio://}, which names its server itself. */
  public static final Set<String> MINIO_KEYS = withShared("tls");

  /** Where MinIO listens unless told otherwise. */
  private static final int MINIO_PORT = 9000;

  private S3Query() {}

  private static Set<String> withShared(String... own) {
    var keys = new TreeSet<>(SHARED_KEYS);
    keys.addAll(Set.of(own));
    return Set.copyOf(keys);
  }

  /**
   * A bucket of {@code s3://BUCKET/…}.
   *
   * @throws StoreException.Invalid naming what is wrong
   */
  public static S3Settings s3(StorageUri uri) {
    if (uri.authority().isEmpty()) {
      throw new StoreException.Invalid("s3://BUCKET/VOLUME: the bucket is missing");
    }
    URI url = endpoint(uri.get("endpoint"));
    var endpoint =
        new S3Endpoint(
            url,
            uri.get("region"),
            flag(uri, "path_style", url != null),
            flag(uri, "dualstack", false),
            flag(uri, "fips", false));
    return settings(S3Settings.Client.AWS_SDK, uri.authority(), endpoint, uri);
  }

  /**
   * A bucket of {@code minio://HOST:PORT/BUCKET/…}.
   *
   * @throws StoreException.Invalid naming what is wrong
   */
  public static S3Settings minio(StorageUri uri, String bucket) {
    URI server = minioServer(uri);
    var endpoint = new S3Endpoint(server, uri.get("region"), true, false, false);
    return settings(S3Settings.Client.MINIO, bucket, endpoint, uri);
  }

  private static S3Settings settings(
      S3Settings.Client client, String bucket, S3Endpoint endpoint, StorageUri uri) {
    return new S3Settings(
        client,
        bucket,
        endpoint,
        credentials(uri),
        new Tls(path(uri, "ca_file"), flag(uri, "insecure_skip_verify", false)),
        proxy(uri.get("proxy")),
        new Placement(encryption(uri), uri.get("storage_class"), tags(uri.get("tags"))));
  }

  private static @Nullable URI endpoint(@Nullable String text) {
    if (text == null) {
      return null;
    }
    try {
      return new URI(text);
    } catch (URISyntaxException e) {
      // Its message repeats the text, which may hold a secret by mistake.
      throw new StoreException.Invalid("endpoint= is not a URI: " + e.getReason());
    }
  }

  private static URI minioServer(StorageUri uri) {
    URI address;
    try {
      address = new URI("minio://" + uri.authority()).parseServerAuthority();
    } catch (URISyntaxException e) {
      throw new StoreException.Invalid("minio://HOST:PORT/BUCKET: " + e.getReason());
    }
    if (address.getHost() == null) {
      throw new StoreException.Invalid("minio://HOST:PORT/BUCKET: the server is missing");
    }
    boolean tls =
        switch (uri.get("tls")) {
          case null -> !HttpProxy.isLoopback(address.getHost());
          case "on" -> true;
          case "off" -> false;
          default -> throw new StoreException.Invalid("tls= is on or off");
        };
    int port = address.getPort() < 0 ? MINIO_PORT : address.getPort();
    return URI.create((tls ? "https://" : "http://") + address.getHost() + ":" + port);
  }

  private static CredentialSource credentials(StorageUri uri) {
    String role = uri.get("role_arn");
    String externalId = uri.get("external_id");
    if (role == null && externalId != null) {
      throw new StoreException.Invalid("external_id= belongs to role_arn=, which is missing");
    }
    return new CredentialSource(
        path(uri, "credentials_file"),
        uri.get("profile"),
        role == null ? null : new CredentialSource.AssumedRole(role, externalId));
  }

  private static @Nullable Path path(StorageUri uri, String key) {
    String text = uri.get(key);
    if (text == null) {
      return null;
    }
    try {
      Path path = Path.of(text);
      if (path.isAbsolute()) {
        return path;
      }
    } catch (InvalidPathException e) {
      // The same words for both.
    }
    throw new StoreException.Invalid(key + "= is an absolute path");
  }

  private static boolean flag(StorageUri uri, String key, boolean otherwise) {
    return switch (uri.get(key)) {
      case null -> otherwise;
      case "true" -> true;
      case "false" -> false;
      default -> throw new StoreException.Invalid(key + "= is true or false");
    };
  }

  private static ProxyChoice proxy(@Nullable String text) {
    if (text == null) {
      return ProxyChoice.fromEnvironment();
    }
    if (text.equals("none")) {
      return ProxyChoice.direct();
    }
    URI uri;
    try {
      uri = new URI(text).parseServerAuthority();
    } catch (URISyntaxException e) {
      throw new StoreException.Invalid("proxy= is http://HOST:PORT, or none");
    }
    if (uri.getRawUserInfo() != null) {
      throw new StoreException.Invalid(
          "proxy= holds no user or password: a proxy that asks for them is named by HTTPS_PROXY in"
              + " the environment");
    }
    String path = uri.getRawPath();
    boolean bare = path == null || path.isEmpty() || path.equals("/");
    if (!"http".equals(uri.getScheme())
        || uri.getHost() == null
        || !bare
        || uri.getRawQuery() != null
        || uri.getRawFragment() != null) {
      throw new StoreException.Invalid("proxy= is http://HOST:PORT, or none");
    }
    return new ProxyChoice.Through(uri.getHost().replaceAll("[\\[\\]]", ""), uri.getPort());
  }

  private static Placement.@Nullable Encryption encryption(StorageUri uri) {
    String key = uri.get("kms_key");
    String kind = uri.get("sse");
    if (key != null && !"kms".equals(kind)) {
      throw new StoreException.Invalid("kms_key= belongs to sse=kms");
    }
    return switch (kind) {
      case null -> null;
      case "s3" -> new Placement.Encryption.OfStore();
      case "kms" -> new Placement.Encryption.OfKeyService(key);
      default ->
          throw new StoreException.Invalid(
              "sse= is s3 (keys of the store) or kms (keys of a key service)");
    };
  }

  private static Map<String, String> tags(@Nullable String text) {
    var tags = new LinkedHashMap<String, String>();
    if (text == null) {
      return tags;
    }
    for (String tag : text.split(",", -1)) {
      int colon = tag.indexOf(':');
      if (colon < 1) {
        throw new StoreException.Invalid("tags= is KEY:VALUE,KEY:VALUE");
      }
      if (tags.put(tag.substring(0, colon), tag.substring(colon + 1)) != null) {
        throw new StoreException.Invalid("tags= names a key twice");
      }
    }
    return tags;
  }
}
