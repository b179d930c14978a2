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

/**
 * A MinIO server with one empty bucket, on the loopback interface of this machine or of a test's
 * network. Threading: confined.
 */
final class TestBucket {

  private static final String BUCKET = "isthmus-it";

  private static final Duration LONGEST_BUILD = Duration.ofMinutes(15);

  private static final Duration LONGEST_START = Duration.ofMinutes(1);

  private final int port;
  private final Map<String, String> credentials;

  private TestBucket(int port, Map<String, String> credentials) {
    this.port = port;
    this.credentials = credentials;
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
    ChildProcess minio =
        lab.keep(
            ChildProcess.start(
                lab.log("minio"),
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
                    "off"),
                command));
    var _ = minio.awaitLine("API: http://127\\.0\\.0\\.1:" + port, LONGEST_START);
    return new TestBucket(
        port, Map.of("AWS_ACCESS_KEY_ID", accessKey, "AWS_SECRET_ACCESS_KEY", secretKey));
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

  /** The storage URI of a volume. */
  String volume(String name) {
    return "s3://" + BUCKET + "/it/" + name + "?endpoint=http://127.0.0.1:" + port;
  }

  /** What a gateway finds them by. */
  Map<String, String> credentials() {
    return credentials;
  }
}
