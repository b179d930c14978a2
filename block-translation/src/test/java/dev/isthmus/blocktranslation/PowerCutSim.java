package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blocktranslation.PowerCutHistory.PowerOn;
import dev.isthmus.blocktranslation.powercut.DiskRecord;
import dev.isthmus.blocktranslation.powercut.PowerCut;
import dev.isthmus.blocktranslation.powercut.RecordingDisk;
import dev.isthmus.wal.SimSeeds;
import dev.isthmus.wal.WeakForce;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Power cuts below the file system that holds the log. A process writes through a volume at queue
 * depth 16 with flushes and FUA between; the disk under its log records each write and each flush.
 * The power is cut at many moments of that record: what no completed flush covers is lost, torn or
 * kept, at random. Each time the volume is opened from the disk that is left and the bucket of that
 * very moment, and judged:
 *
 * <ul>
 *   <li>it opens, whatever was lost, and is exactly the changes up to one LSN;
 *   <li>all that was flushed, written with FUA, or reported as durable or uploaded is there; with
 *       {@code ack=local} all that completed is;
 *   <li>with {@code ack=applied} it says ROLLED_BACK under another incarnation, since completed
 *       writes may be gone; with {@code ack=local} it says COMPLETE, under the same one.
 * </ul>
 *
 * The last cut of a seed's first power-on is where its second begins, so that the open after a cut
 * is itself cut. Odd seeds have {@code ack=applied}, even ones {@code ack=local}.
 *
 * <p>The properties of {@link SimSeeds} say which seeds, {@code -Dpower.cuts=N} how many cuts for
 * each of a seed's two power-ons. What a process managed to write before the cut is not repeatable,
 * so a violation leaves its records behind, and says with which command a cut of them is made
 * again.
 *
 * <p>Needs root and /dev/fuse, and fails without them.
 */
@Timeout(value = 1, unit = TimeUnit.HOURS)
class PowerCutSim {

  private static final int POWER_ONS = 2;

  private static final int DEFAULT_CUTS = 3;

  /**
   * How many cuts of one power-on look for a broken force, and how many power-ons it may outlive:
   * on a slow machine one of them may see no roll of a file.
   */
  private static final int CUTS_OF_WEAK_FORCE = 8;

  private static final int POWER_ONS_OF_WEAK_FORCE = 6;

  private static final int DISK_MEBIBYTES = 160;

  private static final long MIN_RUN_MILLIS = 1_000;
  private static final int MORE_RUN_MILLIS = 2_000;

  private static final Pattern TOLD =
      Pattern.compile(
          "(CUT (\\S+) last=(\\d+)|VIOLATION) .*"
              + "pending=(\\d+) dropped=(\\d+) torn=(\\d+) done=(\\d+) promised=(\\d+)");

  static LongStream seeds() {
    return SimSeeds.from("power cuts", 1, 2);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void whatWasPromisedOutlivesThePower(long seed) throws Exception {
    int cuts = Integer.getInteger("power.cuts", DEFAULT_CUTS);
    Path work = fresh("seed-" + seed);
    var tally = new Tally();
    var before = new ArrayList<PowerOn>();
    for (int i = 0; i < POWER_ONS; i++) {
      Path disk = work.resolve("disk-" + i);
      record(seed, disk, "SOUND", before, runMillis(seed + i));
      List<Cut> planned = plan(disk, seed * POWER_ONS + i, cuts);
      tally.add(judge(seed, work, disk, planned, before));
      assertEquals(
          List.of(),
          tally.violations,
          () ->
              "seed "
                  + seed
                  + "; its records stay in "
                  + work
                  + "; again by power-cut/cut "
                  + disk
                  + " IMAGE --at AT --seed CUT-SEED");
      before.add(new PowerOn(disk, planned.getLast().position()));
      if (i + 1 < POWER_ONS) {
        leaveImage(disk, planned.getLast());
      }
    }
    System.out.printf("power cuts, seed %d: %s%n", seed, tally);
    deleteTree(work);
  }

  /** A log that does not force what it says to have forced is found out. */
  @ParameterizedTest
  @EnumSource(WeakForce.class)
  void aWeakForceIsFound(WeakForce force) throws Exception {
    var tally = new Tally();
    for (int i = 1; tally.violations.isEmpty(); i += 2) {
      assertTrue(i < 2 * POWER_ONS_OF_WEAK_FORCE, () -> "no violation was found: " + tally);
      Path work = fresh("weak-" + force);
      Path disk = work.resolve("disk-0");
      record(i, disk, force.name(), List.of(), 2 * MIN_RUN_MILLIS);
      tally.add(judge(i, work, disk, plan(disk, i, CUTS_OF_WEAK_FORCE), List.of()));
      deleteTree(work);
    }
    System.out.printf("power cuts of a log that forces %s: %s%n", force, tally);
    System.out.println("  the first: " + tally.violations.getFirst());
  }

  private static long runMillis(long seed) {
    return MIN_RUN_MILLIS + new Random(seed).nextInt(MORE_RUN_MILLIS);
  }

  /** Where and how a power cut is made. */
  private record Cut(long position, long seed) {}

  /** What the judges said. Threading: confined. */
  private static final class Tally {
    private final List<String> violations = new ArrayList<>();
    private int cuts;
    private int complete;
    private int rolledBack;
    private long pending;
    private long dropped;
    private long torn;
    private long promised;
    private long lost;

    void add(List<String> lines) {
      for (String line : lines) {
        Matcher matcher = TOLD.matcher(line);
        if (!matcher.find()) {
          throw new AssertionError("not understood: " + line);
        }
        cuts++;
        if (line.startsWith("VIOLATION")) {
          violations.add(line);
        } else {
          boolean isComplete = matcher.group(2).equals("complete");
          complete += isComplete ? 1 : 0;
          rolledBack += isComplete ? 0 : 1;
          lost += Math.max(0, Long.parseLong(matcher.group(7)) - Long.parseLong(matcher.group(3)));
        }
        pending += Long.parseLong(matcher.group(4));
        dropped += Long.parseLong(matcher.group(5));
        torn += Long.parseLong(matcher.group(6));
        promised += Long.parseLong(matcher.group(8));
      }
    }

    @Override
    public String toString() {
      return ("%d cuts, %d violations (COMPLETE %d, ROLLED_BACK %d); disk writes that no flush"
              + " covered %d, of them dropped %d, torn %d; changes promised and looked for %d,"
              + " completed without a promise and lost %d")
          .formatted(
              cuts,
              violations.size(),
              complete,
              rolledBack,
              pending,
              dropped,
              torn,
              promised,
              lost);
    }
  }

  /** Lets a process write for some time on a disk that begins as the last power-on left it. */
  private static void record(
      long seed, Path directory, String force, List<PowerOn> before, long millis) throws Exception {
    try (RecordingDisk disk =
        before.isEmpty()
            ? RecordingDisk.empty(directory, DISK_MEBIBYTES)
            : RecordingDisk.of(directory, image(before.getLast().directory()))) {
      try (RecordedWriter writer = RecordedWriter.start(seed, disk, force, before)) {
        Thread.sleep(millis);
        // Behind the cut everything fails, and nobody hears of it.
        writer.requireGood();
        long _ = disk.cut();
      }
    }
  }

  /**
   * Moments of a record: those right after a promise was marked, those right after a write, which
   * no flush covers then, and some of the open; the last one a late one, so that there is much to
   * go on with.
   */
  private static List<Cut> plan(Path disk, long seed, int count) throws IOException {
    DiskRecord record = DiskRecord.read(disk);
    var random = new Random(seed);
    long created = 0;
    long ready = 0;
    var promises = new ArrayList<Long>();
    for (DiskRecord.Mark mark : record.marks()) {
      switch (mark.text().split(" ", 2)[0]) {
        case PowerCutHistory.CREATED -> created = mark.position();
        case PowerCutHistory.READY -> ready = mark.position();
        case PowerCutHistory.PROMISED -> promises.add(mark.position());
        default -> {
          // The bucket's, or what completed.
        }
      }
    }
    long served = ready;
    List<Long> writes = record.writes().stream().filter(position -> position > served).toList();
    assertTrue(promises.size() > 10 && writes.size() > 10, "the writer did too little");
    var cuts = new ArrayList<Cut>();
    for (int i = 0; i < count; i++) {
      long position =
          switch (i % 5) {
            case 0 -> random.nextLong(created, ready + 1);
            case 1, 3 -> any(promises, random);
            default -> any(writes, random);
          };
      cuts.add(new Cut(position, random.nextInt(1 << 30)));
    }
    long late = any(writes.subList(writes.size() / 2, writes.size()), random);
    cuts.set(count - 1, new Cut(late, cuts.getLast().seed()));
    return cuts;
  }

  private static long any(List<Long> positions, Random random) {
    return positions.get(random.nextInt(positions.size()));
  }

  private static List<String> judge(
      long seed, Path work, Path disk, List<Cut> cuts, List<PowerOn> before) throws Exception {
    Path bootId = Files.writeString(work.resolve("boot-id"), "\n");
    var arguments =
        new ArrayList<>(
            List.of(Long.toString(seed), work.toString(), bootId.toString(), disk.toString()));
    cuts.forEach(cut -> arguments.add(cut.position() + ":" + cut.seed()));
    arguments.add("--");
    before.forEach(powerOn -> arguments.add(powerOn.toString()));
    var command = new ArrayList<>(List.of(PowerCut.tool("boot"), bootId.toString()));
    command.addAll(ChildJvm.command(PowerCutJudge.class, arguments));
    Path said = work.resolve("judge.log");
    Process judge =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(said.toFile()).start();
    try {
      judge.getOutputStream().close();
      assertEquals(0, judge.waitFor(), () -> "the judge failed: " + read(said));
    } finally {
      judge.destroyForcibly();
    }
    List<String> told =
        read(said)
            .lines()
            .filter(line -> line.startsWith("CUT ") || line.startsWith("VIOLATION "))
            .toList();
    assertEquals(cuts.size(), told.size(), () -> read(said));
    return told;
  }

  /** The disk that a cut leaves, to go on with. */
  private static void leaveImage(Path disk, Cut cut) throws IOException {
    PowerCut _ = PowerCut.at(disk, cut.position(), cut.seed(), image(disk));
  }

  private static Path image(Path disk) {
    return disk.resolve("after-cut");
  }

  private static String read(Path file) {
    try {
      return Files.exists(file) ? Files.readString(file) : "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path fresh(String name) throws IOException {
    Path work = Path.of("target", "power-cut", name).toAbsolutePath();
    deleteTree(work);
    return Files.createDirectories(work);
  }

  private static void deleteTree(Path root) throws IOException {
    if (!Files.exists(root)) {
      return;
    }
    try (Stream<Path> all = Files.walk(root)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
