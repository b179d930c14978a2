package dev.isthmus.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A real gateway: the launcher, its process, its command line, its metrics page. Threading: one
 * thread.
 */
final class Daemon implements AutoCloseable {

  /** The launcher may build first. */
  private static final long START_SECONDS = 300;

  /** Longer than its own limit for closing volumes. */
  private static final long STOP_SECONDS = 60;

  /** Longest that a volume's lag may take to reach the bucket. */
  private static final long DRAIN_SECONDS = 120;

  /** Longer than a segment waits to be full. */
  private static final long QUIET_MILLIS = 1500;

  private static final Pattern METRICS = Pattern.compile("http://\\S+/metrics");

  private final Path launcher;
  private final Path data;
  private final Path err;
  private final Process process;
  private final Thread atExit;
  private final URI metrics;

  private Daemon(Path launcher, Path data, Path err, Process process, Thread atExit, URI metrics) {
    this.launcher = launcher;
    this.data = data;
    this.err = err;
    this.process = process;
    this.atExit = atExit;
    this.metrics = metrics;
  }

  /**
   * Starts one on free ports, and waits until it serves what it finds below {@code work}: at first
   * no volume.
   *
   * @param settings more flags of {@code isthmus serve}
   */
  static Daemon start(Path root, Path work, String... settings)
      throws IOException, InterruptedException {
    Path launcher = root.resolve("isthmus");
    Path data = work.resolve("d");
    Path out = work.resolve("serve.out");
    Path err = work.resolve("serve.err");
    var serve = new ArrayList<>(List.of("serve", "--data-dir", data.toString()));
    serve.addAll(List.of("--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0"));
    serve.addAll(List.of("--default-volume", "false"));
    serve.addAll(List.of(settings));
    Process process =
        launcher(launcher, serve).redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    var atExit = new Thread(process::destroyForcibly);
    Runtime.getRuntime().addShutdownHook(atExit);
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    String said = "";
    while (!said.contains("stops it cleanly")) {
      if (!process.isAlive() || System.nanoTime() - deadline > 0) {
        process.destroyForcibly();
        throw new IOException("the daemon did not start: " + said + Files.readString(err));
      }
      Thread.sleep(20);
      said = Files.readString(out);
    }
    Matcher address = METRICS.matcher(said);
    if (!address.find()) {
      process.destroyForcibly();
      throw new IOException("the daemon names no metrics page: " + said);
    }
    return new Daemon(launcher, data, err, process, atExit, URI.create(address.group()));
  }

  private static ProcessBuilder launcher(Path launcher, List<String> arguments) {
    var command = new ArrayList<String>();
    command.add(launcher.toString());
    command.addAll(arguments);
    var builder = new ProcessBuilder(command);
    // The defaults are what is measured.
    builder.environment().keySet().removeIf(name -> name.startsWith("ISTHMUS_"));
    builder.environment().put("AWS_EC2_METADATA_DISABLED", "true");
    return builder;
  }

  /** A verb of the command line; gives what it printed. */
  String isthmus(String... arguments) throws IOException, InterruptedException {
    var all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--data-dir", data.toString()));
    Path said = data.resolveSibling("client.err");
    Process client = launcher(launcher, all).redirectError(said.toFile()).start();
    client.getOutputStream().close();
    String out = new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (client.waitFor() != 0) {
      throw new IOException(
          "isthmus " + String.join(" ", arguments) + ": " + Files.readString(said));
    }
    return out;
  }

  /** Creates a volume of 4 KiB blocks and publishes it. */
  Export create(String nameOrUri, String name, String size)
      throws IOException, InterruptedException {
    isthmus("volume", "create", nameOrUri, "--name", name, "--size", size, "--block-size", "4096");
    return publish(name);
  }

  /** Shows a volume to hosts. */
  Export publish(String name) throws IOException, InterruptedException {
    isthmus("volume", "publish", name);
    JsonNode export =
        new ObjectMapper().readTree(isthmus("volume", "show", name, "-o", "json")).get("export");
    return new Export(name, export.get("nqn").asText(), export.get("port").asInt());
  }

  /** Where hosts find a volume. */
  record Export(String volume, String nqn, int port) {}

  Metrics metrics() throws IOException {
    try (InputStream page = metrics.toURL().openStream()) {
      return Metrics.parse(new String(page.readAllBytes(), StandardCharsets.UTF_8));
    }
  }

  /** Waits until everything that was written is in the bucket; gives the nanoseconds it took. */
  long drain(String volume) throws IOException, InterruptedException {
    long began = System.nanoTime();
    while (metrics().ofVolume("isthmus_volume_upload_lag_bytes", volume) > 0) {
      if (System.nanoTime() - began > TimeUnit.SECONDS.toNanos(DRAIN_SECONDS)) {
        throw new IOException(volume + " is not in its bucket after " + DRAIN_SECONDS + " s");
      }
      Thread.sleep(20);
    }
    return System.nanoTime() - began;
  }

  /** Waits until no volume has asked its bucket for anything for a while. */
  void quiesce() throws IOException, InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(DRAIN_SECONDS);
    double before = -1;
    double now = metrics().allRequests();
    while (now > before) {
      if (System.nanoTime() - deadline > 0) {
        throw new IOException("the volumes go on asking their buckets, with nothing written");
      }
      Thread.sleep(QUIET_MILLIS);
      before = now;
      now = metrics().allRequests();
    }
  }

  /** All it has logged so far. */
  String log() throws IOException {
    return Files.readString(err);
  }

  /** Below which everything of it lies. */
  Path data() {
    return data;
  }

  /** SIGKILL; waits until it is gone. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
    Runtime.getRuntime().removeShutdownHook(atExit);
  }

  /** The gateway's own: the launcher becomes it. */
  long pid() {
    return process.pid();
  }

  @Override
  public void close() {
    if (!process.isAlive()) {
      return;
    }
    process.destroy();
    try {
      if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    Runtime.getRuntime().removeShutdownHook(atExit);
  }
}
