package dev.isthmus.benchmarks;

import dev.isthmus.benchmarks.wire.ClosedLoop;
import dev.isthmus.benchmarks.wire.NvmeHost;
import dev.isthmus.benchmarks.wire.Operation;
import dev.isthmus.blocktranslation.store.TestMinio;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * How long a volume is away after {@code kill -9} while its log holds what no bucket has: the
 * bucket falls silent, hosts go on writing, the daemon is killed, the bucket is back, the daemon
 * starts. Threading: one thread.
 */
final class RecoveryBenchmark {

  private static final String VOLUME_SIZE = "8GiB";
  private static final int VOLUME_BLOCKS = 1 << 21;
  private static final int QUEUE_DEPTH = 32;

  /** The second half of a log fills no faster than a slow bucket would take it. */
  private static final long LONGEST_FILL_SECONDS = 600;

  private final Path root;
  private final Path work;
  private final TestMinio minio;
  private final RecoveryPlan plan;
  private final Consumer<String> say;

  RecoveryBenchmark(
      Path root, Path work, TestMinio minio, RecoveryPlan plan, Consumer<String> say) {
    this.root = root;
    this.work = work;
    this.minio = minio;
    this.plan = plan;
    this.say = say;
  }

  /**
   * One recovery.
   *
   * @param cached whether the log lay in the kernel's memory, as after a crash of the process alone
   * @param records that came from the log
   * @param readBytes of roll files, by the baseline just before
   * @param readSeconds that the baseline took
   * @param startSeconds from the start of the process until it served
   * @param openMillis of them to open the volume
   * @param parts of those, in milliseconds
   * @param peakMemoryBytes of the process when it served (VmHWM)
   */
  record Round(
      boolean cached,
      long records,
      long readBytes,
      double readSeconds,
      double startSeconds,
      double openMillis,
      Map<String, Double> parts,
      long peakMemoryBytes) {}

  /** All rounds of one kind of write. */
  record Row(int requestBytes, List<Round> rounds) {}

  List<Row> run() throws IOException, InterruptedException {
    return List.of(run(4 << 10), run(32 << 10));
  }

  private Row run(int requestBytes) throws IOException, InterruptedException {
    String volume = "recovery-" + (requestBytes >> 10) + "k";
    Path place = Files.createDirectories(work.resolve(volume));
    fill(place, volume, requestBytes);
    var rounds = new ArrayList<Round>();
    for (int i = 0; i < plan.rounds(); i++) {
      rounds.add(round(place, volume, true));
      rounds.add(round(place, volume, false));
    }
    return new Row(requestBytes, rounds);
  }

  /** Leaves a daemon that was killed, and its log. */
  private void fill(Path place, String volume, int requestBytes)
      throws IOException, InterruptedException {
    long writes = plan.backlogBytes() / requestBytes;
    say.accept("%d writes of %d KiB go to a log alone".formatted(writes, requestBytes >> 10));
    Daemon daemon = Daemon.start(root, place, "--volume-log-capacity", plan.logCapacity());
    try {
      var export = daemon.create(minio.volumeUri(volume, ""), volume, VOLUME_SIZE);
      signal("STOP");
      var random = new SplittableRandom(requestBytes);
      int blocks = requestBytes / Layout.BLOCK_BYTES;
      try (var host = new NvmeHost(export.port(), export.nqn(), requestBytes, 0)) {
        long done =
            new ClosedLoop(host.io())
                .run(
                    Operation.WRITE,
                    QUEUE_DEPTH,
                    TimeUnit.SECONDS.toNanos(LONGEST_FILL_SECONDS),
                    Layout.atMost(
                        (int) writes, () -> random.nextInt(VOLUME_BLOCKS / blocks) * (long) blocks))
                .operations();
        if (done < writes) {
          throw new IOException(
              "only %d of %d writes in %d s".formatted(done, writes, LONGEST_FILL_SECONDS));
        }
      }
    } finally {
      daemon.kill();
      signal("CONT");
    }
  }

  private Round round(Path place, String volume, boolean cached)
      throws IOException, InterruptedException {
    LogFiles files = LogFiles.below(place);
    LogFiles.Read read;
    if (cached) {
      var _ = files.read();
      read = files.read();
    } else {
      files.evict();
      read = files.read();
      files.evict();
    }
    long beganNanos = System.nanoTime();
    Daemon daemon = Daemon.start(root, place, "--volume-log-capacity", plan.logCapacity());
    double startSeconds = (System.nanoTime() - beganNanos) / 1e9;
    long peakBytes = peakMemoryBytes(daemon.pid());
    String log = daemon.log();
    // At once: the rest is for the next round.
    daemon.kill();
    OpenLine opened = OpenLine.newest(log, volume);
    say.accept(
        "recovered %d writes in %.1f s"
            .formatted(opened.lastLsn() - opened.bucketLsn(), startSeconds));
    return new Round(
        cached,
        opened.lastLsn() - opened.bucketLsn(),
        read.bytes(),
        read.seconds(),
        startSeconds,
        opened.millis(),
        opened.parts(),
        peakBytes);
  }

  private static long peakMemoryBytes(long pid) throws IOException {
    return Files.readAllLines(Path.of("/proc", Long.toString(pid), "status")).stream()
        .filter(line -> line.startsWith("VmHWM:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
        .findFirst()
        .orElseThrow();
  }

  private void signal(String name) throws IOException, InterruptedException {
    Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(minio.pid())).start();
    if (kill.waitFor() != 0) {
      throw new IOException("no SIG" + name + " to MinIO");
    }
  }
}
