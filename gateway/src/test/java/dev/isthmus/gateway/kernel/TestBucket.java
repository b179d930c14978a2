package dev.isthmus.gateway.kernel;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A MinIO server with one bucket, empty at first, on the loopback interface of this machine or of a
 * test's network; ended and started as often as a test likes. Threading: confined.
 */
final class TestBucket {

  private static final String BUCKET = "isthmus-it";

  private static final Duration LONGEST_BUILD = Duration.ofMinutes(15);

  private static final Duration LONGEST_START = Duration.ofMinutes(1);

  private final Lab lab;
  private final List<String> command;
  private final int port;
  private final Map<String, String> credentials;
  private final Map<String, String> environment;
  private @Nullable ChildProcess process;
  private int starts;

  private TestBucket(
      Lab lab,
      List<String> command,
      int port,
      Map<String, String> credentials,
      Map<String, String> environment) {
    this.lab = lab;
    this.command = command;
    this.port = port;
    this.credentials = credentials;
    this.environment = environment;
  }

  /**
   * Starts one.
   *
   * @param prefix of its command: where it runs
   * @throws AssertionError if there is no MinIO: such a test fails, it never skips
   */
  static TestBucket start(Lab lab, List<String> prefix) throws IOException, InterruptedException {
    String printed =
        ChildProcess.run(
            lab.log("minio-binary"),
            LONGEST_BUILD,
            List.of(Lab.root().resolve("scripts/minio").toString()));
    String binary = printed.strip().lines().toList().getLast();
    Path home = lab.data("minio");
    // A folder that is there at its start is a bucket.
    Files.createDirectories(home.resolve("data").resolve(BUCKET));
    int port = freePort();
    String accessKey = "test" + randomHex();
    String secretKey = randomHex();
    var command = new ArrayList<String>(prefix);
    command.addAll(List.of(binary, "server", "--address", "127.0.0.1:" + port));
    command.addAll(List.of("--console-address", "127.0.0.1:0", home.resolve("data").toString()));
    var bucket =
        new TestBucket(
            lab,
            command,
            port,
            Map.of("AWS_ACCESS_KEY_ID", accessKey, "AWS_SECRET_ACCESS_KEY", secretKey),
            Map.of(
                "HOME",
                home.toString(),
                "MINIO_ROOT_USER",
                accessKey,
                "MINIO_ROOT_PASSWORD",
                secretKey,
                "MINIO_BROWSER",
                "off",
                "MINIO_UPDATE",
                "off"));
    bucket.startAgain();
    return bucket;
  }

  /** Starts its process, the first or the next one; what it holds stays. */
  void startAgain() throws IOException, InterruptedException {
    starts++;
    ChildProcess started =
        lab.keep(ChildProcess.start(lab.log("minio-" + starts), environment, command));
    process = started;
    var _ = started.awaitLine("API: http://127\\.0\\.0\\.1:" + port, LONGEST_START);
  }

  /** The process that runs now, or ran last. */
  ChildProcess process() {
    return Objects.requireNonNull(process, "not started");
  }

  /** Free on this machine, and so in a namespace where nothing else runs, too. */
  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static String randomHex() {
    byte[] random = new byte[16];
    new SecureRandom().nextBytes(random);
    return HexFormat.of().formatHex(random);
  }

  /** Where it is reached from where it runs. */
  String endpoint() {
    return "http://127.0.0.1:" + port;
  }

  /** The storage URI of a volume. */
  String volume(String name) {
    return volume(name, endpoint());
  }

  /** The same by way of a proxy. */
  String volume(String name, String endpoint) {
    return "s3://" + BUCKET + "/it/" + name + "?endpoint=" + endpoint;
  }

  /** What a gateway finds them by. */
  Map<String, String> credentials() {
    return credentials;
  }
}
