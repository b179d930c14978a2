package dev.isthmus.gateway.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which virtual machine the launcher gives to which verb; a script stands in for the machine. */
class LauncherTest {

  @TempDir private Path directory = Path.of("unset");

  /** What the launcher asks of the virtual machine. */
  private List<String> options(String... arguments) throws Exception {
    Path launcher = Path.of("").toAbsolutePath();
    while (!Files.exists(launcher.resolve("isthmus"))) {
      launcher = Objects.requireNonNull(launcher.getParent(), "no launcher above");
    }
    Path copy = directory.resolve("isthmus");
    Files.copy(launcher.resolve("isthmus"), copy);
    Path target = Files.createDirectories(directory.resolve("gateway/target"));
    Files.createFile(target.resolve("isthmus-gateway.jar"));
    Files.createFile(target.resolve("isthmus.built"));
    Path java = Files.createDirectories(directory.resolve("jdk/bin")).resolve("java");
    Files.writeString(java, "#!/bin/sh\nprintf '%s\\n' \"$@\"\n");
    assertTrue(java.toFile().setExecutable(true));
    var command = new ArrayList<>(List.of("bash", copy.toString()));
    command.addAll(List.of(arguments));
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().keySet().removeIf(name -> name.startsWith("ISTHMUS_"));
    builder.environment().put("ISTHMUS_JAVA_HOME", directory.resolve("jdk").toString());
    return lines(builder.start());
  }

  private static List<String> lines(Process process) throws IOException, InterruptedException {
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    assertEquals(0, process.exitValue(), said);
    return said.lines().toList();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "volume scrub s3://b/db",
        "volume export s3://b/db x",
        "volume import x s3://b/db",
        "volume verify x s3://b/db",
        "log list",
        "log inspect 3f2a",
        "log salvage 3f2a"
      })
  void whatReadsWholeDisksOrLogsHasRoomAndTheOptimisingCompiler(String line) throws Exception {
    List<String> options = options(line.split(" ", -1));
    assertTrue(options.contains("-Xmx512m"), options::toString);
    assertTrue(options.stream().noneMatch(o -> o.contains("TieredStopAtLevel")), options::toString);
    assertEquals(List.of(line.split(" ", -1)).getLast(), options.getLast());
  }

  @ParameterizedTest
  @ValueSource(strings = {"volume list", "volume show scrub", "status", "volume create log"})
  void whatAsksAGatewayIsSmallAndStartsSoon(String line) throws Exception {
    List<String> options = options(line.split(" ", -1));
    assertTrue(options.contains("-Xmx128m"), options::toString);
    assertTrue(options.contains("-XX:TieredStopAtLevel=1"), options::toString);
  }

  @Test
  void theGatewayHasAGibibyte() throws Exception {
    assertTrue(options("serve").contains("-Xmx1g"));
  }
}
