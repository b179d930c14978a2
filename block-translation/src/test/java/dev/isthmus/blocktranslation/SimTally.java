package dev.isthmus.blocktranslation;

import java.util.Locale;

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

  String line(int violations, double seconds) {
    return String.format(
        Locale.ROOT,
        "volume: %d seeds, %d steps (%d changes, %d reads judged), %d opens, %d failed opens, %d"
            + " crashes (%d within an open or close), %d power cuts, %d logs lost, %d takeovers, %d"
            + " closes, %d checkpoints, %d deletes, %d damages, %d audits of the bucket, %d"
            + " violations, %.0f s",
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
        audits,
        violations,
        seconds);
  }
}
