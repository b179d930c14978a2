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

/** {@code ./x bench}: one run of what its words ask for. Threading: one thread. */
public final class Main {

  private static final String HELP =
      """
      Usage: ./x bench [recovery | stores] [--quick]
      Measures a real daemon, over real sockets, beside a real MinIO, and prints ratios to baselines of the same run.
        recovery  instead: how long a volume takes to open, after kill -9 with 4 GiB in its log that no bucket has,
                  and after a clean close (under ten minutes, and 10 GiB of disk meanwhile)
        stores    instead: s3:// and minio:// beside HTTP alone on one MinIO, and reads with and without hedging
                  (under three minutes)
        --quick   under a minute, for a first look: fewer and shorter rounds (default: under four minutes)
      Prints Markdown; benchmarks/target/results/TIME.json holds every round. Data lies under benchmarks/target/work
      meanwhile: what is measured is that file system.
      """;

  private static final int DELETE_TRIES = 20;
  private static final long DELETE_PAUSE_NANOS = 100_000_000;

  private final Path root = Path.of(System.getProperty("isthmus.root", "")).toAbsolutePath();
  private final Path work;
  private final long beganNanos = System.nanoTime();

  private Main() throws IOException {
    Path target = Files.createDirectories(root.resolve("benchmarks/target/work"));
    this.work = Files.createTempDirectory(target, "");
    // MinIO's data too.
    System.setProperty("java.io.tmpdir", work.toString());
  }

  /** Ends with 0 if everything was measured. */
  public static void main(String[] args) throws Exception {
    List<String> words = List.of(args);
    if (words.equals(List.of("--help"))) {
      System.out.print(HELP);
      return;
    }
    boolean quick = words.contains("--quick");
    boolean recovery = words.contains("recovery");
    boolean stores = words.contains("stores");
    if ((recovery && stores)
        || words.size() != (quick ? 1 : 0) + (recovery ? 1 : 0) + (stores ? 1 : 0)) {
      System.err.print(HELP);
      System.exit(2);
    }
    var main = new Main();
    Runtime.getRuntime().addShutdownHook(new Thread(main::deleteWork));
    if (recovery) {
      main.report(main.recover(quick ? RecoveryPlan.QUICK : RecoveryPlan.FULL));
    } else if (stores) {
      main.report(main.stores(quick ? StorePlan.QUICK : StorePlan.FULL));
    } else {
      main.report(main.measure(quick ? Plan.QUICK : Plan.FULL));
    }
  }

  private void say(String what) {
    System.err.printf(
        Locale.ROOT, "bench: %5.1f s  %s%n", (System.nanoTime() - beganNanos) / 1e9, what);
  }

  private static String now() {
    return DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'", Locale.ROOT)
        .format(Instant.now().atOffset(ZoneOffset.UTC));
  }

  private double tookSeconds() {
    return (System.nanoTime() - beganNanos) / 1e9;
  }

  private RecoveryResults recover(RecoveryPlan plan) throws IOException, InterruptedException {
    String time = now();
    Machine machine = Machine.describe(work);
    try (TestMinio minio = TestMinio.start()) {
      var recoveries = new RecoveryBenchmark(root, work, minio, plan, this::say).run();
      var opens = new OpenBenchmark(root, work, minio, plan, this::say).run();
      return new RecoveryResults(time, tookSeconds(), machine, plan, recoveries, opens);
    }
  }

  private StoreResults stores(StorePlan plan) throws Exception {
    String time = now();
    Machine machine = Machine.describe(work);
    try (TestMinio minio = TestMinio.start()) {
      var throughput = new StoreBenchmark(minio, plan, this::say).run();
      say("hedged reads");
      var hedging = new HedgeBenchmark(minio, plan).run();
      return new StoreResults(time, tookSeconds(), machine, plan, throughput, hedging);
    }
  }

  private Results measure(Plan plan) throws IOException, InterruptedException {
    String time = now();
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
      return new Results(time, tookSeconds(), machine, plan, wire, flush, requests, idle);
    }
  }

  private static NvmeHost host(Daemon.Export export) throws IOException {
    return new NvmeHost(export.port(), export.nqn(), Layout.BLOCK_BYTES, 0);
  }

  private void report(Results results) throws IOException {
    new MarkdownReport(new PrintWriter(System.out, true, StandardCharsets.UTF_8)).print(results);
    keep(results.time() + ".json", results);
  }

  private void report(RecoveryResults results) throws IOException {
    new RecoveryReport(new PrintWriter(System.out, true, StandardCharsets.UTF_8)).print(results);
    keep(results.time() + "-recovery.json", results);
  }

  private void report(StoreResults results) throws IOException {
    new StoreReport(new PrintWriter(System.out, true, StandardCharsets.UTF_8)).print(results);
    keep(results.time() + "-stores.json", results);
  }

  private void keep(String name, Record results) throws IOException {
    Path file = Files.createDirectories(root.resolve("benchmarks/target/results")).resolve(name);
    new ObjectMapper().writerWithDefaultPrettyPrinter().writeValue(file.toFile(), results);
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
