package dev.isthmus.blocktranslation.mutants;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.tools.ToolProvider;

/**
 * Breaks one rule in a copy of the sources, compiles what the patch changed to a directory of its
 * own, and lets the simulation run in a process that finds those classes first. Threading: confined
 * to one thread.
 */
final class MutantTrial {

  private static final long MAX_MINUTES = 30;

  private static final Map<String, String> CLASSES =
      Map.of(
          "VolumeSim", "dev.isthmus.blocktranslation.VolumeSim",
          "LogSim", "dev.isthmus.wal.LogSim");

  private final Path root;
  private final Path work;

  /**
   * @param root of the repository
   * @param work a directory for what this makes
   */
  MutantTrial(Path root, Path work) {
    this.root = root;
    this.work = work;
  }

  /**
   * How it ended.
   *
   * @param seeds needed, or played in vain
   * @param violation the first, in a line; empty if none was found
   */
  record Result(int seeds, String violation) {
    boolean found() {
      return !violation.isEmpty();
    }
  }

  Result run(Mutant mutant) throws IOException, InterruptedException {
    return simulate(mutant, compile(mutant));
  }

  private Path compile(Mutant mutant) throws IOException {
    Path sources = work.resolve(mutant.name()).resolve("sources");
    Path classes = Files.createDirectories(work.resolve(mutant.name()).resolve("classes"));
    var arguments =
        new ArrayList<String>(
            List.of("-nowarn", "-proc:none", "-d", classes.toString(), "-cp", classPath()));
    for (FilePatch file : mutant.files()) {
      Path source = sources.resolve(file.path());
      Files.createDirectories(source.getParent());
      try {
        Files.write(source, file.apply(Files.readAllLines(root.resolve(file.path()))));
      } catch (IllegalArgumentException e) {
        throw new AssertionError("mutant " + mutant.name() + ": " + e.getMessage(), e);
      }
      arguments.add(source.toString());
    }
    var errors = new java.io.ByteArrayOutputStream();
    int status =
        ToolProvider.getSystemJavaCompiler()
            .run(null, errors, errors, arguments.toArray(String[]::new));
    if (status != 0) {
      throw new AssertionError(
          "mutant "
              + mutant.name()
              + " does not compile: "
              + errors.toString(StandardCharsets.UTF_8));
    }
    return classes;
  }

  private Result simulate(Mutant mutant, Path classes) throws IOException, InterruptedException {
    var command = new ArrayList<String>();
    command.add(ProcessHandle.current().info().command().orElseThrow());
    command.addAll(
        List.of(
            "--add-opens",
            "java.base/sun.nio.ch=ALL-UNNAMED",
            "--add-opens",
            "java.base/java.lang.reflect=ALL-UNNAMED",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Dchronicle.analytics.disable=true",
            "-Dsim.seeds=" + mutant.maxSeeds(),
            "-Dsim.from=" + Long.getLong("sim.from", 1),
            "-cp",
            classes + File.pathSeparator + classPath(),
            CLASSES.getOrDefault(mutant.simulation(), mutant.simulation())));
    Path output = work.resolve(mutant.name()).resolve("output");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    if (!process.waitFor(MAX_MINUTES, TimeUnit.MINUTES)) {
      process.destroyForcibly().waitFor();
      throw new AssertionError(
          "mutant " + mutant.name() + ": not decided within " + MAX_MINUTES + " minutes");
    }
    for (String line : Files.readAllLines(output)) {
      // FOUND seeds violation | NOTHING seeds
      String[] words = line.split(" ", 3);
      if (words[0].equals("FOUND") && words.length == 3) {
        return new Result(Integer.parseInt(words[1]), words[2]);
      }
      if (words[0].equals("NOTHING")) {
        return new Result(Integer.parseInt(words[1]), "");
      }
    }
    throw new AssertionError(
        "mutant " + mutant.name() + ": the simulation did not run: " + Files.readString(output));
  }

  private static String classPath() {
    // Surefire may hide the class path in a jar's manifest.
    return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
  }
}
