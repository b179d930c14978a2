package dev.isthmus.blocktranslation.store.s3;

import dev.isthmus.blocktranslation.store.StoreException;
import dev.isthmus.blocktranslation.store.StoreLimits;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Executor;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.ProfileCredentialsProvider;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.client.config.SdkAdvancedAsyncClientOption;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.http.nio.netty.SdkEventLoopGroup;
import software.amazon.awssdk.profiles.ProfileFile;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3AsyncClient;

/** Builds the SDK's client, with all its own policies off. */
final class S3Clients {

  /** Time for a TCP and TLS handshake; beyond it another attempt is the better bet. */
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);

  private S3Clients() {}

  /**
   * Builds a client.
   *
   * @param loops the network threads; the caller ends them after the client
   * @param completions where the SDK completes its futures
   */
  static S3AsyncClient build(
      S3Settings settings, StoreLimits limits, EventLoopGroup loops, Executor completions) {
    Duration attemptTimeout = Duration.ofNanos(limits.attemptTimeoutNanos());
    var http =
        NettyNioAsyncHttpClient.builder()
            .eventLoopGroup(SdkEventLoopGroup.create(loops, NioSocketChannel::new))
            .maxConcurrency(limits.maxConnections())
            // Attempts that were given up may still wait for a connection beside their successors.
            .maxPendingConnectionAcquires(limits.maxConnections() * limits.maxAttempts())
            .connectionTimeout(CONNECT_TIMEOUT)
            .connectionAcquisitionTimeout(attemptTimeout)
            .readTimeout(attemptTimeout)
            .writeTimeout(attemptTimeout)
            .tcpKeepAlive(true);
    var builder =
        S3AsyncClient.builder()
            .httpClientBuilder(http)
            .credentialsProvider(credentials(settings))
            .overrideConfiguration(o -> o.retryStrategy(AwsRetryStrategy.doNotRetry()))
            .asyncConfiguration(a ->
                a.advancedOption(
                    SdkAdvancedAsyncClientOption.FUTURE_COMPLETION_EXECUTOR, completions))
            .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
            .responseChecksumValidation(ResponseChecksumValidation.WHEN_SUPPORTED)
            .multipartEnabled(false);
    if (settings.endpoint() != null) {
      builder.endpointOverride(settings.endpoint()).forcePathStyle(true);
    }
    if (settings.region() != null) {
      builder.region(Region.of(settings.region()));
    } else if (settings.endpoint() != null) {
      builder.region(Region.US_EAST_1);
    }
    try {
      return builder.build();
    } catch (SdkClientException e) {
      throw new StoreException.Invalid(
          settings.description() + ": no region found; say region=… or set AWS_REGION", e);
    }
  }

  private static AwsCredentialsProvider credentials(S3Settings settings) {
    Path file = settings.credentialsFile();
    if (file == null && settings.profile() == null) {
      return DefaultCredentialsProvider.builder().build();
    }
    var builder = ProfileCredentialsProvider.builder();
    if (settings.profile() != null) {
      builder.profileName(settings.profile());
    }
    if (file != null) {
      if (!Files.isReadable(file)) {
        throw new StoreException.Invalid("credentials_file " + file + " can't be read");
      }
      try {
        builder.profileFile(
            ProfileFile.builder().content(file).type(ProfileFile.Type.CREDENTIALS).build());
      } catch (RuntimeException e) {
        // The parser's message quotes the line, which may hold the secret: it goes no further.
        throw new StoreException.Invalid(
            "credentials_file " + file + " is not in the format of ~/.aws/credentials");
      }
    }
    return builder.build();
  }
}
