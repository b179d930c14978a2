package dev.isthmus.gateway.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What `isthmus serve` without arguments gives: a disk in the embedded bucket, found again. */
class FirstVolumeIT {

  @TempDir Path directory;

  private static JsonNode show(DaemonProcess daemon, String name) throws IOException {
    var run = daemon.isthmus("volume", "show", name, "-o", "json");
    assertEquals(0, run.exitCode(), run.err());
    return new ObjectMapper().readTree(run.out());
  }

  @Test
  void aFirstStartServesADiskAndLaterStartsFindIt() throws Exception {
    Path data = directory.resolve("data");
    JsonNode first;
    try (var daemon = DaemonProcess.start(data)) {
      first = show(daemon, "disk0");
      assertEquals("READY", first.at("/state").asText());
      assertEquals(1L << 30, first.at("/size_bytes").asLong());
      assertEquals("bucket+file://" + data + "/bucket/disk0", first.at("/uri").asText());
      assertEquals("applied", first.at("/bucket/ack").asText());
      String banner = daemon.standardOutput();
      for (String said :
          new String[] {
            "After a crash of this daemon (kill -9): every completed write is kept.",
            "After a power cut: every flushed write is kept; completed ones",
            "After the loss of this host: everything is gone: the bucket is a directory on this"
                + " host, in "
                + data
                + "/bucket/disk0.",
            "nvme discover -t tcp -a 127.0.0.1 -s ",
            " -n nqn.2026-01.dev.isthmus:disk0 --ctrl-loss-tmo=-1",
          }) {
        assertTrue(banner.contains(said), said + " in: " + banner);
      }
      assertEquals(0, daemon.terminate());
    }
    try (var daemon = DaemonProcess.start(data)) {
      checkSame(first, show(daemon, "disk0"));
      daemon.kill();
    }
    try (var daemon = DaemonProcess.start(data)) {
      checkSame(first, show(daemon, "disk0"));
      assertFalse(daemon.standardOutput().contains("ROLLED BACK"), daemon.standardOutput());
      assertEquals(0, daemon.terminate());
    }
  }

  private static void checkSame(JsonNode first, JsonNode later) {
    for (String same :
        new String[] {"/uuid", "/incarnation", "/export/nqn", "/export/serial", "/state"}) {
      assertEquals(first.at(same), later.at(same), same);
    }
    assertTrue(later.at("/bucket/epoch").asLong() > first.at("/bucket/epoch").asLong());
  }

  @Test
  void createdListedInTheBucketClosedOpenedAndDeleted() throws Exception {
    Path data = directory.resolve("data");
    String bucket = "bucket+file://" + data + "/bucket";
    try (var daemon = DaemonProcess.start(data, "--default-volume", "false")) {
      var created =
          daemon.isthmus(
              "volume",
              "create",
              "db",
              "--size",
              "64MiB",
              "--block-size",
              "512",
              "--ack",
              "local",
              "--flush",
              "uploaded");
      assertEquals(0, created.exitCode(), created.err());
      JsonNode db = show(daemon, "db");
      assertEquals(512, db.at("/block_size_bytes").asInt());
      assertTrue(db.at("/volatile_write_cache").asBoolean(), "flush=uploaded needs its flushes");
      assertEquals("uploaded", db.at("/bucket/flush").asText());
      assertEquals(2, daemon.isthmus("volume", "create", "db", "--size", "64MiB").exitCode());
      assertEquals(0, daemon.isthmus("volume", "close", "db").exitCode());
      var listed = daemon.isthmus("volume", "list", bucket);
      assertTrue(listed.out().contains("IN_BUCKET"), listed.out() + listed.err());
      assertEquals(0, daemon.isthmus("volume", "open", "db").exitCode());
      assertEquals(db.at("/uuid"), show(daemon, "db").at("/uuid"));
      var deleted = daemon.isthmus("volume", "delete", "db", "--yes");
      assertEquals(0, deleted.exitCode(), deleted.err());
      assertEquals(3, daemon.isthmus("volume", "open", "db").exitCode());
      assertEquals(0, daemon.terminate());
    }
    try (Stream<Path> left = Files.walk(data.resolve("bucket/objects"))) {
      assertEquals(0, left.filter(Files::isRegularFile).count(), "the bucket is empty");
    }
  }
}
