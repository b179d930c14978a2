package dev.isthmus.wal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The real log over a disk that loses what was not forced, under a seed: appends, forces, rolls,
 * trims, terms; crashes and power cuts between and within forces, failed forces, and damage.
 *
 * <p>Judged after each opening: a crash loses nothing; a power cut loses at most what was not
 * forced, and is never called corruption; what is left is dense and as it was written; damage of
 * what is known to be durable is corruption.
 *
 * <p>The properties of {@link SimSeeds} say which seeds.
 */
final class LogSim {

  private static final int DEFAULT_SEEDS = 25;

  /** Memory if there is such a thing: nothing of this has to reach a disk. */
  private static final Path MEMORY = Path.of("/dev/shm");

  /** Counts of a whole run. */
  static final class Tally {
    long seeds;
    long steps;
    long opens;
    long crashes;
    long powerCuts;
    long within;
    long records;
    long lostRecords;
    long failedForces;
    long damages;

    String line(int violations, double seconds) {
      return String.format(
          Locale.ROOT,
          "log: %d seeds, %d steps, %d records, %d opens, %d crashes, %d power cuts (%d of both within"
              + " a force) that took %d records, %d failed forces, %d damages, %d violations, %.0f s",
          seeds,
          steps,
          records,
          opens,
          crashes,
          powerCuts,
          within,
          lostRecords,
          failedForces,
          damages,
          violations,
          seconds);
    }
  }

  @Test
  @Timeout(3600)
  void keepsWhatWasForced() throws IOException {
    var tally = new Tally();
    long began = System.nanoTime();
    for (long seed : SimSeeds.fresh("log", DEFAULT_SEEDS).toArray()) {
      AssertionError violation = violation(seed, tally);
      if (violation != null) {
        System.out.println(tally.line(1, (System.nanoTime() - began) / 1e9));
        throw violation;
      }
    }
    System.out.println(tally.line(0, (System.nanoTime() - began) / 1e9));
  }

  /** Plays seeds until one finds something, and says so in one line, as {@code VolumeSim} does. */
  public static void main(String[] arguments) throws IOException {
    long from = Long.getLong("sim.from", 1);
    int count = Integer.getInteger("sim.seeds", DEFAULT_SEEDS);
    for (int i = 1; i <= count; i++) {
      AssertionError found = violation(from + i - 1, new Tally());
      if (found != null && found.getCause() != null) {
        String what = String.valueOf(found.getCause().getMessage()).replaceAll("\\s+", " ");
        System.out.println("FOUND " + i + " " + what.substring(0, Math.min(160, what.length())));
        System.exit(0);
      }
    }
    System.out.println("NOTHING " + count);
    System.exit(0);
  }

  /** Plays one seed; what it found, or null. */
  static @Nullable AssertionError violation(long seed, Tally tally) throws IOException {
    Path root =
        Files.isWritable(MEMORY)
            ? Files.createTempDirectory(MEMORY, "log-sim-")
            : Files.createTempDirectory("log-sim-");
    var run = new LogSimRun(seed, root, tally);
    try {
      run.play();
      return null;
    } catch (Exception | Error e) {
      return new AssertionError(
          "seed "
              + seed
              + " (again with -Dsim.seed="
              + seed
              + "): "
              + e.getMessage()
              + "; "
              + run.story(),
          e);
    } finally {
      CutDisk.delete(root);
    }
  }
}
