package dev.isthmus.gateway.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
      assertEquals(0, daemon.isthmus("volume", "scrub", uri, "-o", "json").exitCode());
      damageTheFence(data);
      var damaged = daemon.isthmus("volume", "scrub", "db", "--rate", "0", "--wait");
      assertEquals(ExitCode.CORRUPT, damaged.exitCode(), damaged.out());
      assertTrue(damaged.out().contains("ENDANGERED SEGMENT: db/"), damaged.out());
      var alone = daemon.isthmus("volume", "scrub", uri);
      assertEquals(ExitCode.CORRUPT, alone.exitCode(), alone.out());
      assertTrue(alone.out().contains("LOST SEGMENT: db/"), alone.out());
      assertEquals(0, daemon.terminate());
      assertEquals(ExitCode.INVALID, daemon.isthmus("volume", "scrub", uri, "--repair").exitCode());
      assertEquals(
          ExitCode.UNAVAILABLE, daemon.isthmus("volume", "scrub", uri + "-other").exitCode());
    }
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
