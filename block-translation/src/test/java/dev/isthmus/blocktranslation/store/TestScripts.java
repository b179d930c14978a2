package dev.isthmus.blocktranslation.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The project's scripts that print the path of a server's binary. */
final class TestScripts {

  /** A first run builds the server from source. */
  private static final long LONGEST_BUILD_MINUTES = 15;

  private TestScripts() {}

  /**
   * The binary of {@code name}, built if need be.
   *
   * @throws AssertionError saying why there is none: a test that needs it fails, it never skips
   */
  static Path binary(String name) {
    Path script = scripts().resolve(name);
    Path errors = null;
    try {
      errors = Files.createTempFile("isthmus-" + name, ".err");
      Process process =
          new ProcessBuilder(script.toString()).redirectError(errors.toFile()).start();
      process.getOutputStream().close();
      String path =
          new String(
                  process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8)
              .strip();
      if (!process.waitFor(LONGEST_BUILD_MINUTES, TimeUnit.MINUTES)) {
        process.destroyForcibly();
        throw new AssertionError(script + " did not end");
      }
      if (process.exitValue() != 0 || !Files.isExecutable(Path.of(path))) {
        throw new AssertionError(
            "this test needs a real "
                + name
                + " and "
                + script
                + " has none: "
                + Files.readString(errors).strip());
      }
      return Path.of(path);
    } catch (IOException e) {
      throw new AssertionError(script + " could not be run", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(script + ": interrupted", e);
    } finally {
      deleteQuietly(errors);
    }
  }

  private static void deleteQuietly(@Nullable Path file) {
    try {
      if (file != null) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      // A left-over in the temporary directory is no reason to fail.
    }
  }

  /** {@code $ISTHMUS_SCRIPTS}, else {@code scripts/} of the tree that the test runs in. */
  private static Path scripts() {
    String given = System.getenv("ISTHMUS_SCRIPTS");
    if (given != null && !given.isEmpty()) {
      return Path.of(given);
    }
    for (Path p = Path.of("").toAbsolutePath(); p != null; p = p.getParent()) {
      if (Files.isExecutable(p.resolve("scripts/minio"))) {
        return p.resolve("scripts");
      }
    }
    throw new AssertionError("no scripts/minio above " + Path.of("").toAbsolutePath());
  }
}
