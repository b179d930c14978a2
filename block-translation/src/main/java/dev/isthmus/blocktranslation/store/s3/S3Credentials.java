package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blocktranslation.store.StoreException;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.urlconnection.ProxyConfiguration;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.sts.StsClient;
import software.amazon.awssdk.services.sts.auth.StsAssumeRoleCredentialsProvider;
import software.amazon.awssdk.utils.SdkAutoCloseable;

/**
 * The credentials of one bucket, found by the SDK's own providers where {@link CredentialSource}
 * says, and kept fresh: files are read again when they changed, tokens are renewed in the
 * background before they end. There is no anonymous access. Failures tell what to do and hold no
 * secret.
 *
 * <p>Threading: thread-safe; looking up blocks (a file, the instance's metadata, STS).
 */
public final class S3Credentials implements AwsCredentialsProvider, AutoCloseable {

  /**
   * Credentials go on for so long after their file changed to one that holds none: an editor or a
   * careless script writes it in two steps.
   */
  private static final long REWRITE_GRACE_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** Longest that STS may take to connect and to answer; the SDK tries again by itself. */
  private static final Duration STS_TIMEOUT = Duration.ofSeconds(5);

  private static final Pattern STATUS = Pattern.compile("Status Code: (\\d{3})");

  private static final String NONE_FOUND =
      "no credentials found, and there is no anonymous access. Set AWS_ACCESS_KEY_ID and"
          + " AWS_SECRET_ACCESS_KEY, give the machine or pod a role, or say credentials_file=PATH";

  private final AwsCredentialsProvider provider;
  private final @Nullable WatchedProfileFile files;
  private final Deque<SdkAutoCloseable> owned;
  private volatile @Nullable AwsCredentials lastGood;

  private S3Credentials(
      AwsCredentialsProvider provider,
      @Nullable WatchedProfileFile files,
      Deque<SdkAutoCloseable> owned) {
    this.provider = provider;
    this.files = files;
    this.owned = owned;
  }

  /**
   * Prepares what a bucket's settings name; blocks while files are read, sends nothing.
   *
   * @throws StoreException.Invalid if that can't work
   */
  public static S3Credentials open(S3Settings settings) {
    CredentialSource source = settings.credentials();
    var owned = new ArrayDeque<SdkAutoCloseable>();
    WatchedProfileFile files =
        source.file() == null ? WatchedProfileFile.ofUser() : WatchedProfileFile.of(source.file());
    if (source.file() != null && files.problem() != null) {
      throw new StoreException.Invalid("credentials_file=: " + files.problem());
    }
    AwsCredentialsProvider found;
    if (source.file() == null && source.profile() == null) {
      var chain =
          DefaultCredentialsProvider.builder()
              .profileFile(files)
              .asyncCredentialUpdateEnabled(true)
              .build();
      owned.push(chain);
      found = chain;
    } else {
      var ofProfile = new ReloadedProfile(files, source.profile());
      owned.push(ofProfile);
      found = ofProfile;
    }
    CredentialSource.AssumedRole role = source.role();
    try {
      return new S3Credentials(
          role == null ? found : assumed(role, found, settings, owned), files, owned);
    } catch (RuntimeException e) {
      owned.forEach(SdkAutoCloseable::close);
      throw e;
    }
  }

  private static AwsCredentialsProvider assumed(
      CredentialSource.AssumedRole role,
      AwsCredentialsProvider with,
      S3Settings settings,
      Deque<SdkAutoCloseable> owned) {
    var builder =
        StsClient.builder().credentialsProvider(with).httpClientBuilder(stsHttp(settings));
    if (settings.endpoint().region() != null) {
      builder.region(Region.of(settings.endpoint().region()));
    } else if (settings.endpoint().url() != null) {
      builder.region(Region.US_EAST_1);
    }
    StsClient sts;
    try {
      sts = builder.build();
    } catch (SdkClientException e) {
      throw new StoreException.Invalid(
          "role_arn=: no region for STS; say region=… or set AWS_REGION", e);
    }
    owned.push(sts);
    var provider =
        StsAssumeRoleCredentialsProvider.builder()
            .stsClient(sts)
            .asyncCredentialUpdateEnabled(true)
            .refreshRequest(
                r -> r.roleArn(role.arn()).externalId(role.externalId()).roleSessionName("isthmus"))
            .build();
    owned.push(provider);
    return provider;
  }

  private static UrlConnectionHttpClient.Builder stsHttp(S3Settings settings) {
    var http =
        UrlConnectionHttpClient.builder().connectionTimeout(STS_TIMEOUT).socketTimeout(STS_TIMEOUT);
    var proxy =
        ProxyConfiguration.builder()
            .useSystemPropertyValues(false)
            .useEnvironmentVariablesValues(false);
    HttpProxy through = HttpProxy.of(settings.proxy(), true, System.getenv());
    if (through != null) {
      proxy
          .endpoint(URI.create(through.uri()))
          .username(through.user())
          .password(through.password())
          .nonProxyHosts(Set.copyOf(through.nonProxyHosts()));
    }
    return http.proxyConfiguration(proxy.build());
  }

  /**
   * What to sign with now.
   *
   * @throws StoreException.Unauthorized if there is nothing
   * @throws StoreException.Transient if who gives it can't be reached or is busy
   */
  @Override
  public AwsCredentials resolveCredentials() {
    try {
      AwsCredentials found = provider.resolveCredentials();
      lastGood = found;
      return found;
    } catch (StoreException e) {
      return orLastGood(e);
    } catch (RuntimeException e) {
      return orLastGood(translate(e));
    }
  }

  private AwsCredentials orLastGood(StoreException failure) {
    AwsCredentials before = lastGood;
    if (before != null && files != null && files.changedWithin(REWRITE_GRACE_NANOS)) {
      return before;
    }
    throw failure;
  }

  /** None of the SDK's own words: they quote files, tokens' contents and requests. */
  private static StoreException translate(RuntimeException thrown) {
    for (Throwable t = thrown; t != null; t = t.getCause()) {
      switch (t) {
        case StoreException e -> {
          return e;
        }
        case AwsServiceException e -> {
          return ofTokenService(e.statusCode(), S3Errors.codeOf(e));
        }
        case IOException e -> {
          return new StoreException.Unreachable(
              "credentials can't be fetched: " + e.getClass().getSimpleName(), null);
        }
        default -> {}
      }
    }
    String message = String.valueOf(thrown.getMessage());
    Matcher status = STATUS.matcher(message);
    if (status.find()) {
      return ofTokenService(Integer.parseInt(status.group(1)), "");
    }
    if (message.startsWith("Profile file contained no credentials")) {
      return new StoreException.Unauthorized(
          "no credentials found in the file for this profile: profile= names another");
    }
    if (thrown instanceof SdkException || thrown instanceof IllegalArgumentException) {
      return new StoreException.Unauthorized(NONE_FOUND);
    }
    return new StoreException.Internal("credentials: " + thrown.getClass().getSimpleName(), null);
  }

  private static StoreException ofTokenService(int status, String code) {
    String text =
        "who gives out credentials (STS, container or instance) answered "
            + status
            + (code.isEmpty() ? "" : " " + code);
    return status >= 500 || status == 429
        ? new StoreException.Throttled(text)
        : new StoreException.Unauthorized(
            text + ": look at the role's trust policy, the token and the clock");
  }

  @Override
  public void close() {
    owned.forEach(SdkAutoCloseable::close);
  }
}
