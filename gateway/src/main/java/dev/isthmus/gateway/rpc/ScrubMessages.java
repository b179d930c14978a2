package dev.isthmus.gateway.rpc;

import dev.isthmus.blocktranslation.scrub.ScrubFinding;
import dev.isthmus.blocktranslation.scrub.ScrubProgress;
import dev.isthmus.gateway.rpc.v1.Scrub;
import dev.isthmus.gateway.rpc.v1.ScrubCount;
import java.util.List;

/** Scrubs as messages. */
public final class ScrubMessages {

  private ScrubMessages() {}

  /** How far a scrub is, with some of its findings. */
  public static Scrub scrub(ScrubProgress progress, List<ScrubFinding> findings) {
    Scrub.Builder scrub =
        Scrub.newBuilder()
            .setState(progress.state().name())
            .setPhase(progress.phase())
            .setNote(progress.note())
            .setPercent(progress.percent())
            .setBytesDone(progress.bytesDone())
            .setBytesTotal(progress.bytesTotal())
            .setRequests(progress.requests())
            .setElapsedNanos(progress.elapsedNanos())
            .setRemainingNanos(progress.remainingNanos())
            .setThroughLsn(progress.throughLsn());
    for (ScrubFinding.Severity severity : ScrubFinding.Severity.values()) {
      if (progress.count(severity) > 0) {
        scrub.addCounts(
            ScrubCount.newBuilder()
                .setSeverity(severity.name())
                .setFindings(progress.count(severity)));
      }
    }
    findings.forEach(finding -> scrub.addFindings(finding(finding)));
    return scrub.build();
  }

  private static dev.isthmus.gateway.rpc.v1.ScrubFinding finding(ScrubFinding finding) {
    return dev.isthmus.gateway.rpc.v1.ScrubFinding.newBuilder()
        .setSeverity(finding.severity().name())
        .setKind(finding.kind().name())
        .setObject(finding.object())
        .setOffsetBytes(finding.offsetBytes())
        .setLengthBytes(finding.lengthBytes())
        .setFirstSector(finding.firstSector())
        .setSectorCount(finding.sectorCount())
        .setWhat(finding.what())
        .setMeaning(finding.meaning())
        .build();
  }
}
