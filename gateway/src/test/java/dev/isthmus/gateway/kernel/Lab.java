package dev.isthmus.gateway.kernel;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * The place of one test: a folder for logs that stays, one for data that goes, and everything that
 * was started, which ends with the test, however it ends. A failure prints the tails of the logs.
 *
 * <p>Threading: confined to the test's thread, but for the end of the process.
 */
final class Lab implements BeforeEachCallback, AfterEachCallback {

  /** Enough for a kernel's last words or a stack trace. */
  private static final int TAIL_LINES = 60;

  private static final AtomicInteger COUNTER = new AtomicInteger();

  private final ArrayDeque<AutoCloseable> parts = new ArrayDeque<>();
  private final List<Path> logs = new ArrayList<>();
  private final List<String> figures = new ArrayList<>();
  private final Thread atExit = new Thread(this::closeParts);
  private Path logDirectory = Path.of("unset");
  private Path dataDirectory = Path.of("unset");
  private String name = "";

  @Override
  public void beforeEach(ExtensionContext context) throws IOException {
    name = context.getRequiredTestClass().getSimpleName() + "." + context.getDisplayName();
    String folder = name.replaceAll("[^A-Za-z0-9._-]+", "-").replaceAll("-+$", "");
    logDirectory = Path.of("target", "kernel-it", folder).toAbsolutePath();
    deleteTree(logDirectory);
    Files.createDirectories(logDirectory);
    // Short, since a control socket's path has at most 107 bytes.
    dataDirectory = Files.createTempDirectory("isthmus-it");
    Runtime.getRuntime().addShutdownHook(atExit);
  }

  @Override
  public void afterEach(ExtensionContext context) throws IOException {
    if (context.getExecutionException().isPresent()) {
      printTails();
    }
    closeParts();
    Runtime.getRuntime().removeShutdownHook(atExit);
    Files.write(logDirectory.resolve("figures"), figures);
    deleteTree(dataDirectory);
  }

  /** Unique among all tests on this machine. */
  static String uniqueName() {
    return "it-" + ProcessHandle.current().pid() + "-" + COUNTER.incrementAndGet();
  }

  /** Closes {@code part} when the test ends; the newest first. */
  <T extends AutoCloseable> T keep(T part) {
    synchronized (parts) {
      parts.push(part);
    }
    return part;
  }

  /** A file for a process's output. */
  Path log(String process) {
    Path log = logDirectory.resolve(process + ".log");
    logs.add(log);
    return log;
  }

  /** A folder for data; it is removed after the test. */
  Path data(String of) {
    return dataDirectory.resolve(of);
  }

  /** Says what was measured, for people and in the file {@code figures}. */
  void figure(String line) {
    figures.add(line);
    System.out.println(name + ": " + line);
  }

  /** {@code kernel-initiator/FILE} of the tree that the test runs in. */
  static Path kernelInitiator(String file) {
    return root().resolve("kernel-initiator").resolve(file);
  }

  /** The top of the source tree. */
  static Path root() {
    for (Path p = Path.of("").toAbsolutePath(); p != null; p = p.getParent()) {
      if (Files.isExecutable(p.resolve("kernel-initiator/guest"))) {
        return p;
      }
    }
    throw new AssertionError("no kernel-initiator/guest above " + Path.of("").toAbsolutePath());
  }

  /** Waits for what must become true. */
  static void await(String what, Duration limit, Condition condition) throws Exception {
    long deadline = System.nanoTime() + limit.toNanos();
    while (!condition.holds()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("not within " + limit.toSeconds() + " s: " + what);
      }
      Thread.sleep(50);
    }
  }

  /** Something that can be asked again and again. */
  @FunctionalInterface
  interface Condition {
    boolean holds() throws Exception;
  }

  private void printTails() throws IOException {
    for (Path log : logs) {
      if (Files.exists(log)) {
        List<String> lines = new String(Files.readAllBytes(log), UTF_8).lines().toList();
        System.out.println("---- the end of " + log);
        lines
            .subList(Math.max(0, lines.size() - TAIL_LINES), lines.size())
            .forEach(System.out::println);
      }
    }
  }

  private void closeParts() {
    while (true) {
      AutoCloseable part;
      synchronized (parts) {
        part = parts.poll();
      }
      if (part == null) {
        return;
      }
      try {
        part.close();
      } catch (Exception e) {
        // The others must end, too; what is left tells itself by the namespace that stays.
        System.out.println(name + ": closing failed: " + e);
      }
    }
  }

  private static void deleteTree(Path root) {
    if (!Files.exists(root)) {
      return;
    }
    try (Stream<Path> all = Files.walk(root)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
