package dev.isthmus.blocktranslation.store;

import dev.isthmus.blocktranslation.store.s3.CredentialSource;
import dev.isthmus.blocktranslation.store.s3.S3Endpoint;
import dev.isthmus.blocktranslation.store.s3.S3Settings;
import dev.isthmus.blocktranslation.store.s3.Tls;
import dev.isthmus.blocktranslation.store.s3.TrustManagers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.model.BucketAlreadyOwnedByYouException;
import software.amazon.awssdk.services.s3.model.BucketVersioningStatus;

/**
 * A real S3 server on a free port of the loopback interface, with random credentials and its data
 * in a temporary directory; see {@link TestMinio} and {@link TestVersity}. Closing ends it and
 * removes everything; so does the end of this process.
 *
 * <p>Threading: thread-safe once started.
 */
public class TestS3Server implements AutoCloseable {

  /** Longest start of a server on a busy machine. */
  private static final Duration LONGEST_START = Duration.ofSeconds(60);

  /** A port that was free can be taken before the server binds it. */
  private static final int START_ATTEMPTS = 3;

  /** How a server is run. */
  record Launch(List<String> command, Map<String, String> environment) {}

  /** Says how to run a server. */
  @FunctionalInterface
  interface Launcher {
    Launch launch(String address, Path data, String accessKey, String secretKey) throws IOException;
  }

  private final String name;
  private final Tls tls;
  private final Path home;
  private final String accessKey = "test" + randomHex(8);
  private final String secretKey = randomHex(20);
  private final String bucket = "isthmus-test";
  private final ScheduledThreadPoolExecutor timer = StoreTesting.timerExecutor();
  private final Thread atExit = new Thread(this::kill);
  private final URI endpoint;
  private volatile @Nullable Process process;

  TestS3Server(String name, Launcher launcher) {
    this(name, Tls.DEFAULT, launcher);
  }

  /**
   * Starts one.
   *
   * @param tls whom to trust if it speaks TLS; the default if it speaks plain HTTP
   */
  TestS3Server(String name, Tls tls, Launcher launcher) {
    this.name = name;
    this.tls = tls;
    try {
      this.home = Files.createTempDirectory("isthmus-" + name);
      this.endpoint = startOnFreePort(launcher);
      Runtime.getRuntime().addShutdownHook(atExit);
      Files.createFile(
          credentialsFile(),
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.writeString(
          credentialsFile(),
          "[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n"
              .formatted(accessKey, secretKey));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private URI startOnFreePort(Launcher launcher) throws IOException {
    for (int attempt = 1; ; attempt++) {
      String address = "127.0.0.1:" + freePort();
      URI candidate = URI.create((tls.equals(Tls.DEFAULT) ? "http://" : "https://") + address);
      Path data = Files.createDirectories(home.resolve("data"));
      Launch launch = launcher.launch(address, data, accessKey, secretKey);
      var builder = new ProcessBuilder(launch.command());
      builder.environment().put("HOME", home.toString());
      builder.environment().putAll(launch.environment());
      builder.directory(home.toFile());
      builder.redirectErrorStream(true).redirectOutput(log().toFile());
      Process started = builder.start();
      started.getOutputStream().close();
      process = started;
      String trouble = createBucket(candidate, started);
      if (trouble.isEmpty()) {
        return candidate;
      }
      String state = started.isAlive() ? "runs" : "ended with " + started.exitValue();
      kill();
      if (attempt == START_ATTEMPTS) {
        throw new AssertionError(
            "%s did not start: it %s, said \"%s\", and answered %s"
                .formatted(name, state, Files.readString(log()), trouble));
      }
    }
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** Returns what went wrong last, or nothing once the bucket is there. */
  private String createBucket(URI at, Process server) {
    long startNanos = System.nanoTime();
    String trouble = "nothing";
    try (S3AsyncClient client = client(at)) {
      while (System.nanoTime() - startNanos < LONGEST_START.toNanos() && server.isAlive()) {
        try {
          client.createBucket(b -> b.bucket(bucket)).get(5, TimeUnit.SECONDS);
          return "";
        } catch (ExecutionException e) {
          if (e.getCause() instanceof BucketAlreadyOwnedByYouException) {
            // An earlier request made it, and its answer came too late.
            return "";
          }
          if (!(e.getCause() instanceof SdkException)) {
            throw new AssertionError(name, e);
          }
          trouble = e.getCause().toString();
          Thread.sleep(100);
        } catch (TimeoutException e) {
          trouble = "nothing within 5 s";
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return trouble;
  }

  /** A bare client of the SDK as the owner, for what the store does not do. */
  public S3AsyncClient client() {
    return client(endpoint);
  }

  private S3AsyncClient client(URI at) {
    var http = NettyNioAsyncHttpClient.builder();
    if (!tls.equals(Tls.DEFAULT)) {
      http.tlsTrustManagersProvider(() -> new TrustManager[] {TrustManagers.of(tls)});
    }
    return S3AsyncClient.builder()
        .httpClientBuilder(http)
        .endpointOverride(at)
        .forcePathStyle(true)
        .region(Region.US_EAST_1)
        .credentialsProvider(
            StaticCredentialsProvider.create(AwsBasicCredentials.create(accessKey, secretKey)))
        .build();
  }

  /** Where it listens. */
  public URI endpoint() {
    return endpoint;
  }

  /** An empty bucket that is there. */
  public String bucket() {
    return bucket;
  }

  /** The owner's credentials in the format of {@code ~/.aws/credentials}. */
  public final Path credentialsFile() {
    return home.resolve("credentials");
  }

  public String secretKey() {
    return secretKey;
  }

  public String accessKey() {
    return accessKey;
  }

  /** Settings of the bucket with the owner's credentials. */
  public S3Settings settings() {
    return S3Settings.of(
            bucket, S3Endpoint.at(endpoint), CredentialSource.ofFile(credentialsFile()))
        .with(tls);
  }

  /** A store over the bucket with the production limits. */
  public ObjectStore openStore() {
    return openStore(settings(), StoreLimits.DEFAULT.withRequests(64, 8192));
  }

  /** A store over a bucket, by the library that {@code settings} name. */
  public ObjectStore openStore(S3Settings settings, StoreLimits limits) {
    return new StoreAddress.S3(settings).open(limits, new ExecutorStoreTimer(timer));
  }

  /** Keeps every version of what is put from now on. */
  final void enableVersioning() {
    try (S3AsyncClient client = client()) {
      client
          .putBucketVersioning(r ->
              r.bucket(bucket)
                  .versioningConfiguration(v -> v.status(BucketVersioningStatus.ENABLED)))
          .join();
      var status = client.getBucketVersioning(r -> r.bucket(bucket)).join().status();
      if (status != BucketVersioningStatus.ENABLED) {
        throw new AssertionError(name + " keeps no versions: " + status);
      }
    }
  }

  /**
   * The storage URI of a volume in the bucket.
   *
   * @param rest further query, for example {@code &size=1GiB}, or empty
   */
  public String volumeUri(String volume, String rest) {
    return "s3://%s/%s?endpoint=%s&credentials_file=%s%s"
        .formatted(bucket, volume, endpoint, credentialsFile(), rest);
  }

  /** The same volume by the MinIO client. */
  public String minioVolumeUri(String volume, String rest) {
    return "minio://%s/%s/%s?credentials_file=%s%s"
        .formatted(endpoint.getAuthority(), bucket, volume, credentialsFile(), rest);
  }

  /** The server's process id: for tests that stop it for a while. */
  public long pid() {
    return processOrFail().pid();
  }

  private Process processOrFail() {
    Process running = process;
    if (running == null) {
      throw new IllegalStateException("closed");
    }
    return running;
  }

  private Path log() {
    return home.resolve("log");
  }

  private void kill() {
    Process running = process;
    if (running != null) {
      running.destroyForcibly();
      try {
        running.waitFor();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public void close() {
    kill();
    timer.shutdownNow();
    Runtime.getRuntime().removeShutdownHook(atExit);
    try (Stream<Path> files = Files.walk(home)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String randomHex(int bytes) {
    byte[] random = new byte[bytes];
    new SecureRandom().nextBytes(random);
    return HexFormat.of().formatHex(random);
  }
}
