package dev.isthmus.gateway.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.isthmus.targets.nvme.NvmeTestInitiator;
import dev.isthmus.wal.TemporaryMount;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A daemon whose log disk fails or is lost, with a host connected, and an operator at work. */
@Timeout(300)
class LogRecoveryIT {

  private static final long MIB = 1L << 20;
  private static final int BLOCK_BYTES = 4096;
  private static final int CHUNK_BYTES = 128 << 10;
  private static final int CHUNK_BLOCKS = CHUNK_BYTES / BLOCK_BYTES;

  /** Status code type 3h, code 02h: asymmetric access inaccessible. */
  private static final int ANA_INACCESSIBLE = 0x302;

  private static final String[] SMALL = {
    "--default-volume", "false", "--volume-log-capacity", "64MiB", "--log-level", "debug"
  };

  @TempDir Path directory;
  private Path data = Path.of("unset");

  @BeforeEach
  void chooseDataDirectory() {
    data = directory.resolve("data");
  }

  private static JsonNode show(DaemonProcess daemon) throws IOException {
    return daemon.isthmus("volume", "show", "db", "-o", "json").json();
  }

  private static JsonNode createAndPublish(DaemonProcess daemon) throws IOException {
    assertEquals(0, daemon.isthmus("volume", "create", "db", "--size", "64MiB").exitCode());
    return daemon.isthmus("volume", "publish", "db", "-o", "json").json();
  }

  private static NvmeTestInitiator connect(JsonNode published) throws IOException {
    return NvmeTestInitiator.connect(
        published.at("/export/port").asInt(), published.at("/export/nqn").asText(), BLOCK_BYTES);
  }

  private static byte[] chunk(int index) {
    byte[] bytes = new byte[CHUNK_BYTES];
    Arrays.fill(bytes, (byte) (index * 7 + 1));
    return bytes;
  }

  private static void write(NvmeTestInitiator host, int from, int to) throws IOException {
    for (int i = from; i < to; i++) {
      assertEquals(0, host.write((long) i * CHUNK_BLOCKS, chunk(i)), "chunk " + i);
    }
  }

  private static void check(NvmeTestInitiator host, int from, int to) throws IOException {
    for (int i = from; i < to; i++) {
      NvmeTestInitiator.ReadResult read = host.read((long) i * CHUNK_BLOCKS, CHUNK_BLOCKS);
      assertEquals(0, read.code(), "chunk " + i);
      assertArrayEquals(chunk(i), read.data(), "chunk " + i);
    }
  }

  private static void move(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (Stream<Path> all = Files.walk(from)) {
      for (Path path : all.toList()) {
        Path target = to.resolve(from.relativize(path).toString());
        if (Files.isDirectory(path)) {
          Files.createDirectories(target);
        } else {
          Files.copy(path, target);
        }
      }
    }
    deleteTree(from);
  }

  private static void deleteTree(Path root) throws IOException {
    try (Stream<Path> all = Files.walk(root)) {
      for (Path path : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  @Test
  void aFailedDiskIsReplacedUnderAConnectedHost() throws Exception {
    Path logs = directory.resolve("new-disk");
    try (var thin = TemporaryMount.thinDisk(directory.resolve("thin"), 512 * MIB, 56 * MIB);
        var daemon = DaemonProcess.start(data, SMALL)) {
      JsonNode published = createAndPublish(daemon);
      try (NvmeTestInitiator host = connect(published)) {
        String nguid = host.nguid();
        write(host, 0, 20);
        // A log that works moves too.
        JsonNode moved =
            daemon
                .isthmus("volume", "recover", "db", "--log-dir", thin.path() + "/l", "-o", "json")
                .json();
        assertEquals("READY", moved.at("/state").asText());
        assertTrue(moved.at("/uri").asText().contains("log_dir="), moved.toString());
        write(host, 20, 24);
        assertEquals(0, host.flush());

        thin.fill();
        write(host, 24, 64);
        assertEquals(0, host.flush(), "made good by the bucket");
        JsonNode failed = show(daemon);
        assertEquals("DEGRADED", failed.at("/state").asText(), failed.toString());
        String reason = failed.at("/reason").asText();
        assertTrue(reason.contains("the log failed"), reason);
        assertTrue(reason.contains("nothing is lost"), reason);
        assertTrue(reason.contains("volume recover"), reason);
        check(host, 0, 64);
        long before = System.nanoTime();
        assertEquals(ANA_INACCESSIBLE, host.write(0, chunk(99)), "a host has to wait, not fail");
        long waitedMillis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - before);
        assertTrue(waitedMillis >= 9_900, "held for " + waitedMillis + " ms");
        assertEquals("STALLED", show(daemon).at("/state").asText());

        var recovered =
            daemon.isthmus("volume", "recover", "db", "--log-dir", logs.toString(), "-o", "json");
        JsonNode after = recovered.json();
        assertEquals("READY", after.at("/state").asText());
        assertFalse(after.at("/rolled_back").asBoolean());
        for (String same :
            new String[] {"/uuid", "/incarnation", "/export/nqn", "/export/serial"}) {
          assertEquals(published.at(same), after.at(same), same);
        }
        assertEquals(1, after.at("/export/associations").asInt(), "the host stayed");
        assertEquals(nguid, host.nguid());
        check(host, 0, 64);
        write(host, 64, 100);
        assertEquals(0, host.flush());
      }
      var again = daemon.isthmus("volume", "recover", "db");
      assertEquals(ExitCode.INVALID, again.exitCode());
      assertTrue(again.err().contains("nothing to recover"), again.err());
      daemon.kill();
    }
    try (var daemon = DaemonProcess.start(data, SMALL)) {
      JsonNode found = show(daemon);
      assertEquals("READY", found.at("/state").asText(), found.toString());
      assertFalse(found.at("/rolled_back").asBoolean());
      assertTrue(Files.exists(logs.resolve(found.at("/uuid").asText())));
      try (NvmeTestInitiator host = connect(found)) {
        check(host, 0, 100);
      }
      assertEquals(0, daemon.terminate());
    }
  }

  @Test
  void aLogOnAnotherPathIsAdoptedAndALostOneNeedsTheWord() throws Exception {
    Path elsewhere = directory.resolve("elsewhere");
    String uuid;
    try (var daemon = DaemonProcess.start(data, SMALL)) {
      JsonNode published = createAndPublish(daemon);
      uuid = published.at("/uuid").asText();
      try (NvmeTestInitiator host = connect(published)) {
        write(host, 0, 10);
        assertEquals(0, host.flush());
      }
      daemon.kill();
    }
    move(data.resolve("volumes").resolve(uuid), elsewhere.resolve(uuid));
    try (var daemon = DaemonProcess.start(data, SMALL)) {
      JsonNode closed = show(daemon);
      assertEquals("NOT_OPEN", closed.at("/state").asText());
      String reason = closed.at("/reason").asText();
      assertTrue(reason.contains("not in " + data.resolve("volumes")), reason);
      JsonNode opened =
          daemon
              .isthmus("volume", "open", "db", "--log-dir", elsewhere.toString(), "-o", "json")
              .json();
      assertEquals("READY", opened.at("/state").asText());
      assertFalse(opened.at("/rolled_back").asBoolean());
      try (NvmeTestInitiator host = connect(opened)) {
        check(host, 0, 10);
        write(host, 10, 12);
      }
      daemon.kill();
    }
    deleteTree(elsewhere);
    try (var daemon = DaemonProcess.start(data, SMALL)) {
      assertEquals("NOT_OPEN", show(daemon).at("/state").asText());
      Path other = directory.resolve("other");
      var refused = daemon.isthmus("volume", "recover", "db", "--log-dir", other.toString());
      assertEquals(ExitCode.UNAVAILABLE, refused.exitCode(), refused.err());
      assertTrue(refused.err().contains("takeover=lossy"), refused.err());
      JsonNode after =
          daemon
              .isthmus(
                  "volume",
                  "recover",
                  "db",
                  "--log-dir",
                  other.toString(),
                  "--takeover=lossy",
                  "-o",
                  "json")
              .json();
      assertEquals("READY", after.at("/state").asText());
      assertTrue(after.at("/rolled_back").asBoolean());
      assertEquals(2, after.at("/incarnation").asInt());
      assertNotEquals("", after.at("/rolled_back_reason").asText());
      assertEquals(0, daemon.terminate());
    }
  }

  /** Damages the newest chunk of the log below {@code root} that is full of {@code content}. */
  private static void damage(Path root, byte content) throws IOException {
    try (Stream<Path> all = Files.walk(root)) {
      for (Path path : all.filter(file -> file.toString().endsWith(".cq4")).toList()) {
        byte[] bytes = Files.readAllBytes(path);
        int run = 0;
        for (int i = 0; i < bytes.length; i++) {
          run = bytes[i] == content ? run + 1 : 0;
          if (run == 16 << 10) {
            try (FileChannel file = FileChannel.open(path, StandardOpenOption.WRITE)) {
              file.write(ByteBuffer.wrap(new byte[] {(byte) ~content}), i);
            }
            return;
          }
        }
      }
    }
    throw new AssertionError("no such record in " + root);
  }

  @Test
  void whatTheLogNoLongerGivesIsGivenUpOnlyByAWord() throws Exception {
    try (var bucketDisk = TemporaryMount.tmpfs(directory.resolve("bucket"), 64 * MIB)) {
      String[] flags = Arrays.copyOf(SMALL, SMALL.length + 4);
      flags[SMALL.length] = "--bucket";
      flags[SMALL.length + 1] = "bucket+file://" + bucketDisk.path();
      // Not read from the log before it is damaged.
      flags[SMALL.length + 2] = "--volume-seal-after";
      flags[SMALL.length + 3] = "10s";
      try (var daemon = DaemonProcess.start(data, flags)) {
        JsonNode published = createAndPublish(daemon);
        NvmeTestInitiator host = connect(published);
        String nguid = host.nguid();
        bucketDisk.fill();
        write(host, 0, 10);
        assertEquals(0, host.flush());
        damage(data.resolve("volumes"), chunk(6)[0]);
        bucketDisk.free();
        JsonNode failed = awaitState(daemon, "FAILED");
        String reason = failed.at("/reason").asText();
        // Four records of 32 KiB make a chunk: the first of chunk 6 has LSN 25.
        assertTrue(reason.contains("LSN 25 to 40 can't be brought to the bucket"), reason);
        check(host, 0, 6);
        check(host, 7, 10);
        assertEquals(0x281, host.read(6L * CHUNK_BLOCKS, 1).code(), "never older data");
        assertEquals(0x280, host.write(0, chunk(0)), "a change of a disk that is not whole");
        var refused = daemon.isthmus("volume", "recover", "db");
        assertEquals(ExitCode.CORRUPT, refused.exitCode(), refused.err());
        assertTrue(refused.err().contains("--takeover=lossy"), refused.err());
        check(host, 0, 6);
        JsonNode after =
            daemon.isthmus("volume", "recover", "db", "--takeover=lossy", "-o", "json").json();
        assertEquals("READY", after.at("/state").asText(), after.toString());
        assertTrue(after.at("/rolled_back").asBoolean());
        assertEquals(24, after.at("/rolled_back_to_lsn").asInt());
        assertEquals(0, after.at("/export/associations").asInt(), "no host goes on in silence");
        host.close();
        try (NvmeTestInitiator other = connect(after)) {
          assertNotEquals(nguid, other.nguid());
          check(other, 0, 6);
          assertArrayEquals(
              new byte[CHUNK_BYTES], other.read(7L * CHUNK_BLOCKS, CHUNK_BLOCKS).data());
          write(other, 6, 12);
        }
        try (Stream<Path> kept = Files.walk(data.resolve("volumes"))) {
          assertTrue(
              kept.anyMatch(path -> path.getFileName().toString().contains(".aside-")),
              "the old log is kept");
        }
        assertEquals(0, daemon.terminate());
      }
    }
  }

  private static JsonNode awaitState(DaemonProcess daemon, String state) throws Exception {
    for (int i = 0; ; i++) {
      JsonNode now = show(daemon);
      if (now.at("/state").asText().equals(state)) {
        return now;
      }
      assertTrue(i < 600, "not " + state + " but " + now);
      Thread.sleep(50);
    }
  }

  @Test
  void afterARestartAFullLogDiskIsLeftByACopyAndByNoLoss() throws Exception {
    Path other = directory.resolve("other-disk");
    try (var disk = TemporaryMount.tmpfs(directory.resolve("disk"), 72 * MIB);
        var bucketDisk = TemporaryMount.tmpfs(directory.resolve("bucket"), 64 * MIB)) {
      String[] flags = Arrays.copyOf(SMALL, SMALL.length + 2);
      flags[SMALL.length] = "--bucket";
      flags[SMALL.length + 1] = "bucket+file://" + bucketDisk.path();
      String uuid;
      try (var daemon = DaemonProcess.start(data, flags)) {
        var _ = createAndPublish(daemon);
        JsonNode moved =
            daemon
                .isthmus("volume", "recover", "db", "--log-dir", disk.path() + "/l", "-o", "json")
                .json();
        uuid = moved.at("/uuid").asText();
        try (NvmeTestInitiator host = connect(moved)) {
          bucketDisk.fill();
          write(host, 0, 10);
          assertEquals(0, host.flush());
        }
        daemon.kill();
      }
      disk.fill();
      bucketDisk.free();
      Path logs = disk.path().resolve("l/" + uuid);
      try (var daemon = DaemonProcess.start(data, flags)) {
        assertSaysCopy(show(daemon).at("/reason").asText(), logs);
        for (String takeover : new String[] {"", "lossy"}) {
          var refused =
              daemon.isthmus(
                  "volume", "recover", "db", "--log-dir", other.toString(), "--takeover", takeover);
          assertEquals(ExitCode.EXHAUSTED, refused.exitCode(), refused.err());
          assertSaysCopy(refused.err(), logs);
        }
        assertSaysCopy(show(daemon).at("/reason").asText(), logs);
        // As it says.
        run("cp", "-a", logs.toString(), other + "/");
        JsonNode opened =
            daemon
                .isthmus("volume", "open", "db", "--log-dir", other.toString(), "-o", "json")
                .json();
        assertEquals("READY", opened.at("/state").asText(), opened.toString());
        assertFalse(opened.at("/rolled_back").asBoolean());
        assertEquals(1, opened.at("/incarnation").asInt());
        try (NvmeTestInitiator host = connect(opened)) {
          check(host, 0, 10);
        }
        assertEquals(0, daemon.terminate());
      }
    }
  }

  private static void assertSaysCopy(String words, Path logs) {
    assertTrue(words.contains("make room there, or copy " + logs + " with all in it"), words);
    assertTrue(words.contains("--log-dir DIR"), words);
    assertFalse(words.contains("takeover="), words);
  }

  private static void run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).inheritIO().start();
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    assertEquals(0, process.exitValue());
  }

  @Test
  void afterACleanCloseAFullLogDiskIsJustLeft() throws Exception {
    Path other = directory.resolve("other-disk");
    try (var disk = TemporaryMount.tmpfs(directory.resolve("disk"), 72 * MIB)) {
      try (var daemon = DaemonProcess.start(data, SMALL)) {
        var _ = createAndPublish(daemon);
        JsonNode moved =
            daemon
                .isthmus("volume", "recover", "db", "--log-dir", disk.path() + "/l", "-o", "json")
                .json();
        try (NvmeTestInitiator host = connect(moved)) {
          write(host, 0, 10);
        }
        assertEquals(0, daemon.terminate());
      }
      disk.fill();
      try (var daemon = DaemonProcess.start(data, SMALL)) {
        String reason = show(daemon).at("/reason").asText();
        assertTrue(reason.contains("or keep the log elsewhere"), reason);
        JsonNode after =
            daemon
                .isthmus("volume", "recover", "db", "--log-dir", other.toString(), "-o", "json")
                .json();
        assertEquals("READY", after.at("/state").asText(), after.toString());
        assertFalse(after.at("/rolled_back").asBoolean());
        try (NvmeTestInitiator host = connect(after)) {
          check(host, 0, 10);
        }
        assertEquals(0, daemon.terminate());
      }
    }
  }

  @Test
  void placesThatCannotHoldALogAreRefusedBeforeAnythingHappens() throws Exception {
    try (var daemon = DaemonProcess.start(data, SMALL)) {
      var _ = createAndPublish(daemon);
      var inBucket =
          daemon.isthmus(
              "volume", "recover", "db", "--log-dir", data.resolve("bucket/logs").toString());
      assertEquals(ExitCode.INVALID, inBucket.exitCode(), inBucket.err());
      assertTrue(inBucket.err().contains("within the bucket"), inBucket.err());
      Path file = Files.writeString(directory.resolve("file"), "");
      var onFile = daemon.isthmus("volume", "recover", "db", "--log-dir", file + "/logs");
      assertEquals(ExitCode.UNAVAILABLE, onFile.exitCode(), onFile.err());
      assertTrue(onFile.err().contains(file.toString()), onFile.err());
      assertEquals("READY", show(daemon).at("/state").asText());
      var same =
          daemon.isthmus(
              "volume", "recover", "db", "--log-dir", directory.resolve("logs").toString());
      assertEquals(0, same.exitCode(), same.err());
      assertTrue(same.err().contains("on the file system of the old one"), same.err());
      assertEquals(0, daemon.terminate());
    }
  }
}
