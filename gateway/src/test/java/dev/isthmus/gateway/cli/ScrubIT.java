package dev.isthmus.gateway.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A scrub as users ask for it: of an open volume, and of a bucket alone. */
class ScrubIT {

  @TempDir Path directory;

  private static JsonNode json(String text) throws IOException {
    return new ObjectMapper().readTree(text);
  }

  @Test
  void ofAnOpenVolumeAndOfABucketAlone() throws Exception {
    Path data = directory.resolve("data");
    String uri = "bucket+file://" + data.resolve("bucket/db").toAbsolutePath();
    try (var daemon = DaemonProcess.start(data, "--default-volume", "false")) {
      assertEquals(0, daemon.isthmus("volume", "create", "db", "--size", "16MiB").exitCode());
      var early = daemon.isthmus("volume", "scrub", "db", "--status");
      assertEquals(ExitCode.INVALID, early.exitCode());
      assertTrue(early.err().contains("isthmus volume scrub db"), early.err());
      var sound = daemon.isthmus("volume", "scrub", "db", "--wait", "--list", "-o", "json");
      assertEquals(0, sound.exitCode(), sound.err());
      assertEquals("DONE", json(sound.out()).at("/state").asText());
      assertEquals(0, json(sound.out()).at("/findings").size(), sound.out());
      JsonNode shown = json(daemon.isthmus("volume", "show", "db", "-o", "json").out());
      assertEquals("DONE", shown.at("/scrub/state").asText());
      assertEquals(
          ExitCode.INVALID, daemon.isthmus("volume", "scrub", "db", "--cancel").exitCode());
      assertEquals(0, CommandRun.run("volume", "scrub", uri, "-o", "json").exitCode());
      damageTheFence(data);
      var damaged = daemon.isthmus("volume", "scrub", "db", "--rate", "0", "--wait");
      assertEquals(ExitCode.CORRUPT, damaged.exitCode(), damaged.out());
      assertTrue(damaged.out().contains("ENDANGERED SEGMENT: db/"), damaged.out());
      var alone = CommandRun.run("volume", "scrub", uri);
      assertEquals(ExitCode.CORRUPT, alone.exitCode(), alone.out());
      assertTrue(alone.out().contains("LOST SEGMENT: db/"), alone.out());
      assertEquals(0, daemon.terminate());
      assertEquals(ExitCode.INVALID, CommandRun.run("volume", "scrub", uri, "--repair").exitCode());
      assertEquals(
          ExitCode.UNAVAILABLE, CommandRun.run("volume", "scrub", uri + "-other").exitCode());
    }
  }

  /** Three segments: at 64 KiB/s a scrub of it takes minutes. */
  private void importVolume(DaemonProcess daemon, Path data, String name) throws IOException {
    Path image = directory.resolve(name + ".img");
    byte[] bytes = new byte[18 << 20];
    new Random(1).nextBytes(bytes);
    Files.write(image, bytes);
    String uri = "bucket+file://" + data.resolve("bucket") + "/" + name;
    var imported = CommandRun.run("volume", "import", image.toString(), uri);
    assertEquals(0, imported.exitCode(), imported.err());
    var opened = daemon.isthmus("volume", "open", name);
    assertEquals(0, opened.exitCode(), opened.err());
  }

  /** The state that {@code --status} tells, once it is {@code expected}. */
  private static JsonNode awaitState(DaemonProcess daemon, String name, String expected)
      throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (true) {
      JsonNode scrub =
          json(daemon.isthmus("volume", "scrub", name, "--status", "-o", "json").out());
      if (scrub.at("/state").asText().equals(expected)) {
        return scrub;
      }
      assertTrue(System.nanoTime() < deadline, scrub::toString);
      Thread.sleep(50);
    }
  }

  @Test
  void whileItRunsItIsPausedResumedCancelledAndOthersWait() throws Exception {
    Path data = directory.resolve("data");
    try (var daemon = DaemonProcess.start(data, "--default-volume", "false")) {
      importVolume(daemon, data, "one");
      importVolume(daemon, data, "two");
      try (ExecutorService threads = Executors.newSingleThreadExecutor()) {
        Future<CommandRun> waiting =
            threads.submit(
                () -> daemon.isthmus("volume", "scrub", "one", "--rate", "64KiB/s", "--wait"));
        awaitRunning(daemon, "one");
        var queued = daemon.isthmus("volume", "scrub", "two", "--rate", "0");
        assertEquals(0, queued.exitCode(), queued.err());
        assertTrue(queued.out().contains("waits for its turn (one scrub runs at"), queued.out());
        JsonNode two = awaitState(daemon, "two", "QUEUED");
        assertTrue(two.at("/note").asText().endsWith("/one"), two.toString());
        assertEquals(0, two.at("/requests").asLong());

        assertEquals(0, daemon.isthmus("volume", "scrub", "one", "--pause").exitCode());
        long requests = awaitState(daemon, "one", "PAUSED").at("/requests").asLong();
        var twice = daemon.isthmus("volume", "scrub", "one");
        assertEquals(ExitCode.INVALID, twice.exitCode());
        assertTrue(twice.err().contains("scrubbed already"), twice.err());
        // Who waits for it looks once a second.
        Thread.sleep(2500);
        assertEquals(requests, awaitState(daemon, "one", "PAUSED").at("/requests").asLong());
        awaitState(daemon, "two", "QUEUED");

        assertEquals(0, daemon.isthmus("volume", "scrub", "one", "--resume").exitCode());
        awaitState(daemon, "one", "RUNNING");
        assertEquals(0, daemon.isthmus("volume", "scrub", "one", "--cancel").exitCode());
        CommandRun cancelled = waiting.get(60, TimeUnit.SECONDS);
        assertEquals(ExitCode.CANCELLED, cancelled.exitCode(), cancelled.err());
        assertTrue(cancelled.out().startsWith("scrub cancelled, "), cancelled.out());
        assertTrue(cancelled.err().contains("isthmus: scrub paused, "), cancelled.err());
        assertTrue(cancelled.err().contains("was cancelled before it had read"), cancelled.err());
      }
      var status = daemon.isthmus("volume", "scrub", "one", "--status");
      assertEquals(ExitCode.CANCELLED, status.exitCode());
      var after = daemon.isthmus("volume", "scrub", "two", "--status", "--wait", "-o", "json");
      assertEquals(0, after.exitCode(), after.err());
      assertEquals("DONE", json(after.out()).at("/state").asText());
      assertTrue(json(after.out()).at("/bytes_done").asLong() > 18 << 20);
      assertEquals(0, daemon.terminate());
    }
  }

  private static void awaitRunning(DaemonProcess daemon, String name) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (daemon.isthmus("volume", "scrub", name, "--status").exitCode() != 0) {
      assertTrue(System.nanoTime() < deadline, "no scrub of " + name);
      Thread.sleep(50);
    }
    JsonNode scrub = awaitState(daemon, name, "RUNNING");
    assertEquals(0, scrub.at("/findings").size(), scrub.toString());
  }

  @Test
  void whatEndsItHasTheSameExitCodeHereAndInTheGateway() throws Exception {
    Path data = directory.resolve("data");
    String uri = "bucket+file://" + data.resolve("bucket/db").toAbsolutePath();
    try (var daemon = DaemonProcess.start(data, "--default-volume", "false")) {
      assertEquals(0, daemon.isthmus("volume", "create", "db", "--size", "16MiB").exitCode());
      Path manifest = data.resolve("bucket/objects/db/manifest");
      byte[] bytes = Files.readAllBytes(manifest);
      bytes[bytes.length / 2] ^= 1;
      Files.write(manifest, bytes);
      var inDaemon = daemon.isthmus("volume", "scrub", "db", "--wait", "-o", "json");
      var alone = CommandRun.run("volume", "scrub", uri, "-o", "json");
      for (CommandRun run : List.of(inDaemon, alone)) {
        assertEquals(ExitCode.CORRUPT, run.exitCode(), run.err());
        assertEquals("FAILED", json(run.out()).at("/state").asText());
        assertEquals("DATA_LOSS", json(run.out()).at("/failure").asText());
        assertTrue(run.err().contains("the manifest db/manifest is damaged"), run.err());
      }
      assertEquals(
          ExitCode.CORRUPT, daemon.isthmus("volume", "scrub", "db", "--status").exitCode());
    }
  }

  @Test
  void ofAUriNoGatewayIsAsked() throws Exception {
    String uri = "bucket+file://" + directory.resolve("bucket") + "/db";
    Files.createDirectory(directory.resolve("bucket"));
    Path image = Files.write(directory.resolve("image"), new byte[1 << 20]);
    assertEquals(0, CommandRun.run("volume", "import", image.toString(), uri).exitCode());
    for (String option : List.of("--socket", "--data-dir")) {
      var run = CommandRun.run("volume", "scrub", uri, option, "/tmp/x");
      assertEquals(ExitCode.INVALID, run.exitCode());
      assertTrue(run.err().contains("asks no gateway"), run.err());
    }
    assertEquals(ExitCode.INVALID, CommandRun.run("volume", "scrub", uri, "--status").exitCode());
    var run = CommandRun.run("volume", "scrub", uri + "?log_dir=/mnt/nvme1", "--wait");
    assertEquals(0, run.exitCode(), run.err());
    assertTrue(run.out().startsWith("scrub done"), run.out());
    // Mistyped: nothing is made.
    var wrong = CommandRun.run("volume", "scrub", "bucket+file://" + directory + "/bukket/db");
    assertEquals(ExitCode.INVALID, wrong.exitCode());
    assertTrue(Files.notExists(directory.resolve("bukket")));
  }

  /** Flips a byte of the only object of the chain: a file header of 64 bytes stands before it. */
  private static void damageTheFence(Path data) throws IOException {
    Path file;
    try (Stream<Path> all = Files.walk(data.resolve("bucket/objects/db"))) {
      file = all.filter(path -> path.toString().contains("/segments/00")).findFirst().orElseThrow();
    }
    byte[] bytes = Files.readAllBytes(file);
    bytes[64 + 100] ^= 1;
    Files.write(file, bytes);
  }
}
