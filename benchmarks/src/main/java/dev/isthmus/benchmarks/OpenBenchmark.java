package dev.isthmus.benchmarks;

import dev.isthmus.benchmarks.wire.ClosedLoop;
import dev.isthmus.benchmarks.wire.ClosedLoop.Blocks;
import dev.isthmus.benchmarks.wire.NvmeHost;
import dev.isthmus.benchmarks.wire.Operation;
import dev.isthmus.blocktranslation.store.TestMinio;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How long a volume takes to open that was closed cleanly, and what it asks of the bucket.
 * Threading: one thread.
 */
final class OpenBenchmark {

  private static final String VOLUME_SIZE = "16GiB";
  private static final int VOLUME_BLOCKS = 1 << 22;
  private static final int LONG_BYTES = 128 << 10;
  private static final long LONGEST_FILL_SECONDS = 300;
  private static final int PINGS = 50;
  private static final Pattern ENDPOINT = Pattern.compile("endpoint=([^&]+)");

  private final Path root;
  private final Path work;
  private final TestMinio minio;
  private final RecoveryPlan plan;
  private final Consumer<String> say;

  OpenBenchmark(Path root, Path work, TestMinio minio, RecoveryPlan plan, Consumer<String> say) {
    this.root = root;
    this.work = work;
    this.minio = minio;
    this.plan = plan;
    this.say = say;
  }

  /**
   * One open.
   *
   * @param millis in all
   * @param parts of it, in milliseconds
   * @param requests to the bucket
   * @param pingMillis median of a request to the same server that asks it for nothing, just before
   */
  record Round(double millis, Map<String, Double> parts, double requests, double pingMillis) {}

  /**
   * All rounds of one volume.
   *
   * @param content what was written to it
   * @param bytes of it
   */
  record Row(String content, long bytes, List<Round> rounds) {}

  List<Row> run() throws IOException, InterruptedException {
    var random = new SplittableRandom(5);
    try (Daemon daemon = Daemon.start(root, Files.createDirectories(work.resolve("opens")))) {
      return List.of(
          run(daemon, "empty", "nothing", 0, LONG_BYTES, () -> Blocks.NONE),
          run(daemon, "whole", "sequential 128 KiB", plan.openBytes(), LONG_BYTES, sequential()),
          run(
              daemon,
              "scattered",
              "random 4 KiB over 16 GiB",
              plan.openBytes(),
              Layout.BLOCK_BYTES,
              () -> random.nextInt(VOLUME_BLOCKS)));
    }
  }

  private static Blocks sequential() {
    return new Blocks() {
      private long next;

      @Override
      public long next() {
        long block = next;
        next += LONG_BYTES / Layout.BLOCK_BYTES;
        return block;
      }
    };
  }

  private Row run(
      Daemon daemon, String volume, String content, long bytes, int requestBytes, Blocks blocks)
      throws IOException, InterruptedException {
    say.accept("open after a clean close: " + content);
    String uri = minio.volumeUri(volume, "");
    var export = daemon.create(uri, volume, VOLUME_SIZE);
    if (bytes > 0) {
      try (var host = new NvmeHost(export.port(), export.nqn(), requestBytes, 0)) {
        var _ =
            new ClosedLoop(host.io())
                .run(
                    Operation.WRITE,
                    32,
                    TimeUnit.SECONDS.toNanos(LONGEST_FILL_SECONDS),
                    Layout.atMost((int) (bytes / requestBytes), blocks));
      }
      var _ = daemon.drain(volume);
    }
    daemon.isthmus("volume", "unpublish", volume);
    var rounds = new ArrayList<Round>();
    for (int i = 0; i < plan.rounds(); i++) {
      daemon.isthmus("volume", "close", volume);
      double pingMillis = pingMillis(uri);
      daemon.isthmus("volume", "open", uri);
      // They are counted from the open on; an idle volume makes none.
      double requests =
          daemon.metrics().requests(volume).values().stream()
              .mapToDouble(Metrics.Requests::attempts)
              .sum();
      OpenLine opened = OpenLine.newest(daemon.log(), volume);
      rounds.add(new Round(opened.millis(), opened.parts(), requests, pingMillis));
    }
    daemon.isthmus("volume", "close", volume);
    return new Row(content, bytes, rounds);
  }

  /** A round trip over a connection that is open, answered without looking at the disk. */
  private static double pingMillis(String uri) throws IOException, InterruptedException {
    Matcher endpoint = ENDPOINT.matcher(uri);
    if (!endpoint.find()) {
      throw new IOException("no endpoint in " + uri);
    }
    HttpRequest ping =
        HttpRequest.newBuilder(URI.create(endpoint.group(1) + "/minio/health/live")).build();
    double[] millis = new double[PINGS];
    try (HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      for (int i = 0; i < PINGS; i++) {
        long beganNanos = System.nanoTime();
        HttpResponse<Void> answer = client.send(ping, HttpResponse.BodyHandlers.discarding());
        if (answer.statusCode() != 200) {
          throw new IOException(ping.uri() + ": " + answer.statusCode());
        }
        millis[i] = (System.nanoTime() - beganNanos) / 1e6;
      }
    }
    Arrays.sort(millis);
    return millis[PINGS / 2];
  }
}
