package dev.isthmus.gateway.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.isthmus.gateway.daemon.Joins;
import dev.isthmus.targets.nvme.NvmeTestInitiator;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** `isthmus volume set` on a real daemon while a host writes over NVMe/TCP. */
class VolumeSetIT {

  private static final int BLOCK_BYTES = 4096;
  private static final int BLOCKS = 1024;
  private static final String NQN = "nqn.2026-01.dev.isthmus:db";

  @TempDir Path directory;

  /** Writes block after block until it is told to stop; every answer has to be good. */
  private static final class Writer implements AutoCloseable {
    private final Thread thread;
    private final AtomicInteger written = new AtomicInteger();
    private final AtomicReference<String> failure = new AtomicReference<>("");
    private volatile boolean stop;

    Writer(int port) {
      thread = Thread.ofPlatform().start(() -> write(port));
    }

    private void write(int port) {
      try (var host = NvmeTestInitiator.connect(port, NQN, BLOCK_BYTES)) {
        for (int i = 0; !stop; i++) {
          int code = host.write(i % BLOCKS, block(i));
          if (code != 0) {
            failure.set("write " + i + " ended " + Integer.toHexString(code));
            return;
          }
          written.set(i + 1);
        }
      } catch (IOException | RuntimeException | Error e) {
        failure.set(e.toString());
      }
    }

    static byte[] block(int i) {
      var data = new byte[BLOCK_BYTES];
      Arrays.fill(data, (byte) (1 + i / BLOCKS * 31 + i));
      return data;
    }

    /** Waits until some more writes ended well, each with a sync of its own on a busy disk. */
    void goesOn() throws InterruptedException {
      int from = written.get();
      for (int i = 0; written.get() < from + 20; i++) {
        assertEquals("", failure.get());
        assertTrue(i < 12_000, "the writer stands still at " + from);
        Thread.sleep(10);
      }
    }

    @Override
    public void close() {
      stop = true;
      Joins.until(thread, System.nanoTime() + Duration.ofSeconds(60).toNanos());
      assertFalse(thread.isAlive(), "the writer does not end");
      assertEquals("", failure.get());
    }
  }

  private static JsonNode show(DaemonProcess daemon) throws IOException {
    return daemon.isthmus("volume", "show", "db", "-o", "json").json();
  }

  private static JsonNode set(DaemonProcess daemon, String... words) throws IOException {
    var line = new ArrayList<>(List.of("volume", "set", "db", "-o", "json"));
    line.addAll(List.of(words));
    return daemon.isthmus(line.toArray(new String[0])).json();
  }

  private static boolean seesCache(int port) throws IOException {
    try (var host = NvmeTestInitiator.connect(port, NQN, BLOCK_BYTES)) {
      return host.hasVolatileCache();
    }
  }

  private static void awaitNoHosts(DaemonProcess daemon) throws Exception {
    for (int i = 0; show(daemon).at("/export/associations").asInt() != 0; i++) {
      assertTrue(i < 1000, "hosts stay connected");
      Thread.sleep(10);
    }
  }

  @Test
  void promisesChangeWhileAHostWrites() throws Exception {
    Path data = directory.resolve("data");
    int written;
    try (var daemon = DaemonProcess.start(data, "--default-volume", "false")) {
      JsonNode created =
          daemon
              .isthmus("volume", "create", "db", "--size", "64MiB", "--rpo", "30s", "-o", "json")
              .json();
      assertEquals("30s", created.at("/bucket/rpo").asText());
      int port =
          daemon.isthmus("volume", "publish", "db", "-o", "json").json().at("/export/port").asInt();
      assertTrue(seesCache(port));
      try (var writer = new Writer(port)) {
        writer.goesOn();
        assertEquals("local", set(daemon, "--ack", "local").at("/bucket/ack").asText());
        writer.goesOn();
        assertFalse(seesCache(port), "who connects now need not flush");
        var refused = daemon.isthmus("volume", "set", "db", "--flush", "uploaded");
        assertEquals(ExitCode.INVALID, refused.exitCode());
        assertTrue(refused.err().contains("Unpublish the volume first"), refused.err());
        JsonNode enforced = set(daemon, "--rpo", "60s,enforce");
        assertEquals("1m,enforce", enforced.at("/bucket/rpo").asText());
        assertEquals("local", enforced.at("/bucket/flush").asText());
        assertTrue(enforced.at("/bucket/keeps_to").isNull());
        writer.goesOn();
        written = writer.written.get();
      }
      awaitNoHosts(daemon);
      assertEquals("applied", set(daemon, "--ack", "applied").at("/bucket/ack").asText());
      assertTrue(seesCache(port));
      try (var writer = new Writer(port)) {
        writer.goesOn();
        JsonNode uploaded = set(daemon, "--flush", "uploaded", "--rpo", "none");
        assertEquals("uploaded", uploaded.at("/bucket/flush").asText());
        assertEquals("none", uploaded.at("/bucket/rpo").asText());
        writer.goesOn();
        written = Math.max(written, writer.written.get());
      }
      daemon.kill();
    }
    try (var daemon = DaemonProcess.start(data, "--default-volume", "false")) {
      JsonNode after = show(daemon);
      assertEquals("applied", after.at("/bucket/ack").asText());
      assertEquals("uploaded", after.at("/bucket/flush").asText());
      assertFalse(after.at("/rolled_back").asBoolean());
      assertTrue(
          after.at("/survives/power_cut").asText().startsWith("every flushed write is kept"));
      try (var host =
          NvmeTestInitiator.connect(after.at("/export/port").asInt(), NQN, BLOCK_BYTES)) {
        for (int i = 0; i < Math.min(20, written); i++) {
          byte[] found = host.read(i, 1).data();
          var whole = new byte[BLOCK_BYTES];
          Arrays.fill(whole, found[0]);
          assertTrue(found[0] != 0, "block " + i + " was written");
          assertArrayEquals(whole, found, "block " + i);
        }
      }
      assertEquals(0, daemon.terminate());
    }
  }

  @Test
  void whatCannotBeSetIsSaid() throws Exception {
    try (var daemon = DaemonProcess.start(directory.resolve("data"), "--default-volume", "false")) {
      daemon.isthmus("volume", "create", "db", "--size", "16MiB", "-o", "json").json();
      daemon.isthmus("volume", "create", "malloc:///m", "--size", "1MiB", "-o", "json").json();
      String[][] lines = {
        {"db", "", "say what to change"},
        {"db", "--ack=uploaded", "ack is applied or local"},
        {"db", "--flush=applied", "flush is local or uploaded"},
        {"db", "--rpo=5d", "rpo is none, a duration as in 30s"},
        {"db", "--rpo=100ms", "rpo is from 1s to 24h"},
        {"m", "--ack=local", "is in no bucket"},
        {"none", "--ack=local", "no volume is named"},
      };
      for (String[] line : lines) {
        CommandRun run =
            line[1].isEmpty()
                ? daemon.isthmus("volume", "set", line[0])
                : daemon.isthmus("volume", "set", line[0], line[1]);
        assertEquals(ExitCode.INVALID, run.exitCode(), run.err());
        assertTrue(run.err().contains(line[2]), run.err());
      }
      assertEquals("local", show(daemon).at("/bucket/flush").asText());
      assertEquals(0, daemon.terminate());
    }
  }
}
