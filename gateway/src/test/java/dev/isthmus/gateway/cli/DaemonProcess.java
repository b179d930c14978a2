package dev.isthmus.gateway.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** A real daemon: another process, its real socket, its real signals. Threading: confined. */
final class DaemonProcess implements AutoCloseable {

  private static final long START_SECONDS = 60;

  private final Process process;
  private final Path data;
  private final Path out;
  private final Path err;

  private DaemonProcess(Process process, Path data, Path out, Path err) {
    this.process = process;
    this.data = data;
    this.out = out;
    this.err = err;
  }

  /** Starts `isthmus serve`, on free ports unless told otherwise; returns at once. */
  static DaemonProcess launch(Path data, String... more) throws IOException {
    return launch(List.of(), data, more);
  }

  private static DaemonProcess launch(List<String> options, Path data, String... more)
      throws IOException {
    Path out = Files.createTempFile(data.getParent(), "serve", ".out");
    Path err = Files.createTempFile(data.getParent(), "serve", ".err");
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
            "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Dchronicle.analytics.disable=true",
            "-Dqueue.force.unlock.mode=ALWAYS",
            "-Xmx256m",
            "-XX:TieredStopAtLevel=1"));
    command.addAll(options);
    command.addAll(
        List.of("-cp", classPath(), Main.class.getName(), "serve", "--data-dir", data.toString()));
    List<String> said = List.of(more);
    for (String place : List.of("--listen", "--metrics")) {
      if (!said.contains(place)) {
        command.addAll(List.of(place, "127.0.0.1:0"));
      }
    }
    command.addAll(said);
    var builder = new ProcessBuilder(command);
    builder.environment().keySet().removeIf(name -> name.startsWith("ISTHMUS_"));
    builder.environment().put("AWS_EC2_METADATA_DISABLED", "true");
    return new DaemonProcess(
        builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start(), data, out, err);
  }

  /** Starts it and waits until it serves. */
  static DaemonProcess start(Path data, String... more) throws IOException, InterruptedException {
    return started(launch(data, more));
  }

  /** The same with {@code option} for the virtual machine. */
  static DaemonProcess startWith(String option, Path data, String... more)
      throws IOException, InterruptedException {
    return started(launch(List.of(option), data, more));
  }

  private static DaemonProcess started(DaemonProcess daemon)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
    while (!daemon.standardOutput().contains("stops it cleanly")) {
      if (!daemon.process.isAlive() || System.nanoTime() > deadline) {
        daemon.close();
        throw new AssertionError(
            "the daemon did not start: " + daemon.standardOutput() + daemon.standardError());
      }
      Thread.sleep(20);
    }
    return daemon;
  }

  /** Surefire hides it behind a jar with a manifest. */
  private static String classPath() {
    return Objects.requireNonNullElse(
        System.getProperty("surefire.test.class.path"), System.getProperty("java.class.path"));
  }

  /** Runs another verb against it, in this process. */
  CommandRun isthmus(String... args) {
    var command = new ArrayList<>(List.of(args));
    command.add("--data-dir");
    command.add(data.toString());
    return CommandRun.run(command.toArray(new String[0]));
  }

  String standardOutput() throws IOException {
    return Files.readString(out);
  }

  String standardError() throws IOException {
    return Files.readString(err);
  }

  /** SIGTERM, as an init system sends it. */
  int terminate() throws InterruptedException {
    process.destroy();
    return await();
  }

  /** SIGKILL. */
  void kill() throws InterruptedException {
    process.destroyForcibly();
    int _ = await();
  }

  int await() throws InterruptedException {
    if (!process.waitFor(START_SECONDS, TimeUnit.SECONDS)) {
      throw new AssertionError("the daemon did not end");
    }
    return process.exitValue();
  }

  long pid() {
    return process.pid();
  }

  /** Kills it, and waits until its data directory is free. */
  @Override
  public void close() {
    var _ = process.destroyForcibly().onExit().orTimeout(START_SECONDS, TimeUnit.SECONDS).join();
  }
}
