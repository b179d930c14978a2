package dev.isthmus.gateway.cli;

import dev.isthmus.blockdevice.Durations;
import dev.isthmus.blocktranslation.check.CheckReport;
import dev.isthmus.blocktranslation.check.Finding;
import dev.isthmus.blocktranslation.check.Verdict;
import java.io.PrintWriter;

/** A bucket's check for people: a line each as it comes, and below it what mends it. */
final class CheckText {

  private static final String LINE = "%-21s %-5s %s";

  private final PrintWriter out;
  private boolean begun;

  CheckText(PrintWriter out) {
    this.out = out;
  }

  void finding(Finding finding) {
    if (!begun) {
      out.println(LINE.formatted("CHECK", "", "SEEN"));
      begun = true;
    }
    out.println(LINE.formatted(finding.check(), finding.verdict(), finding.seen()));
    for (String remedy : finding.remedies()) {
      out.println("    -> " + remedy);
    }
  }

  void end(CheckReport report) {
    out.println();
    out.println(
        "%s: %d OK, %d WARN, %d FAIL, %d SKIP; %d requests, %s sent, %s received, %s"
            .formatted(
                report.where(),
                report.count(Verdict.OK),
                report.count(Verdict.WARN),
                report.count(Verdict.FAIL),
                report.count(Verdict.SKIP),
                report.requests(),
                VolumeText.approximate(report.sentBytes()),
                VolumeText.approximate(report.receivedBytes()),
                Durations.format(report.elapsed().toNanos())));
  }
}
