package dev.isthmus.benchmarks;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.isthmus.benchmarks.wire.NvmeHost;
import dev.isthmus.blocktranslation.store.TestMinio;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/** {@code ./x bench}: one run of everything. Threading: one thread. */
public final class Main {

  private static final String HELP =
      """
      Usage: ./x bench [--quick]
      Measures a real daemon, over real sockets, beside a real MinIO, and prints ratios to baselines of the same run.
        --quick   under a minute, for a first look: fewer and shorter rounds (default: under four minutes)
      Prints Markdown; benchmarks/target/results/TIME.json holds every round. Data lies under benchmarks/target/work
      meanwhile: what is measured is that file system.
      """;

  private static final int DELETE_TRIES = 20;
  private static final long DELETE_PAUSE_NANOS = 100_000_000;

  private final Path root = Path.of(System.getProperty("isthmus.root", "")).toAbsolutePath();
  private final Plan plan;
  private final Path work;
  private final long beganNanos = System.nanoTime();

  private Main(Plan plan) throws IOException {
    this.plan = plan;
    Path target = Files.createDirectories(root.resolve("benchmarks/target/work"));
    this.work = Files.createTempDirectory(target, "");
    // MinIO's data too.
    System.setProperty("java.io.tmpdir", work.toString());
  }

  /** Ends with 0 if everything was measured. */
  public static void main(String[] args) throws IOException, InterruptedException {
    Plan plan =
        switch (List.of(args)) {
          case List<String> none when none.isEmpty() -> Plan.FULL;
          case List<String> one when one.equals(List.of("--quick")) -> Plan.QUICK;
          case List<String> one when one.equals(List.of("--help")) -> null;
          default -> {
            System.err.print(HELP);
            System.exit(2);
            throw new AssertionError();
          }
        };
    if (plan == null) {
      System.out.print(HELP);
      return;
    }
    var main = new Main(plan);
    Runtime.getRuntime().addShutdownHook(new Thread(main::deleteWork));
    main.report(main.measure());
  }

  private void say(String what) {
    System.err.printf(
        Locale.ROOT, "bench: %5.1f s  %s%n", (System.nanoTime() - beganNanos) / 1e9, what);
  }

  private Results measure() throws IOException, InterruptedException {
    Instant now = Instant.now();
    Machine machine = Machine.describe(work);
    say("MinIO, the daemon and the bare responder start");
    try (TestMinio minio = TestMinio.start();
        Daemon daemon = Daemon.start(root, work);
        var bare = new BareProcess()) {
      var malloc = daemon.create("malloc:///memory", "memory", Layout.VOLUME_SIZE);
      var directory = daemon.create("directory", "directory", Layout.VOLUME_SIZE);
      var s3 = daemon.create(minio.volumeUri("minio", ""), "minio", Layout.VOLUME_SIZE);
      var counted =
          daemon.create(minio.volumeUri("counted", ""), "counted", RequestBenchmark.VOLUME_SIZE);
      var contention =
          new Contention(
              List.of(ProcessHandle.current().pid(), daemon.pid(), bare.pid(), minio.pid()));
      List<WireBenchmark.Row> wire;
      List<FlushBenchmark.Row> flush;
      try (var mallocHost = host(malloc);
          var directoryHost = host(directory);
          var s3Host = host(s3);
          var flushes = new FlushBenchmark(plan, contention, work)) {
        var wires = new WireBenchmark(daemon, bare, plan, contention);
        say("volumes are filled");
        wires.add("malloc", malloc, false, mallocHost);
        wires.add("volume, bucket+file", directory, true, directoryHost);
        wires.add("volume, MinIO", s3, true, s3Host);
        say("4 KiB over the wire");
        wire = wires.run();
        say("flush");
        flushes.add("volume, bucket+file", directoryHost.io());
        flushes.add("volume, MinIO", s3Host.io());
        flush = flushes.run();
      }
      say("requests to the bucket");
      var requests = new RequestBenchmark(daemon, counted, plan).run();
      say("idle");
      var idle = IdleBenchmark.run(daemon, List.of(malloc, directory, s3, counted), plan);
      return new Results(
          DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'", Locale.ROOT)
              .format(now.atOffset(ZoneOffset.UTC)),
          (System.nanoTime() - beganNanos) / 1e9,
          machine,
          plan,
          wire,
          flush,
          requests,
          idle);
    }
  }

  private static NvmeHost host(Daemon.Export export) throws IOException {
    return new NvmeHost(export.port(), export.nqn(), Layout.BLOCK_BYTES, 0);
  }

  private void report(Results results) throws IOException {
    Path file =
        Files.createDirectories(root.resolve("benchmarks/target/results"))
            .resolve(results.time() + ".json");
    new ObjectMapper().writerWithDefaultPrettyPrinter().writeValue(file.toFile(), results);
    new MarkdownReport(new PrintWriter(System.out, true, StandardCharsets.UTF_8)).print(results);
    say("every round is in " + root.relativize(file));
  }

  /**
   * At any end, also by a signal: other hooks kill at the same time those who still write there.
   */
  private void deleteWork() {
    for (int tries = 0; tries < DELETE_TRIES; tries++) {
      try (Stream<Path> all = Files.walk(work)) {
        for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
          Files.deleteIfExists(path);
        }
        return;
      } catch (IOException | UncheckedIOException e) {
        LockSupport.parkNanos(DELETE_PAUSE_NANOS);
      }
    }
    say(work + " could not be deleted");
  }
}
