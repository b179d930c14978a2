package dev.isthmus.gateway.cli;

import static dev.isthmus.gateway.cli.CommandRun.run;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Export, import and verify as people and scripts use them: words and exit codes. */
class ImageCommandsTest {

  private static final int BYTES = 20 << 20;

  private final byte[] content = new byte[BYTES];
  @TempDir private Path directory = Path.of("unset");

  @BeforeEach
  void anImportedVolume() throws IOException {
    var random = new Random(3);
    byte[] data = new byte[9 << 20];
    random.nextBytes(data);
    System.arraycopy(data, 0, content, 1 << 20, data.length);
    Files.write(file("disk.img"), content);
    Files.createDirectories(file("bucket"));
    CommandRun run = run("volume", "import", path("disk.img"), uri());
    assertEquals(0, run.exitCode(), run.err());
    assertTrue(run.out().contains("is there: 20MiB"), run.out());
    assertTrue(run.out().contains("in blocks of 4096, 9.0 MiB of it not zero; "), run.out());
    assertTrue(run.out().matches("(?s).*; [1-9][0-9]* requests, 9\\.[0-9] MiB sent\n"), run.out());
  }

  private Path file(String name) {
    return directory.resolve(name);
  }

  private String path(String name) {
    return file(name).toString();
  }

  private String uri() {
    return "bucket+file://" + file("bucket") + "/db";
  }

  /** The object whose key holds {@code part}; the last of several. */
  private Path object(String part) throws IOException {
    try (Stream<Path> all = Files.walk(file("bucket/objects"))) {
      return all.filter(p -> Files.isRegularFile(p) && p.toString().contains(part))
          .sorted()
          .toList()
          .getLast();
    }
  }

  private static void flipLastByte(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 1] ^= 1;
    Files.write(file, bytes);
  }

  @Test
  void anExportIsTheImageAndSaysWhatItIs() throws IOException {
    CommandRun run = run("volume", "export", uri(), path("out.img"), "--sha256");
    assertEquals(0, run.exitCode(), run.err());
    assertArrayEquals(content, Files.readAllBytes(file("out.img")));
    assertTrue(run.out().startsWith("complete\n"), run.out());
    assertTrue(run.out().contains("the newest checkpoint"), run.out());
    assertEquals("", run.err());
    assertFalse(Files.exists(file("out.img.isthmus-export")));
    CommandRun again = run("volume", "export", uri(), path("out.img"));
    assertEquals(2, again.exitCode());
    assertTrue(again.err().contains("--force"), again.err());
    assertEquals(0, run("volume", "export", uri(), path("out.img"), "--force").exitCode());
    assertEquals(0, run("volume", "verify", path("out.img"), uri()).exitCode());
  }

  @Test
  void damageHasAnExitCodeAndSkippingItAnother() throws IOException {
    flipLastByte(object("segments"));
    CommandRun run = run("volume", "export", uri(), path("out.img"));
    assertEquals(6, run.exitCode(), run.err());
    assertTrue(run.err().contains("segments/"), run.err());
    assertTrue(run.err().contains("--skip-damaged"), run.err());
    assertTrue(run.err().contains("the same command goes on from there"), run.err());
    assertTrue(Files.exists(file("out.img.isthmus-export")));
    CommandRun skip =
        run("volume", "export", uri(), path("out.img"), "--skip-damaged", "-o", "json");
    assertEquals(8, skip.exitCode(), skip.err());
    JsonNode summary = new ObjectMapper().readTree(skip.out());
    assertFalse(summary.at("/complete").asBoolean());
    long lba = summary.at("/damaged/0/lba").asLong();
    long sectors = summary.at("/damaged/0/sectors").asLong();
    assertEquals(summary.at("/damaged_sectors").asLong(), sectors);
    Arrays.fill(content, (int) lba * 512, (int) (lba + sectors) * 512, (byte) 0);
    assertArrayEquals(content, Files.readAllBytes(file("out.img")));
    assertEquals(2, run("volume", "verify", path("out.img"), uri()).exitCode());
  }

  @Test
  void goingOnWithAnotherFileIsRefused() throws IOException {
    flipLastByte(object("segments"));
    assertEquals(6, run("volume", "export", uri(), path("out.img")).exitCode());
    // The state of one export, and the name of another target.
    String state = path("out.img.isthmus-export");
    CommandRun second = run("volume", "export", uri(), path("second.img"), "--state", state);
    assertEquals(2, second.exitCode());
    assertTrue(second.err().contains("another target"), second.err());
    assertFalse(second.err().contains("goes on from there"), second.err());
    Files.move(file("out.img"), file("kept.img"));
    byte[] other = new byte[BYTES];
    Arrays.fill(other, (byte) 9);
    Files.write(file("out.img"), other);
    for (String[] options : new String[][] {{}, {"--force"}, {"--restart"}}) {
      String[] line = Arrays.copyOf(new String[] {"volume", "export"}, 5 + options.length);
      line[2] = uri();
      line[3] = path("out.img");
      line[4] = "--skip-damaged";
      System.arraycopy(options, 0, line, 5, options.length);
      CommandRun refused = run(line);
      assertEquals(2, refused.exitCode(), refused.err());
      assertTrue(refused.err().contains("--force"), refused.err());
      assertArrayEquals(other, Files.readAllBytes(file("out.img")));
    }
    Files.move(file("kept.img"), file("out.img"), StandardCopyOption.REPLACE_EXISTING);
    assertEquals(8, run("volume", "export", uri(), path("out.img"), "--skip-damaged").exitCode());
  }

  @Test
  void anExportAtACheckpointSaysSo() throws IOException {
    CommandRun run = run("volume", "export", uri(), path("out.img"), "--at", "newest");
    assertEquals(0, run.exitCode(), run.err());
    assertTrue(run.err().contains("as it was at checkpoint 0000000000000001-"), run.err());
    assertTrue(run.out().contains("later writes are left out"), run.out());
    assertArrayEquals(content, Files.readAllBytes(file("out.img")));
    CommandRun json =
        run("volume", "export", uri(), path("json.img"), "--at", "newest", "-o", "json");
    JsonNode said = new ObjectMapper().readTree(json.out());
    assertTrue(said.at("/at_checkpoint").asText().startsWith("0000000000000001-"), json.out());
    for (String[] options :
        new String[][] {{"previous"}, {"none"}, {"auto"}, {"x"}, {"newest", "--checkpoint=none"}}) {
      String[] line = {"volume", "export", uri(), path("no.img"), "--at", options[0], "-q"};
      line[6] = options.length > 1 ? options[1] : "-q";
      CommandRun refused = run(line);
      assertEquals(2, refused.exitCode(), refused.err());
      assertFalse(Files.exists(file("no.img")));
    }
    // What goes on is what was begun.
    flipLastByte(object("segments"));
    String[] begun = {"volume", "export", uri(), path("part.img"), "--at", "newest"};
    assertEquals(6, run(begun).exitCode());
    CommandRun other = run(Arrays.copyOf(begun, 4));
    assertEquals(2, other.exitCode());
    assertTrue(other.err().contains("the state --at newest"), other.err());
    assertEquals(6, run(begun).exitCode());
  }

  @Test
  void aDamagedCheckpointIsAWarningAndACompleteImage() throws IOException {
    flipLastByte(object("checkpoints"));
    CommandRun run = run("volume", "export", uri(), path("out.img"));
    assertEquals(0, run.exitCode(), run.err());
    assertTrue(run.err().contains("WARNING: the newest checkpoint"), run.err());
    assertTrue(run.out().contains("segments alone"), run.out());
    assertArrayEquals(content, Files.readAllBytes(file("out.img")));
    // With a segment missing, too, what is left is older, and that has an exit code.
    Files.delete(object("segments"));
    CommandRun older = run("volume", "export", uri(), path("older.img"));
    assertEquals(8, older.exitCode(), older.err() + older.out());
    assertTrue(older.out().startsWith("INCOMPLETE\n  an older state: object "), older.out());
  }

  @Test
  void verifyFindsWhatDiffers() throws IOException {
    content[5 << 20] ^= 1;
    content[BYTES - 1] ^= 1;
    Files.write(file("other.img"), content);
    CommandRun run = run("volume", "verify", path("other.img"), uri());
    assertEquals(1, run.exitCode(), run.err());
    assertEquals(
        """
        DIFFERENT: 2 ranges, 2 sectors of 512 bytes
          LBA 10240, 1 sectors (byte 5242880, 512 bytes)
          LBA 40959, 1 sectors (byte 20971008, 512 bytes)
        """,
        run.out());
    CommandRun json =
        run("volume", "verify", uri(), path("other.img"), "--ranges", "1", "-o", "json");
    assertEquals(1, json.exitCode());
    JsonNode said = new ObjectMapper().readTree(json.out());
    assertEquals(1, said.at("/differences").size());
    assertEquals(2, said.at("/different_ranges").asInt());
    Files.write(file("short.img"), Arrays.copyOf(content, 1 << 20));
    CommandRun shorter = run("volume", "verify", path("short.img"), uri());
    assertEquals(1, shorter.exitCode());
    assertTrue(shorter.out().startsWith("sizes differ: 1048576 and 20971520 bytes"), shorter.out());
    assertEquals(2, run("volume", "verify", path("none.img"), uri()).exitCode());
    assertEquals(2, run("volume", "verify", uri()).exitCode());
    assertEquals(2, run("volume", "verify", uri(), "malloc:///x").exitCode());
  }

  @Test
  void ratesAreSizesWithOrWithoutTheSecond() {
    for (String rate : new String[] {"1GiB", "1GiB/s", "0"}) {
      CommandRun run = run("volume", "verify", path("disk.img"), uri(), "--rate", rate);
      assertEquals(0, run.exitCode(), run.err());
    }
    for (String rate : new String[] {"1GB", "/s", "1GiB/min", "-1"}) {
      CommandRun run = run("volume", "verify", path("disk.img"), uri(), "--rate=" + rate);
      assertEquals(2, run.exitCode());
      assertTrue(run.err().contains("50MiB or 50MiB/s"), run.err());
    }
    assertEquals(50 << 20, ByteRate.parse("50MiB/s"));
    assertEquals(ByteRate.parse("50MiB"), ByteRate.parse("50MiB/s"));
  }

  @Test
  void importRefusesWhatItShould() throws IOException {
    CommandRun there = run("volume", "import", path("disk.img"), uri());
    assertEquals(2, there.exitCode());
    assertTrue(there.err().contains("there is a volume at"), there.err());
    Files.write(file("odd.img"), Arrays.copyOf(content, 3000));
    String odd = "bucket+file://" + file("bucket") + "/odd";
    CommandRun refused = run("volume", "import", path("odd.img"), odd);
    assertEquals(2, refused.exitCode());
    assertTrue(refused.err().contains("--pad"), refused.err());
    CommandRun padded =
        run(
            "volume",
            "import",
            path("odd.img"),
            odd,
            "--pad",
            "--block-size",
            "4096",
            "-o",
            "json");
    assertEquals(0, padded.exitCode(), padded.err());
    JsonNode said = new ObjectMapper().readTree(padded.out());
    assertEquals(4096, said.at("/size_bytes").asInt());
    // A partition table counts in the sectors of its disk.
    byte[] table = new byte[1 << 20];
    System.arraycopy(
        "EFI PART".getBytes(java.nio.charset.StandardCharsets.US_ASCII), 0, table, 512, 8);
    Files.write(file("gpt.img"), table);
    CommandRun gpt =
        run("volume", "import", path("gpt.img"), "bucket+file://" + file("bucket") + "/gpt");
    assertTrue(gpt.out().contains("in blocks of 512"), gpt.out() + gpt.err());
  }

  /** Whoever deletes a volume after it was copied must have all of it. */
  @Test
  void aVolumeThatLacksAnythingIsNoSource() throws IOException {
    try (Stream<Path> all = Files.walk(file("bucket/objects/db"))) {
      for (Path checkpoint : all.filter(p -> p.toString().contains("/checkpoints/")).toList()) {
        Files.deleteIfExists(checkpoint);
      }
    }
    Files.delete(object("segments"));
    String copy = "bucket+file://" + file("bucket") + "/copy";
    CommandRun run = run("volume", "import", uri(), copy);
    assertEquals(6, run.exitCode(), run.err());
    assertTrue(run.err().contains("is incomplete"), run.err());
    assertFalse(Files.exists(file("bucket/objects/copy/manifest")));
  }

  @Test
  void leftoversAreOnlyDeletedByThoseWhoSaySo() throws IOException {
    Files.delete(file("bucket/objects/db/manifest"));
    String[] line = {"volume", "import", path("disk.img"), uri(), "--discard-leftovers"};
    CommandRun unsaid = run(line);
    assertEquals(2, unsaid.exitCode());
    assertTrue(unsaid.err().contains("--yes") && unsaid.err().contains("9.0 MiB"), unsaid.err());
    assertTrue(Files.exists(object("segments")));
    // What is no volume's stays, and so does all the rest.
    Path stray = Files.write(file("bucket/objects/db/notes.txt"), new byte[64]);
    String[] yes = Arrays.copyOf(line, line.length + 1);
    yes[line.length] = "--yes";
    CommandRun refused = run(yes);
    assertEquals(2, refused.exitCode());
    assertTrue(refused.err().contains("db/notes.txt"), refused.err());
    assertTrue(Files.exists(object("segments")));
    Files.delete(stray);
    CommandRun run = run(yes);
    assertEquals(0, run.exitCode(), run.err());
    assertTrue(run.err().contains("objects are deleted"), run.err());
    assertEquals(0, run("volume", "verify", path("disk.img"), uri()).exitCode());
  }

  @Test
  void aCopyOfTheObjectsServesAsWell() {
    // The files of a bucket in a directory, as they lie there.
    CommandRun run = run("volume", "export", path("bucket/objects/db"), path("out.img"));
    assertEquals(0, run.exitCode(), run.err());
    assertEquals(0, run("volume", "verify", path("out.img"), path("disk.img")).exitCode());
    CommandRun hint = run("volume", "export", path("bucket/objects"), path("no.img"));
    assertEquals(2, hint.exitCode());
    assertTrue(hint.err().contains(path("bucket/objects/db")), hint.err());
  }

  @Test
  void progressTellsRateAndTimeLeft() {
    var text = new StringWriter();
    long[] now = {0};
    var line = new ProgressLine("exported", new PrintWriter(text), () -> now[0]);
    line.at(10L << 30, 100L << 30);
    now[0] = 100_000_000L;
    line.at(11L << 30, 100L << 30);
    assertFalse(text.toString().contains("11.0 GiB"), "not more often than needed");
    now[0] = 10_000_000_000L;
    line.at(20L << 30, 100L << 30);
    assertTrue(
        text.toString().contains("exported: 20.0 GiB of 100.0 GiB, 20 %, 1024 MiB/s, 0:01:20 left"),
        text::toString);
  }
}
