package dev.isthmus.blocktranslation.map;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which runs to merge next: size-tiered, with one big run at the bottom.
 *
 * <p>A run's level is its size in powers of the fan-out. As soon as {@code fanOut} neighbours have
 * one level they become one run; smaller runs between them join. The oldest run joins when it has
 * at most twice the entries of what is merged anyway: so under random overwrites it is rewritten
 * once for each half of its size. The figures that follow are in docs/adr/0004-block-map.md.
 */
final class MergePolicy {

  /** Runs up to about this size times the root of the fan-out are of level 0. */
  private static final int LEVEL_0_ENTRIES = 512;

  /** Merges at once: a long one at the bottom must not keep the small ones from going on. */
  static final int MAX_MERGES = 2;

  private MergePolicy() {}

  /** Runs from {@code from} to before {@code to}, counted newest first. */
  record Window(int from, int to) {

    int size() {
      return to - from;
    }
  }

  static int level(long entryCount, int fanOut) {
    double level = Math.log((double) entryCount / LEVEL_0_ENTRIES) / Math.log(fanOut);
    return Math.max(0, (int) Math.round(level));
  }

  /**
   * What to merge next, or null. Only neighbours become one, so a damaged run parts the runs into
   * stretches, each of which is looked at by itself. Below the newest one merges go on one at a
   * time: those above, which new runs wait for, always find room.
   */
  static @Nullable Window next(List<Run> runs, int fanOut, int maxRuns) {
    boolean busy = runs.stream().anyMatch(run -> run.merging);
    int enough = runs.size() >= MapSettings.MAX_RUNS ? 2 : maxRuns;
    for (Window stretch : stretches(runs)) {
      Window found = nextOf(runs.subList(stretch.from, stretch.to), fanOut, enough);
      if (found != null && (stretch.from == 0 || !busy)) {
        return new Window(stretch.from + found.from, stretch.from + found.to);
      }
    }
    return null;
  }

  /** What lies between damaged runs, newest first; the first one may be empty. */
  static List<Window> stretches(List<Run> runs) {
    var stretches = new ArrayList<Window>();
    int from = 0;
    for (int i = 0; i <= runs.size(); i++) {
      if (i == runs.size() || runs.get(i).damaged) {
        stretches.add(new Window(from, i));
        from = i + 1;
      }
    }
    return stretches;
  }

  /** In one stretch. Runs that are being merged end what is looked at. */
  private static @Nullable Window nextOf(List<Run> runs, int fanOut, int maxRuns) {
    int free = 0;
    while (free < runs.size() && !runs.get(free).merging) {
      free++;
    }
    int highest = 0;
    for (int i = 0; i < free; i++) {
      highest = Math.max(highest, runs.get(i).level);
    }
    for (int level = 0; level <= highest; level++) {
      int to = 0;
      int from = -1;
      int count = 0;
      while (to < free && runs.get(to).level <= level) {
        if (runs.get(to).level == level) {
          from = from < 0 ? to : from;
          count++;
        }
        to++;
      }
      if (count >= fanOut) {
        return withOldest(runs, from, to, free);
      }
    }
    // Sizes that fit no tier (few, all different) must not add up to the bound either.
    return runs.size() >= maxRuns && free >= 2 ? new Window(0, free) : null;
  }

  private static Window withOldest(List<Run> runs, int from, int to, int free) {
    long entries = 0;
    for (int i = from; i < to; i++) {
      entries += runs.get(i).entryCount;
    }
    boolean oldestIsNext = to == runs.size() - 1 && free == runs.size();
    return oldestIsNext && runs.get(to).entryCount <= 2 * entries
        ? new Window(from, to + 1)
        : new Window(from, to);
  }
}
