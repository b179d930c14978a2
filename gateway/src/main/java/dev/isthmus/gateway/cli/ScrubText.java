package dev.isthmus.gateway.cli;

import dev.isthmus.blockdevice.Durations;
import dev.isthmus.gateway.rpc.v1.Scrub;
import dev.isthmus.gateway.rpc.v1.ScrubCount;
import dev.isthmus.gateway.rpc.v1.ScrubFinding;
import java.io.PrintWriter;
import java.util.Locale;

/** Scrubs for people. */
final class ScrubText {

  private ScrubText() {}

  /** In one line. */
  static String summary(Scrub scrub) {
    return text(scrub, scrub.getNote().isEmpty() ? "" : " (" + scrub.getNote() + ")");
  }

  /** The same in an order that may be cut at its end. */
  static String progress(Scrub scrub) {
    return text(scrub, "") + (scrub.getNote().isEmpty() ? "" : "; " + scrub.getNote());
  }

  private static String text(Scrub scrub, String afterState) {
    var text = new StringBuilder(scrub.getState().toLowerCase(Locale.ROOT)).append(afterState);
    text.append(
        String.format(
            Locale.ROOT,
            ", %.1f %% of %s, %s",
            scrub.getPercent(),
            VolumeText.approximate(scrub.getBytesTotal()),
            Durations.format(scrub.getElapsedNanos())));
    if (scrub.getRemainingNanos() > 0) {
      text.append(", about ").append(Durations.format(scrub.getRemainingNanos())).append(" to go");
    }
    return text.append("; findings: ").append(counts(scrub)).toString();
  }

  private static String counts(Scrub scrub) {
    if (scrub.getCountsCount() == 0) {
      return "none";
    }
    var text = new StringBuilder();
    for (ScrubCount count : scrub.getCountsList()) {
      text.append(text.isEmpty() ? "" : ", ")
          .append(count.getFindings())
          .append(' ')
          .append(count.getSeverity().toLowerCase(Locale.ROOT));
    }
    return text.toString();
  }

  /** With all findings. */
  static void print(Scrub scrub, PrintWriter out) {
    scrub.getFindingsList().forEach(finding -> print(finding, out));
    long told = scrub.getFindingsCount();
    long all = scrub.getCountsList().stream().mapToLong(ScrubCount::getFindings).sum();
    if (all > told && told > 0) {
      out.println("… and " + (all - told) + " more");
    }
    out.println("scrub " + summary(scrub));
    if (scrub.getState().equals("DONE")) {
      out.println(
          "read %s by %d requests; the bucket holds the disk up to position %d"
              .formatted(
                  VolumeText.approximate(scrub.getBytesDone()),
                  scrub.getRequests(),
                  scrub.getThroughLsn()));
    }
  }

  private static void print(ScrubFinding finding, PrintWriter out) {
    var where = new StringBuilder(finding.getObject());
    if (finding.getLengthBytes() > 0) {
      where
          .append(", ")
          .append(finding.getLengthBytes())
          .append(" bytes at ")
          .append(finding.getOffsetBytes());
    }
    out.println(
        "%s %s: %s".formatted(finding.getSeverity(), finding.getKind().replace('_', ' '), where));
    out.println("    " + finding.getWhat());
    if (finding.getSectorCount() > 0) {
      out.println(
          "    disk: bytes %d to %d (sectors %d to %d)"
              .formatted(
                  finding.getFirstSector() * 512,
                  (finding.getFirstSector() + finding.getSectorCount()) * 512 - 1,
                  finding.getFirstSector(),
                  finding.getFirstSector() + finding.getSectorCount() - 1));
    }
    out.println("    " + finding.getMeaning());
  }
}
