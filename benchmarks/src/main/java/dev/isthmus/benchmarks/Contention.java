package dev.isthmus.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.ToDoubleFunction;

/**
 * How much of the machine something else used meanwhile: what busy neighbours do to a measurement
 * shows in the table instead of passing for the product's. Threading: one thread.
 */
final class Contention {

  /** USER_HZ, in which proc(5) counts on Linux. */
  private static final double TICKS_PER_SECOND = 100;

  /** At a stretch that is disturbed: neighbours that come and go are waited for, a little. */
  private static final int MAX_TRIES = 3;

  private static final double DISTURBED_PERCENT = 10;

  private final List<Long> pids;
  private long busyTicks;
  private long ownTicks;
  private long beganNanos;

  /**
   * @param pids of the processes that belong to the measurement
   */
  Contention(List<Long> pids) {
    this.pids = List.copyOf(pids);
  }

  /** Measures something. */
  interface Stretch<T> {
    T measure() throws IOException, InterruptedException;
  }

  /**
   * Measures, and again while neighbours disturb and {@code mayRepeat} holds.
   *
   * @return the try that was disturbed least
   */
  static <T> T leastDisturbed(
      Stretch<T> stretch, ToDoubleFunction<T> othersPercent, BooleanSupplier mayRepeat)
      throws IOException, InterruptedException {
    T best = stretch.measure();
    for (int i = 1;
        i < MAX_TRIES
            && othersPercent.applyAsDouble(best) > DISTURBED_PERCENT
            && mayRepeat.getAsBoolean();
        i++) {
      T again = stretch.measure();
      if (othersPercent.applyAsDouble(again) < othersPercent.applyAsDouble(best)) {
        best = again;
      }
    }
    return best;
  }

  /** The stretch begins. */
  void begin() throws IOException {
    busyTicks = machineTicks();
    ownTicks = allOwnTicks();
    beganNanos = System.nanoTime();
  }

  /** Processor time of others since {@link #begin}, in percent of all cores. */
  double endPercent() throws IOException {
    long others = machineTicks() - busyTicks - (allOwnTicks() - ownTicks);
    double seconds = (System.nanoTime() - beganNanos) / 1e9;
    double all = seconds * Runtime.getRuntime().availableProcessors() * TICKS_PER_SECOND;
    return Math.max(0, 100 * others / all);
  }

  /** User, nice, system and stolen time: fields 1, 2, 3 and 8 of the first line. */
  private static long machineTicks() throws IOException {
    String line;
    try (var lines = Files.newBufferedReader(Path.of("/proc/stat"))) {
      line = lines.readLine();
    }
    String[] fields = line.split(" +", -1);
    return Long.parseLong(fields[1])
        + Long.parseLong(fields[2])
        + Long.parseLong(fields[3])
        + Long.parseLong(fields[8]);
  }

  private long allOwnTicks() throws IOException {
    long ticks = 0;
    for (long pid : pids) {
      ticks += ticksOf(pid);
    }
    return ticks;
  }

  /** User and system time of a process so far, in hundredths of a second. */
  static long ticksOf(long pid) throws IOException {
    String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
    // The name, field 2, may hold blanks; what follows its bracket begins with field 3.
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
    return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
  }
}
