package dev.isthmus.gateway.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.fasterxml.jackson.databind.JsonNode;
import dev.isthmus.targets.nvme.NvmeTestInitiator;
import dev.isthmus.wal.TemporaryMount;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A gateway with memory for two segments, while a full bucket keeps the segments of a volume in it:
 * the log takes what is written, and all of it goes up when the bucket takes any again.
 */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class LittleMemoryIT {

  private static final long MIB = 1L << 20;
  private static final int BLOCK_BYTES = 4096;
  private static final int CHUNK_BYTES = 128 << 10;
  private static final int CHUNK_BLOCKS = CHUNK_BYTES / BLOCK_BYTES;
  private static final int CHUNKS = 320;

  @TempDir Path directory;

  @Test
  void aVolumeWaitsForMemoryAndGoesOn() throws Exception {
    try (var bucket = TemporaryMount.tmpfs(directory.resolve("bucket"), 256 * MIB);
        var daemon =
            DaemonProcess.startWith(
                "-XX:MaxDirectMemorySize=20m",
                directory.resolve("data"),
                "--default-volume",
                "false",
                "--volume-log-capacity",
                "256MiB",
                "--bucket",
                "bucket+file://" + bucket.path())) {
      assertEquals(0, daemon.isthmus("volume", "create", "db", "--size", "64MiB").exitCode());
      JsonNode published = daemon.isthmus("volume", "publish", "db", "-o", "json").json();
      try (NvmeTestInitiator host =
          NvmeTestInitiator.connect(
              published.at("/export/port").asInt(),
              published.at("/export/nqn").asText(),
              BLOCK_BYTES)) {
        bucket.fill();
        for (int i = 0; i < CHUNKS; i++) {
          assertEquals(0, host.write((long) i * CHUNK_BLOCKS, chunk(i)), "chunk " + i);
        }
        while (!daemon.standardError().contains("no memory for a segment now")) {
          Thread.sleep(100);
        }
        bucket.free();
        JsonNode now = show(daemon);
        while (now.at("/uploaded_lsn").asLong() < now.at("/applied_lsn").asLong()) {
          Thread.sleep(100);
          now = show(daemon);
        }
        assertEquals("READY", now.at("/state").asText());
        for (int i = 0; i < CHUNKS; i++) {
          assertArrayEquals(chunk(i), host.read((long) i * CHUNK_BLOCKS, CHUNK_BLOCKS).data());
        }
      }
      assertFalse(daemon.standardError().contains("defect"), daemon.standardError());
      assertEquals(0, daemon.terminate());
    }
  }

  private static byte[] chunk(int index) {
    byte[] bytes = new byte[CHUNK_BYTES];
    Arrays.fill(bytes, (byte) (index * 7 + 1));
    return bytes;
  }

  private static JsonNode show(DaemonProcess daemon) throws Exception {
    return daemon.isthmus("volume", "show", "db", "-o", "json").json();
  }
}
