package dev.isthmus.blocktranslation;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.isthmus.wal.SimSeeds;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/**
 * The whole engine on one thread in simulated time: random commands of two hosts that interleave, a
 * store that delays, loses, repeats and refuses, logs that fail, fill up and are lost, crashes and
 * power cuts at any step.
 *
 * <p>The properties of {@link SimSeeds} say which seeds.
 */
class VolumeSim {

  private static final int DEFAULT_SEEDS = 300;

  /** Seeds that found a defect once, in the product or in its simulation: every run plays them. */
  private static final long[] FIXED = {334, 9845, 1_063_001_485, 710_045_568};

  @Test
  @Timeout(3600)
  void keepsItsPromises() {
    if (!SimSeeds.isOne()) {
      silence();
    }
    var tally = new SimTally();
    long began = System.nanoTime();
    SimSeeds.fresh("volume", DEFAULT_SEEDS, FIXED)
        .forEach(seed -> {
          AssertionError violation = violation(seed, tally);
          if (violation != null) {
            System.out.println(tally.line(1, (System.nanoTime() - began) / 1e9));
            throw violation;
          }
        });
    System.out.println(tally.line(0, (System.nanoTime() - began) / 1e9));
  }

  /**
   * Plays seeds until one finds something, for a process of its own, and says so in one line:
   * {@code FOUND seeds violation}, or {@code NOTHING seeds}.
   */
  public static void main(String[] arguments) {
    silence();
    long from = Long.getLong("sim.from", 1);
    int count = Integer.getInteger("sim.seeds", DEFAULT_SEEDS);
    for (int i = 1; i <= count; i++) {
      AssertionError found = violation(from + i - 1, new SimTally());
      if (found != null && found.getCause() != null) {
        String what = String.valueOf(found.getCause().getMessage()).replaceAll("\\s+", " ");
        System.out.println("FOUND " + i + " " + what.substring(0, Math.min(160, what.length())));
        return;
      }
    }
    System.out.println("NOTHING " + count);
  }

  /** Plays one seed; what it found, or null. */
  static @org.jspecify.annotations.Nullable AssertionError violation(long seed, SimTally tally) {
    var run = new SimRun(seed, tally);
    try (run) {
      run.play();
      return null;
    } catch (RuntimeException | Error e) {
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
    }
  }

  /** What the engine says of each fault would be most of the time. */
  static void silence() {
    ((Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME)).setLevel(Level.OFF);
  }
}
