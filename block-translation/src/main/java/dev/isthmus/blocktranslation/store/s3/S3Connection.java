package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blocktranslation.store.StoreException;
import dev.isthmus.blocktranslation.store.StoreLimits;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.client.config.SdkAdvancedAsyncClientOption;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.http.nio.netty.ProxyConfiguration;
import software.amazon.awssdk.http.nio.netty.SdkEventLoopGroup;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3AsyncClient;

/**
 * The AWS SDK's client for the server of one bucket, whichever library its disks use, with the
 * threads and credentials under it and all its own policies off.
 *
 * <p>Threading: thread-safe.
 */
public final class S3Connection implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(S3Connection.class);

  /** Time for a TCP and TLS handshake; beyond it another attempt is the better bet. */
  public static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);

  /** Threads that move bytes: TLS at a few gigabits per second each. */
  private static final int NETWORK_THREADS = 2;

  private static final long QUIET_MILLIS = 50;
  private static final long LONGEST_STOP_SECONDS = 5;

  private final EventLoopGroup loops;
  private final S3Credentials credentials;
  private final S3AsyncClient client;

  private S3Connection(EventLoopGroup loops, S3Credentials credentials, S3AsyncClient client) {
    this.loops = loops;
    this.credentials = credentials;
    this.client = client;
  }

  /**
   * As {@link #open(S3Settings, StoreLimits, Executor)}, for a caller that waits for each answer.
   */
  public static S3Connection open(S3Settings settings, StoreLimits limits) {
    return open(settings, limits, Runnable::run);
  }

  /**
   * Prepares a client; sends nothing. Blocks while files are read.
   *
   * @param completions where the SDK completes its futures
   * @throws StoreException.Invalid if the settings can't work
   */
  public static S3Connection open(S3Settings settings, StoreLimits limits, Executor completions) {
    requireSafe(settings);
    S3Credentials credentials = S3Credentials.open(settings);
    EventLoopGroup loops = networkThreads();
    try {
      S3AsyncClient client = client(settings, limits, credentials, loops, completions);
      return new S3Connection(loops, credentials, client);
    } catch (SdkClientException e) {
      stop(loops);
      credentials.close();
      throw new StoreException.Invalid(
          settings.description() + ": no region found; say region=… or set AWS_REGION", e);
    } catch (RuntimeException e) {
      stop(loops);
      credentials.close();
      throw e;
    }
  }

  /**
   * Refuses a connection that anybody may listen to unless that is permitted, and says so if it is.
   *
   * @throws StoreException.Invalid saying how it is permitted
   */
  public static void requireSafe(S3Settings settings) {
    InsecureTls.requireAllowed(settings);
    if (settings.tls().insecureSkipVerify()) {
      LOG.warn("{}: {}", settings.description(), InsecureTls.WARNING);
    }
  }

  @SuppressWarnings("deprecation") // the SDK knows Netty 4.1's groups by their class, no others
  private static EventLoopGroup networkThreads() {
    return new NioEventLoopGroup(
        NETWORK_THREADS, Thread.ofPlatform().name("s3-network-", 0).daemon().factory());
  }

  private static S3AsyncClient client(
      S3Settings settings,
      StoreLimits limits,
      S3Credentials credentials,
      EventLoopGroup loops,
      Executor completions) {
    S3Endpoint endpoint = settings.endpoint();
    var builder =
        S3AsyncClient.builder()
            .httpClientBuilder(http(settings, limits, loops))
            .credentialsProvider(credentials)
            .overrideConfiguration(o -> o.retryStrategy(AwsRetryStrategy.doNotRetry()))
            .asyncConfiguration(a ->
                a.advancedOption(
                    SdkAdvancedAsyncClientOption.FUTURE_COMPLETION_EXECUTOR, completions))
            .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
            .responseChecksumValidation(ResponseChecksumValidation.WHEN_SUPPORTED)
            .multipartEnabled(false)
            .forcePathStyle(endpoint.pathStyle());
    // Unsaid is not false: ~/.aws/config may ask for them.
    if (endpoint.dualstack()) {
      builder.dualstackEnabled(true);
    }
    if (endpoint.fips()) {
      builder.fipsEnabled(true);
    }
    if (endpoint.url() != null) {
      builder.endpointOverride(endpoint.url());
    }
    if (endpoint.region() != null) {
      builder.region(Region.of(endpoint.region()));
    } else if (endpoint.url() != null) {
      builder.region(Region.US_EAST_1);
    }
    return builder.build();
  }

  private static NettyNioAsyncHttpClient.Builder http(
      S3Settings settings, StoreLimits limits, EventLoopGroup loops) {
    Duration attemptTimeout = Duration.ofNanos(limits.attemptTimeoutNanos());
    var http =
        NettyNioAsyncHttpClient.builder()
            .eventLoopGroup(SdkEventLoopGroup.create(loops, NioSocketChannel::new))
            .maxConcurrency(limits.maxInFlight())
            // Attempts that were given up may still wait for a connection beside their successors.
            .maxPendingConnectionAcquires(limits.maxInFlight() * limits.maxAttempts())
            .connectionTimeout(CONNECT_TIMEOUT)
            .connectionAcquisitionTimeout(attemptTimeout)
            .readTimeout(attemptTimeout)
            .writeTimeout(attemptTimeout)
            .tcpKeepAlive(true)
            .proxyConfiguration(proxy(settings));
    if (!settings.tls().equals(Tls.DEFAULT)) {
      X509TrustManager trust = TrustManagers.of(settings.tls());
      http.tlsTrustManagersProvider(() -> new TrustManager[] {trust});
    }
    return http;
  }

  private static ProxyConfiguration proxy(S3Settings settings) {
    var configuration =
        ProxyConfiguration.builder()
            .useSystemPropertyValues(false)
            .useEnvironmentVariableValues(false);
    HttpProxy proxy = HttpProxy.of(settings.proxy(), settings.endpoint().isTls(), System.getenv());
    if (proxy != null) {
      configuration
          .scheme("http")
          .host(proxy.host())
          .port(proxy.port())
          .username(proxy.user())
          .password(proxy.password())
          .nonProxyHosts(Set.copyOf(proxy.nonProxyHosts()));
    }
    return configuration.build();
  }

  /** The client; it ends with this. */
  public S3AsyncClient client() {
    return client;
  }

  @Override
  public void close() {
    client.close();
    stop(loops);
    credentials.close();
  }

  /** A short quiet period for connections that are being cut; Netty's own is two seconds. */
  private static void stop(EventLoopGroup loops) {
    loops
        .shutdownGracefully(QUIET_MILLIS, LONGEST_STOP_SECONDS * 1000, TimeUnit.MILLISECONDS)
        .awaitUninterruptibly(LONGEST_STOP_SECONDS, TimeUnit.SECONDS);
  }
}
