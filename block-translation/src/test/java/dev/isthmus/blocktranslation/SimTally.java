package dev.isthmus.blocktranslation;

import dev.isthmus.blocktranslation.store.StoreFaults;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;

/** What a simulation went through, over all its seeds. Threading: confined to one thread. */
final class SimTally {

  long seeds;
  long steps;
  long changes;
  long reads;
  long opens;
  long failedOpens;
  long crashes;
  long crashesInside;
  long powerCuts;
  long takeovers;
  long lostLogs;
  long closes;
  long checkpoints;
  long deletes;
  long damages;
  long audits;
  long failedLogs;
  long fullDisks;
  long outages;
  private final Map<StoreFaults.Fault, Long> faults = new EnumMap<>(StoreFaults.Fault.class);

  void fault(StoreFaults.Fault fault) {
    faults.merge(fault, 1L, Long::sum);
  }

  String line(int violations, double seconds) {
    return String.format(
        Locale.ROOT,
        "volume: %d seeds, %d steps (%d changes, %d reads judged), %d opens, %d failed opens, %d"
            + " crashes (%d within an open or close), %d power cuts, %d logs lost, %d takeovers, %d"
            + " closes, %d checkpoints, %d deletes, %d damages, %d failed logs, %d full disks, %d"
            + " outages, requests %s, %d audits of the bucket, %d violations, %.0f s",
        seeds,
        steps,
        changes,
        reads,
        opens,
        failedOpens,
        crashes,
        crashesInside,
        powerCuts,
        lostLogs,
        takeovers,
        closes,
        checkpoints,
        deletes,
        damages,
        failedLogs,
        fullDisks,
        outages,
        faults,
        audits,
        violations,
        seconds);
  }
}
