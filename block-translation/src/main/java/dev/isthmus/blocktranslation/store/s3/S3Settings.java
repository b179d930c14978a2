package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blocktranslation.store.StoreException;
import java.util.regex.Pattern;

/**
 * Which bucket, where, and how it is spoken to; never the credentials. Immutable.
 *
 * @param client what speaks to it
 * @param bucket its name
 * @param endpoint the server
 * @param credentials where they are found
 * @param tls whom to trust
 * @param proxy what stands between
 * @param placement how the server keeps what is put
 */
public record S3Settings(
    Client client,
    String bucket,
    S3Endpoint endpoint,
    CredentialSource credentials,
    Tls tls,
    ProxyChoice proxy,
    Placement placement) {

  /** The libraries that speak S3 here: {@code s3://} and {@code minio://}. */
  public enum Client {
    AWS_SDK,
    MINIO
  }

  /** The names that S3 gives buckets: 3 to 63 characters. */
  private static final Pattern BUCKET = Pattern.compile("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]");

  public S3Settings {
    if (!BUCKET.matcher(bucket).matches() || bucket.contains("..")) {
      throw new StoreException.Invalid(
          "a bucket's name has 3 to 63 of a-z 0-9 . - , not \"" + bucket + "\"");
    }
    if (client == Client.MINIO && endpoint.url() == null) {
      throw new StoreException.Invalid("minio://HOST:PORT/BUCKET: the server is missing");
    }
    if (!endpoint.isTls() && !tls.equals(Tls.DEFAULT)) {
      throw new StoreException.Invalid(
          "ca_file= and insecure_skip_verify= are about TLS, and the endpoint is plain HTTP");
    }
  }

  /** A bucket with the defaults of all that is not named. */
  public static S3Settings of(String bucket, S3Endpoint endpoint, CredentialSource credentials) {
    return new S3Settings(
        Client.AWS_SDK,
        bucket,
        endpoint,
        credentials,
        Tls.DEFAULT,
        ProxyChoice.fromEnvironment(),
        Placement.DEFAULT);
  }

  /** The same bucket through another library. */
  public S3Settings by(Client other) {
    return new S3Settings(other, bucket, endpoint, credentials, tls, proxy, placement);
  }

  /** The same, trusting others. */
  public S3Settings with(Tls other) {
    return new S3Settings(client, bucket, endpoint, credentials, other, proxy, placement);
  }

  /** The same, through another proxy. */
  public S3Settings with(ProxyChoice other) {
    return new S3Settings(client, bucket, endpoint, credentials, tls, other, placement);
  }

  /** The same, kept otherwise. */
  public S3Settings with(Placement other) {
    return new S3Settings(client, bucket, endpoint, credentials, tls, proxy, other);
  }

  /** The same, with credentials from elsewhere. */
  public S3Settings with(CredentialSource other) {
    return new S3Settings(client, bucket, endpoint, other, tls, proxy, placement);
  }

  /** For people: bucket, and server if it is not AWS. */
  public String description() {
    return switch (client) {
      case AWS_SDK ->
          "s3://" + bucket + (endpoint.url() == null ? "" : " (" + endpoint.url() + ")");
      case MINIO ->
          "minio://"
              + (endpoint.url() == null ? "" : endpoint.url().getRawAuthority())
              + "/"
              + bucket;
    };
  }
}
