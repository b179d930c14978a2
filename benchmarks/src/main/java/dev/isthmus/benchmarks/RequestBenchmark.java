package dev.isthmus.benchmarks;

import dev.isthmus.benchmarks.Metrics.Requests;
import dev.isthmus.benchmarks.wire.ClosedLoop;
import dev.isthmus.benchmarks.wire.ClosedLoop.Blocks;
import dev.isthmus.benchmarks.wire.NvmeHost;
import dev.isthmus.benchmarks.wire.Operation;
import dev.isthmus.benchmarks.wire.Sample;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/** What writing asks of the bucket, by the daemon's own count. Threading: one thread. */
final class RequestBenchmark {

  static final String VOLUME_SIZE = "4GiB";

  private static final String THROTTLED = "isthmus_volume_throttled_seconds_total";
  private static final long VOLUME_BYTES = 4L << 30;
  private static final int LONG_BYTES = 128 << 10;

  private final Daemon daemon;
  private final Daemon.Export export;
  private final Plan plan;

  /**
   * What one workload asked for.
   *
   * @param writeSeconds until the last write had completed
   * @param uploadSeconds until all of it was in the bucket
   * @param throttledSeconds by which the daemon delayed writes for the log filling
   * @param requests by kind and purpose
   */
  record Row(
      String workload,
      double bytes,
      double writeSeconds,
      double uploadSeconds,
      double throttledSeconds,
      Map<String, Requests> requests) {

    /** Bytes sent for {@code purposes} as a part of the data. */
    double sentPart(List<String> purposes) {
      return requests.entrySet().stream()
              .filter(e -> purposes.contains(e.getKey().substring(e.getKey().indexOf(' ') + 1)))
              .mapToDouble(e -> e.getValue().sentBytes())
              .sum()
          / bytes;
    }
  }

  RequestBenchmark(Daemon daemon, Daemon.Export export, Plan plan) {
    this.daemon = daemon;
    this.export = export;
    this.plan = plan;
  }

  List<Row> run() throws IOException, InterruptedException {
    var random = new SplittableRandom(3);
    int blocks = (int) (VOLUME_BYTES / Layout.BLOCK_BYTES);
    Row scattered =
        measure(
            "random 4 KiB, queue depth 32", Layout.BLOCK_BYTES, 32, () -> random.nextInt(blocks));
    Row sequential =
        measure(
            "sequential 128 KiB, queue depth 8",
            LONG_BYTES,
            8,
            new Blocks() {
              private long next;

              @Override
              public long next() {
                long block = next;
                next += LONG_BYTES / Layout.BLOCK_BYTES;
                return block;
              }
            });
    return List.of(scattered, sequential);
  }

  private Row measure(String workload, int requestBytes, int queueDepth, Blocks blocks)
      throws IOException, InterruptedException {
    int requests = (int) (plan.accountedBytes() / requestBytes);
    daemon.quiesce();
    Metrics before = daemon.metrics();
    Sample written;
    try (var host = new NvmeHost(export.port(), export.nqn(), requestBytes, 0)) {
      written =
          new ClosedLoop(host.io())
              .run(
                  Operation.WRITE,
                  queueDepth,
                  TimeUnit.MILLISECONDS.toNanos(plan.accountedMillis()),
                  Layout.atMost(requests, blocks));
    }
    double drainSeconds = daemon.drain(export.volume()) / 1e9;
    // Checkpoints follow the segments.
    daemon.quiesce();
    Metrics after = daemon.metrics();
    return new Row(
        workload,
        (double) written.operations() * requestBytes,
        written.seconds(),
        written.seconds() + drainSeconds,
        after.ofVolume(THROTTLED, export.volume()) - before.ofVolume(THROTTLED, export.volume()),
        after.requestsSince(before, export.volume()));
  }
}
