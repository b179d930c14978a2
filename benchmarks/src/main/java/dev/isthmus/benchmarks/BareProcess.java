package dev.isthmus.benchmarks;

import dev.isthmus.benchmarks.wire.BareResponder;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Objects;

/** A {@link BareResponder} in a process of its own. Threading: one thread. */
final class BareProcess implements AutoCloseable {

  private final Process process;
  private final int port;

  BareProcess() throws IOException {
    process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-cp",
                classPath(),
                BareResponder.class.getName())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    // Its standard input stays open as long as this process lives; it ends with it.
    try {
      BufferedReader out = process.inputReader(StandardCharsets.US_ASCII);
      String line = out.readLine();
      if (line == null) {
        throw new IOException("the bare responder did not start");
      }
      port = Integer.parseInt(line);
    } catch (IOException e) {
      process.destroyForcibly();
      throw e;
    }
  }

  /** Surefire hides it behind a jar with a manifest. */
  private static String classPath() {
    return Objects.requireNonNullElse(
        System.getProperty("surefire.test.class.path"), System.getProperty("java.class.path"));
  }

  int port() {
    return port;
  }

  long pid() {
    return process.pid();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
