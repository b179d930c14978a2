package dev.isthmus.gateway.kernel;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A process whose output, standard error within it, goes to a file that is kept. Threading:
 * confined to the test's thread.
 */
final class ChildProcess implements AutoCloseable {

  private static final long POLL_MILLIS = 20;

  private static final Duration POLITE_END = Duration.ofSeconds(5);

  /** A force that is under way is waited for by the kernel. */
  private static final Duration LONGEST_DEATH = Duration.ofMinutes(1);

  private final Process process;
  private final Path log;

  private ChildProcess(Process process, Path log) {
    this.process = process;
    this.log = log;
  }

  /** Starts {@code command} with nothing to read; {@code environment} is added to our own. */
  static ChildProcess start(Path log, Map<String, String> environment, List<String> command)
      throws IOException {
    var builder = new ProcessBuilder(command);
    builder.environment().put("AWS_EC2_METADATA_DISABLED", "true");
    builder.environment().putAll(environment);
    Process started =
        builder.redirectErrorStream(true).redirectOutput(log.toFile()).directory(null).start();
    started.getOutputStream().close();
    return new ChildProcess(started, log);
  }

  /** Runs {@code command} to its end and gives what it printed. */
  static String run(Path log, Duration limit, List<String> command)
      throws IOException, InterruptedException {
    try (ChildProcess process = start(log, Map.of(), command)) {
      int exitCode = process.await(limit);
      if (exitCode != 0) {
        throw new AssertionError(
            "exit code " + exitCode + " of " + command + ":\n" + process.output());
      }
      return process.output();
    }
  }

  /** All it has printed so far. */
  String output() throws IOException {
    // Consoles may hold half a character at the end.
    return new String(Files.readAllBytes(log), StandardCharsets.UTF_8);
  }

  /** Waits until a line matches; gives the match. */
  Matcher awaitLine(String regex, Duration limit) throws IOException, InterruptedException {
    Pattern pattern = Pattern.compile("^" + regex, Pattern.MULTILINE);
    long deadline = System.nanoTime() + limit.toNanos();
    while (true) {
      // Asked first: what it printed before its end must still be seen.
      boolean alive = process.isAlive();
      Matcher matcher = pattern.matcher(output());
      if (matcher.find()) {
        return matcher;
      }
      if (!alive) {
        throw new AssertionError(
            log.getFileName() + " ended (" + process.exitValue() + ") without a line " + regex);
      }
      if (System.nanoTime() > deadline) {
        throw new AssertionError(
            log.getFileName() + ": no line " + regex + " within " + limit.toSeconds() + " s");
      }
      Thread.sleep(POLL_MILLIS);
    }
  }

  /** Waits for its end; gives its exit code. */
  int await(Duration limit) throws InterruptedException {
    if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new AssertionError(
          log.getFileName() + " did not end within " + limit.toSeconds() + " s");
    }
    return process.exitValue();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  long pid() {
    return process.pid();
  }

  /** SIGKILL; waits until it is gone. */
  void kill() throws InterruptedException {
    process.destroyForcibly();
    int _ = await(LONGEST_DEATH);
  }

  /** SIGSTOP: it answers nothing, and its sockets stay open. */
  void suspend() throws IOException, InterruptedException {
    signal("STOP");
  }

  /** SIGCONT. */
  void resume() throws IOException, InterruptedException {
    signal("CONT");
  }

  private void signal(String name) throws IOException, InterruptedException {
    Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(pid())).start();
    if (kill.waitFor() != 0) {
      throw new AssertionError("no SIG" + name + " to " + log.getFileName());
    }
  }

  /** SIGTERM. */
  void terminate() {
    process.destroy();
  }

  /** Ends it, politely first. */
  @Override
  public void close() {
    try {
      if (process.isAlive()) {
        process.destroy();
        if (!process.waitFor(POLITE_END.toMillis(), TimeUnit.MILLISECONDS)) {
          process.destroyForcibly().waitFor();
        }
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
