package dev.isthmus.gateway.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.isthmus.blockdevice.BlockingDevice;
import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.ObjectVolume;
import dev.isthmus.blocktranslation.ObjectVolumeProvider;
import dev.isthmus.blocktranslation.ObjectVolumeSettings;
import dev.isthmus.gateway.daemon.Catalogue;
import dev.isthmus.gateway.daemon.CatalogueEntry;
import dev.isthmus.wal.LogDirectory;
import dev.isthmus.wal.LogEpoch;
import dev.isthmus.wal.LogSettings;
import dev.isthmus.wal.RecordType;
import dev.isthmus.wal.WriteAheadLog;
import java.io.FileWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.RandomAccessFile;
import java.io.StringWriter;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A log that diverged: its owner went on writing after another host had taken the volume over. Real
 * volumes in a bucket in a directory; the command line in this process.
 */
class LogCommandTest {

  private static final int BLOCK = 4096;
  private static final int BLOCKS = 256;

  @TempDir Path directory;
  private final byte[] disk = new byte[BLOCKS * BLOCK];
  private Path data = Path.of("unset");
  private ObjectVolumeProvider first = provider(Path.of("unset"));
  private ObjectVolumeProvider second = provider(Path.of("unset"));

  private static ObjectVolumeProvider provider(Path directory) {
    return new ObjectVolumeProvider(
        new ObjectVolumeSettings(
            directory.resolve("volumes"),
            64 << 20,
            1 << 20,
            16 << 20,
            1 << 20,
            Duration.ofSeconds(20),
            Duration.ofSeconds(10)));
  }

  /** Runs {@code isthmus log …} on the first host's data directory. */
  private CommandRun log(String... args) {
    var command = new ArrayList<String>();
    command.add("log");
    command.addAll(List.of(args));
    command.addAll(List.of("--data-dir", data.toString()));
    return CommandRun.run(command.toArray(new String[0]));
  }

  private JsonNode json(String... args) throws IOException {
    var all = new ArrayList<>(List.of(args));
    all.addAll(List.of("-o", "json"));
    return log(all.toArray(new String[0])).json();
  }

  @BeforeEach
  void makeHosts() {
    data = directory.resolve("first");
    first = provider(data);
    second = provider(directory.resolve("second"));
  }

  @AfterEach
  void close() {
    first.close();
    second.close();
  }

  private StorageUri uri(String options) {
    return StorageUri.parse("bucket+file://" + directory.resolve("bucket") + "/db" + options);
  }

  private void write(ObjectVolume volume, int block, int fill) {
    var bytes = new byte[BLOCK];
    Arrays.fill(bytes, (byte) fill);
    new BlockingDevice(volume).writeAt((long) block * BLOCK, bytes);
    System.arraycopy(bytes, 0, disk, block * BLOCK, BLOCK);
  }

  private Path image(String name) {
    return directory.resolve(name);
  }

  /**
   * LSN 1 to 10 are in the bucket; 11 to 17 in the first host's log alone, which is closed. The
   * second host's first change has LSN 11 too.
   *
   * @return the log's id
   */
  private String diverge() throws IOException {
    ObjectVolume volume = first.create(uri("?size=1MiB&flush=uploaded"));
    Files.createDirectories(data);
    new Catalogue(data.resolve("catalogue.json"))
        .put(new CatalogueEntry("db", uri("").toString(), null, volume.info().identity().uuid()));
    for (int i = 1; i <= 10; i++) {
      write(volume, i, i);
    }
    new BlockingDevice(volume).flush();
    assertEquals(10, volume.positions().uploadedLsn());
    ObjectVolume taken = second.open(uri("?takeover=unflushed"));
    for (int i = 11; i <= 15; i++) {
      write(volume, i, i);
    }
    write(volume, 1, 99);
    new BlockingDevice(volume).writeZeroes(2 * BLOCK, BLOCK);
    Arrays.fill(disk, 2 * BLOCK, 3 * BLOCK, (byte) 0);
    String log = onlyLog();
    CommandRun busy = log("list");
    assertTrue(busy.out().contains("IN USE"), busy.out());
    assertEquals(ExitCode.UNAVAILABLE, log("inspect", log).exitCode());
    assertThrows(DeviceException.Fenced.class, volume::close);

    var base = new byte[BLOCKS * BLOCK];
    new BlockingDevice(taken).readAt(0, base);
    Files.write(image("base.img"), base);
    new BlockingDevice(taken).writeAt(100 * BLOCK, new byte[BLOCK]);
    taken.close();
    return log;
  }

  private String onlyLog() throws IOException {
    try (var logs = Files.walk(data.resolve("volumes"), 2)) {
      return logs.map(path -> String.valueOf(path.getFileName()))
          .filter(name -> name.startsWith("log-"))
          .map(name -> name.substring(4))
          .findFirst()
          .orElseThrow();
    }
  }

  private Map<String, Integer> logFiles() throws IOException {
    var contents = new TreeMap<String, Integer>();
    try (var files = Files.walk(data.resolve("volumes"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        contents.put(file.toString(), Arrays.hashCode(Files.readAllBytes(file)));
      }
    }
    return contents;
  }

  @Test
  void aDivergentLogIsFoundAndTheDiskAsItsOwnerSawItIsMade() throws IOException {
    String log = diverge();
    var before = logFiles();

    JsonNode listed = json("list", "db", "--volume", "db").at("/logs/0");
    assertEquals(log, listed.at("/log").asText());
    assertEquals("db", listed.at("/volume_name").asText());
    assertEquals("UNCLEAN", listed.at("/state").asText());
    assertEquals(17, listed.at("/last_lsn").asInt());
    assertEquals(10, listed.at("/taken_lsn").asInt(), "not the second owner's LSN 11");
    assertFalse(listed.at("/named_by_manifest").asBoolean());
    assertTrue(listed.at("/newest_term").asBoolean());
    CommandRun table = log("list");
    assertTrue(table.out().contains("UNCLEAN") && table.out().contains("newest"), table.out());

    CommandRun inspected = log("inspect", log.substring(0, 6), "--volume", "db", "--records");
    assertEquals(0, inspected.exitCode(), inspected.err());
    assertTrue(inspected.out().contains("17 changes, LSN 1-17"), inspected.out());
    assertTrue(inspected.out().contains("16 write"), inspected.out());
    assertTrue(inspected.out().contains("the manifest names another log"), inspected.out());
    JsonNode details = json("inspect", log, "--records");
    assertEquals(1, details.at("/generations/0/epoch").asInt());
    assertEquals(17 + details.at("/records/state").asInt(), dataAndState(details));

    CommandRun listOnly = log("salvage", log, "--volume", "db", "--list");
    assertEquals(0, listOnly.exitCode(), listOnly.err());
    List<String> lines = listOnly.out().lines().toList();
    assertEquals("lsn,time,kind,offset_bytes,length_bytes", lines.getFirst());
    assertEquals(8, lines.size(), listOnly.out());
    assertTrue(lines.get(1).matches("11,20.*Z,data,45056,4096"), lines.get(1));
    assertTrue(lines.get(7).matches("17,20.*Z,zeroes,8192,4096"), lines.get(7));
    assertTrue(listOnly.err().contains("7 changes above LSN 10: LSN 11 to 17"), listOnly.err());

    JsonNode summary =
        json(
            "salvage",
            log,
            "--volume",
            uri("").toString(),
            "--to",
            image("disk.img").toString(),
            "--base",
            image("base.img").toString());
    assertEquals(7, summary.at("/changes").asInt());
    assertEquals(6 * BLOCK, summary.at("/data_bytes").asInt());
    assertEquals(0, summary.at("/gaps").size());
    assertArrayEquals(disk, Files.readAllBytes(image("disk.img")), "as its owner saw it");
    assertEquals(before, logFiles(), "a log was changed");
  }

  private static int dataAndState(JsonNode details) {
    int count = 0;
    for (JsonNode entry : details.at("/entries")) {
      String type = entry.at("/type").asText();
      count += type.equals("write") || type.equals("zeroes") || type.equals("state") ? 1 : 0;
    }
    return count;
  }

  @Test
  void withoutABaseOnlyTheBlocksAreThereAndNothingIsOverwritten() throws IOException {
    String log = diverge();
    String image = image("blocks.img").toString();
    CommandRun salvaged = log("salvage", log, "--above", "10", "--to", image);
    assertEquals(0, salvaged.exitCode(), salvaged.err());
    assertTrue(salvaged.out().contains("only the blocks of these changes"), salvaged.out());
    byte[] blocks = Files.readAllBytes(image("blocks.img"));
    assertEquals(16 * BLOCK, blocks.length);
    for (int block = 0; block < 16; block++) {
      boolean changed = block == 1 || block >= 11;
      byte[] expected =
          changed ? Arrays.copyOfRange(disk, block * BLOCK, (block + 1) * BLOCK) : new byte[BLOCK];
      assertArrayEquals(
          expected, Arrays.copyOfRange(blocks, block * BLOCK, (block + 1) * BLOCK), "" + block);
    }
    assertEquals(8, Files.readAllLines(image("blocks.img.changes.csv")).size());
    for (String name : List.of("blocks.img", "blocks.img.changes.csv")) {
      assertEquals(
          "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(image(name))));
    }

    CommandRun again = log("salvage", log, "--above", "10", "--to", image);
    assertEquals(ExitCode.INVALID, again.exitCode());
    assertTrue(again.err().contains("is there already"), again.err());
    Files.delete(image("blocks.img"));
    again = log("salvage", log, "--above", "10", "--to", image);
    assertEquals(ExitCode.INVALID, again.exitCode(), "nor is the list");
    assertFalse(Files.exists(image("blocks.img")));

    // As long as the disk where that is known; the list as JSON.
    CommandRun sized =
        log(
            "salvage",
            log,
            "--volume",
            "db",
            "--to",
            image,
            "--changes",
            image("changes.json").toString());
    assertEquals(0, sized.exitCode(), sized.err());
    assertEquals(BLOCKS * BLOCK, Files.size(image("blocks.img")));
    JsonNode changes = new ObjectMapper().readTree(image("changes.json").toFile());
    assertEquals(7, changes.at("/changes").size());
    assertEquals(17, changes.at("/summary/last_lsn").asInt());
    assertEquals("zeroes", changes.at("/changes/6/kind").asText());
  }

  @Test
  void aLogThatWasSetAsideIsSalvagedToo() throws IOException {
    String log = diverge();
    first.open(uri("")).close();
    CommandRun listed = log("list", "db", "--volume", "db");
    assertTrue(listed.out().contains(log + ".aside-1"), listed.out());
    assertTrue(listed.out().contains("aside, bucket has it up to 10"), listed.out());
    JsonNode summary =
        json(
            "salvage",
            log + ".aside-1",
            "--volume",
            "db",
            "--to",
            image("x.img").toString(),
            "--base",
            image("base.img").toString());
    assertEquals(7, summary.at("/changes").asInt());
    assertArrayEquals(disk, Files.readAllBytes(image("x.img")));
  }

  @Test
  void aDamagedLogNeedsTheWordAndTellsWhatIsMissing() throws IOException {
    String log = diverge();
    damage(log, 13);
    CommandRun listed = log("list");
    assertEquals(0, listed.exitCode(), listed.err());
    assertTrue(listed.out().contains("CORRUPT"), listed.out());
    CommandRun inspected = log("inspect", log);
    assertTrue(inspected.out().contains("missing: LSN 13, damaged"), inspected.out());
    CommandRun refused = log("salvage", log, "--volume", "db", "--to", image("x.img").toString());
    assertEquals(ExitCode.CORRUPT, refused.exitCode());
    assertTrue(refused.err().contains("--damaged"), refused.err());
    assertFalse(Files.exists(image("x.img")));
    CommandRun salvaged =
        log(
            "salvage",
            log,
            "--volume",
            "db",
            "--damaged",
            "--to",
            image("x.img").toString(),
            "--base",
            image("base.img").toString());
    assertEquals(0, salvaged.exitCode(), salvaged.err());
    assertTrue(salvaged.out().contains("missing: LSN 13, damaged"), salvaged.out());
    assertTrue(salvaged.out().contains("not the disk as it was at any one time"), salvaged.out());
    Arrays.fill(disk, 13 * BLOCK, 14 * BLOCK, (byte) 0);
    assertArrayEquals(disk, Files.readAllBytes(image("x.img")));
  }

  /** As printed, and as somebody types it: no data directory has to be named. */
  @Test
  void theLineOfARefusedOpenRuns() throws IOException {
    ObjectVolume volume = first.create(uri("?size=1MiB&ack=local"));
    for (int i = 1; i <= 5; i++) {
      write(volume, i, i);
    }
    // Host and bucket as a crash would leave them.
    Path crashed = directory.resolve("crashed");
    copyTree(data, crashed);
    copyTree(directory.resolve("bucket"), directory.resolve("crashed-bucket"));
    volume.close();
    data = crashed;
    damage(onlyLog(), 2);
    try (ObjectVolumeProvider host = provider(crashed)) {
      var there = StorageUri.parse("bucket+file://" + directory.resolve("crashed-bucket") + "/db");
      var refused = assertThrows(DeviceException.Corrupt.class, () -> host.open(there));
      Matcher line =
          Pattern.compile("`isthmus (log salvage [^`]*)`")
              .matcher(String.valueOf(refused.getMessage()));
      assertTrue(line.find(), refused.getMessage());
      CommandRun run = CommandRun.run(line.group(1).split(" ", -1));
      assertEquals(0, run.exitCode(), run.err());
      assertTrue(run.out().startsWith("lsn,time,kind,"), run.out());
      assertTrue(run.err().contains("missing: LSN 2, damaged"), run.err());
    }
  }

  private static void copyTree(Path from, Path to) throws IOException {
    try (var all = Files.walk(from)) {
      for (Path path : all.toList()) {
        Files.copy(path, to.resolve(from.relativize(path).toString()));
      }
    }
  }

  /** Flips a byte of a record's payload. */
  private void damage(String log, int lsn) throws IOException {
    Path file;
    try (var files = Files.walk(data.resolve("volumes"))) {
      file = files.filter(f -> f.toString().endsWith(".cq4")).sorted().findFirst().orElseThrow();
    }
    long offset = -1;
    for (JsonNode entry : json("inspect", log, "--records").at("/entries")) {
      offset = entry.at("/lsn").asInt() == lsn ? entry.at("/offset_bytes").asLong() : offset;
    }
    try (var raw = new RandomAccessFile(file.toFile(), "rw")) {
      raw.seek(offset + 500);
      raw.write(0x55);
    }
  }

  @Test
  void aListThatCouldNotBeWrittenIsNoSuccess() throws IOException {
    String log = diverge();
    for (String format : new String[] {"table", "json"}) {
      try (var full = new PrintWriter(new FileWriter("/dev/full", UTF_8))) {
        var err = new StringWriter();
        String[] line = {
          "log", "salvage", log, "--above", "0", "--list", "-o", format, "--data-dir", "" + data
        };
        assertEquals(ExitCode.UNAVAILABLE, Main.run(line, full, new PrintWriter(err, true)));
        assertTrue(err.toString().contains("could not be written"), err.toString());
      }
    }
  }

  @Test
  void aSalvageThatFailedLeavesNothingInItsOwnWay() throws IOException {
    String log = diverge();
    Files.write(image("short.img"), new byte[BLOCK]);
    String[] line = {
      "salvage",
      log,
      "--above",
      "10",
      "--to",
      image("y.img").toString(),
      "--base",
      image("short.img").toString(),
      "--changes",
      image("y.csv").toString()
    };
    assertEquals(ExitCode.INVALID, log(line).exitCode());
    assertFalse(Files.exists(image("y.csv")));
    Files.copy(image("base.img"), image("short.img"), StandardCopyOption.REPLACE_EXISTING);
    CommandRun again = log(line);
    assertEquals(0, again.exitCode(), again.err());
    assertEquals(8, Files.readAllLines(image("y.csv")).size());
    assertArrayEquals(disk, Files.readAllBytes(image("y.img")));
  }

  @Test
  void aMarkIsNoChange() throws IOException {
    Path log = data.resolve("volumes/log-" + new UUID(1, 2));
    try (WriteAheadLog made =
        LogDirectory.create(log, LogSettings.ofCapacity(64 << 20), new UUID(3, 4), new UUID(1, 2))
            .startAppending()) {
      made.beginEpoch(new LogEpoch(1, new UUID(5, 6), 1), 0);
      MemorySegment none = MemorySegment.ofArray(new byte[0]);
      made.append(RecordType.ZEROES, 0, 1, 1_000, 0, 8, none, 0);
      made.append(RecordType.SNAPSHOT_MARK, 0, 2, 2_000, 0, 0, none, 0);
      made.append(RecordType.RESIZE, 0, 3, 3_000, 0, 2048, none, 0);
      made.force();
      made.closeClean();
    }
    JsonNode listed = json("salvage", log.toString(), "--above", "0", "--list");
    assertEquals(1, listed.at("/changes").size(), listed.toString());
    assertEquals(1, listed.at("/summary/changes").asInt(), listed.toString());
    assertEquals(3, listed.at("/summary/last_lsn").asInt());
  }

  @Test
  void logsAreFoundWhereAVolumeKeptThemBefore() throws IOException {
    String log = diverge();
    Path left = directory.resolve("left");
    Files.move(data.resolve("volumes"), left);
    assertTrue(log("list").out().startsWith("No logs"));
    var catalogue = new Catalogue(data.resolve("catalogue.json"));
    catalogue.put(new CatalogueEntry("db", uri("?log_dir=" + left).toString(), null, null));
    assertTrue(log("list").out().contains(log));
    catalogue.remove("db");
    assertTrue(log("list").out().contains(log), "after a close");
    assertEquals(0, log("inspect", log.substring(0, 6)).exitCode());
  }

  @Test
  void aDamagedCatalogueStopsNoRescue() throws IOException {
    String log = diverge();
    Files.writeString(data.resolve("catalogue.json"), "{");
    CommandRun listed = log("list");
    assertEquals(0, listed.exitCode(), listed.err());
    assertTrue(listed.out().contains(log), listed.out());
    assertTrue(listed.err().startsWith("warning: the catalogue of volumes "), listed.err());
    assertEquals(0, log("inspect", log).exitCode());
    CommandRun salvaged =
        log(
            "salvage",
            log,
            "--volume",
            uri("").toString(),
            "--to",
            image("disk.img").toString(),
            "--base",
            image("base.img").toString());
    assertEquals(0, salvaged.exitCode(), salvaged.err());
    assertArrayEquals(disk, Files.readAllBytes(image("disk.img")));
    CommandRun byName = log("list", "--volume", "db");
    assertEquals(ExitCode.INVALID, byName.exitCode());
    assertTrue(byName.err().contains("give its URI"), byName.err());
  }

  @Test
  void wrongWordsAreToldWithTheRightOnes() throws IOException {
    String log = diverge();
    CommandRun unsaid = log("salvage", log, "--list");
    assertEquals(ExitCode.INVALID, unsaid.exitCode());
    assertTrue(unsaid.err().contains("--volume NAME|URI"), unsaid.err());
    assertEquals(ExitCode.INVALID, log("salvage", log, "--above", "0").exitCode());
    CommandRun unknown = log("inspect", "ffffffff");
    assertEquals(ExitCode.INVALID, unknown.exitCode());
    assertTrue(unknown.err().contains("`isthmus log list`"), unknown.err());
    assertEquals(ExitCode.INVALID, log("list", "nosuch").exitCode());
    first.create(StorageUri.parse("bucket+file://" + image("bucket") + "/other?size=1MiB")).close();
    CommandRun other =
        log("salvage", log, "--list", "--volume", "bucket+file://" + image("bucket") + "/other");
    assertEquals(ExitCode.INVALID, other.exitCode());
    assertTrue(other.err().contains("the log is of volume"), other.err());
    Files.write(image("short.img"), new byte[BLOCK]);
    CommandRun tooShort =
        log(
            "salvage",
            log,
            "--above",
            "10",
            "--to",
            image("y.img").toString(),
            "--base",
            image("short.img").toString());
    assertEquals(ExitCode.INVALID, tooShort.exitCode());
    assertTrue(tooShort.err().contains("the base image ends at 4096"), tooShort.err());
    assertFalse(Files.exists(image("y.img.partial")), "nothing is left");
    assertEquals("No logs. --data-dir names another gateway's data directory.\n", emptyList());
  }

  private String emptyList() {
    data = directory.resolve("nothing");
    return log("list").out();
  }
}
