package dev.isthmus.gateway.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.isthmus.blocktranslation.powercut.RecordingDisk;
import dev.isthmus.gateway.logging.LogSetup;
import dev.isthmus.gateway.metrics.PrometheusParser;
import dev.isthmus.gateway.rpc.ControlClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A gateway over one data directory, started and ended as often as a test likes; its command line,
 * as a process of its own. Threading: confined to the test's thread.
 */
final class TestGateway {

  private static final Duration LONGEST_START = Duration.ofMinutes(1);

  private static final Duration LONGEST_STOP = Duration.ofMinutes(1);

  private static final Duration LONGEST_VERB = Duration.ofSeconds(90);

  private static final String MAIN = "dev.isthmus.gateway.cli.Main";

  /** What a command line printed and how it ended. */
  record Run(int exitCode, String out, String err) {}

  private final Lab lab;
  private final String name;
  private final Path socket;
  private final List<String> prefix;
  private final Map<String, String> environment;
  private final List<String> settings;
  private Path data;
  private List<String> diskPrefix = List.of();
  private @Nullable ChildProcess process;
  private int starts;

  /**
   * Not started yet.
   *
   * @param name of its data directory and logs
   * @param prefix of its command: where it runs
   * @param settings more flags of {@code isthmus serve}
   */
  TestGateway(Lab lab, String name, List<String> prefix, TestBucket bucket, List<String> settings) {
    this.lab = lab;
    this.name = name;
    this.data = lab.data(name);
    // Not in the data directory, which a recording disk shows to its own processes alone.
    this.socket = lab.data(name + ".sock");
    this.prefix = prefix;
    this.environment = new HashMap<>(bucket.credentials());
    this.settings = settings;
  }

  /** One that a guest reaches, and nobody else. */
  static TestGateway forGuest(
      Lab lab, TestNetwork network, TestBucket bucket, String... moreSettings) {
    var settings =
        new ArrayList<>(
            List.of(
                "--listen",
                TestNetwork.HOST_ADDRESS + ":4420",
                "--advertise",
                TestNetwork.HOST_ADDRESS,
                "--host-nqns",
                TestNetwork.GUEST_NQN));
    settings.addAll(List.of(moreSettings));
    return new TestGateway(lab, "gateway", network.prefix(), bucket, settings);
  }

  /** From its next start on its data directory lies on {@code disk}. */
  void moveTo(RecordingDisk disk) {
    data = disk.mount().resolve(name);
    diskPrefix = disk.enter();
  }

  /** Starts it and waits until it serves. */
  void start() throws IOException, InterruptedException {
    var command = new ArrayList<>(prefix);
    command.addAll(diskPrefix);
    command.addAll(java());
    command.addAll(
        List.of(
            "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
            "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED",
            "-Dchronicle.analytics.disable=true",
            "-Dqueue.force.unlock.mode=ALWAYS",
            "-Xmx512m",
            "-XX:MaxDirectMemorySize=1g",
            "-cp",
            classPath(),
            MAIN,
            "serve",
            "--data-dir",
            data.toString(),
            "--socket",
            socket.toString(),
            "--default-volume",
            "false",
            "--metrics",
            "127.0.0.1:0",
            "--log-format",
            "text"));
    command.addAll(settings);
    starts++;
    ChildProcess started =
        lab.keep(ChildProcess.start(lab.log(name + "-" + starts), environment(), command));
    process = started;
    var _ = started.awaitLine(".*stops it cleanly", LONGEST_START);
  }

  private static List<String> java() {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow");
  }

  /** Surefire hides it behind a jar with a manifest. */
  static String classPath() {
    return Objects.requireNonNullElse(
        System.getProperty("surefire.test.class.path"), System.getProperty("java.class.path"));
  }

  private Map<String, String> environment() {
    var all = new HashMap<>(environment);
    // An empty variable is one that was not set.
    System.getenv().keySet().stream()
        .filter(key -> key.startsWith("ISTHMUS_"))
        .forEach(key -> all.put(key, ""));
    return all;
  }

  /** Calls it as its command line does, without a process of its own for each call. */
  ControlClient control() {
    LogSetup.apply("error", false);
    return new ControlClient(socket);
  }

  /** The process that runs now, or ran last. */
  ChildProcess process() {
    return Objects.requireNonNull(process, "not started");
  }

  /** SIGKILL. */
  void kill() throws InterruptedException {
    process().kill();
  }

  /** SIGTERM; it must end cleanly. */
  void stop() throws IOException, InterruptedException {
    process().terminate();
    assertEquals(0, process().await(LONGEST_STOP), () -> name + " did not stop cleanly");
  }

  /** Runs a verb of the command line against it. */
  Run isthmus(String... arguments) throws IOException, InterruptedException {
    var all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--socket", socket.toString()));
    return java(List.of(), MAIN, all);
  }

  /** Runs a verb that needs no gateway, where this one runs, or would. */
  Run alone(String... arguments) throws IOException, InterruptedException {
    return java(prefix, MAIN, List.of(arguments));
  }

  /** Runs a program of the tests there, with the bucket's credentials; it must succeed. */
  void alone(String mainClass, List<String> arguments) throws IOException, InterruptedException {
    Run run = java(prefix, mainClass, arguments);
    assertEquals(0, run.exitCode(), run::err);
  }

  private Run java(List<String> where, String mainClass, List<String> arguments)
      throws IOException, InterruptedException {
    var command = new ArrayList<>(where);
    command.addAll(java());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", classPath()));
    command.add(mainClass);
    command.addAll(arguments);
    Path err = Files.createTempFile(lab.data(""), "isthmus", ".err");
    // Not a pipe: reading one to its end would wait for a verb that hangs.
    Path out = Files.createTempFile(lab.data(""), "isthmus", ".out");
    var builder =
        new ProcessBuilder(command).redirectError(err.toFile()).redirectOutput(out.toFile());
    builder.environment().putAll(environment());
    builder.environment().put("AWS_EC2_METADATA_DISABLED", "true");
    Process verb = builder.start();
    try {
      verb.getOutputStream().close();
      if (!verb.waitFor(LONGEST_VERB.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new AssertionError(arguments + " did not end: " + Files.readString(err));
      }
      return new Run(verb.exitValue(), Files.readString(out), Files.readString(err));
    } finally {
      verb.destroyForcibly();
    }
  }

  /** Runs a verb that must succeed and prints JSON. */
  JsonNode json(String... arguments) throws IOException, InterruptedException {
    var all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("-o", "json"));
    Run run = isthmus(all.toArray(String[]::new));
    assertEquals(0, run.exitCode(), () -> List.of(arguments) + ": " + run.err());
    return new ObjectMapper().readTree(run.out());
  }

  JsonNode show(String volume) throws IOException, InterruptedException {
    return json("volume", "show", volume);
  }

  /** What {@code /metrics} says now. */
  Map<String, PrometheusParser.Family> metrics() throws IOException, InterruptedException {
    var command = new ArrayList<>(prefix);
    String address = json("status").at("/metrics").asText();
    command.addAll(java());
    command.addAll(
        List.of("-cp", classPath(), Fetch.class.getName(), "http://" + address + "/metrics"));
    return PrometheusParser.parse(ChildProcess.run(lab.log("metrics"), LONGEST_VERB, command));
  }

  /** Creates a volume and publishes it; gives its NQN. */
  String createAndPublish(String uri, String size, String... options)
      throws IOException, InterruptedException {
    var create = new ArrayList<>(List.of("volume", "create", uri, "--size", size));
    create.addAll(List.of(options));
    String volume = json(create.toArray(String[]::new)).at("/name").asText();
    return json("volume", "publish", volume).at("/export/nqn").asText();
  }

  /** Waits until everything applied is in the bucket. */
  JsonNode awaitUploaded(String volume, Duration limit) throws Exception {
    var last = new JsonNode[1];
    Lab.await(
        volume + " is uploaded",
        limit,
        () -> {
          last[0] = show(volume);
          return last[0].at("/uploaded_lsn").asLong() == last[0].at("/applied_lsn").asLong();
        });
    return last[0];
  }

  /** Where a volume keeps its log on this host. */
  Path volumeDirectory(String uuid) {
    return data.resolve("volumes").resolve(uuid);
  }
}
