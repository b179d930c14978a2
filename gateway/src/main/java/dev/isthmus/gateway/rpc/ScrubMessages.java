package dev.isthmus.gateway.rpc;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.scrub.ScrubFinding;
import dev.isthmus.blocktranslation.scrub.ScrubProgress;
import dev.isthmus.gateway.rpc.v1.Scrub;
import dev.isthmus.gateway.rpc.v1.ScrubCount;
import io.grpc.Status;
import java.util.List;
import org.jspecify.annotations.Nullable;

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
    if (progress.failure() != null) {
      scrub.setFailure(StatusMapping.code(progress.failure()).name());
    }
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

  /** What ended a scrub, of its kind; null if nothing went wrong. */
  public static @Nullable DeviceException failure(Scrub scrub) {
    if (!scrub.getState().equals(ScrubProgress.State.FAILED.name())) {
      return null;
    }
    Status.Code code;
    try {
      code = Status.Code.valueOf(scrub.getFailure());
    } catch (IllegalArgumentException e) {
      code = Status.Code.UNKNOWN; // of a daemon of another version
    }
    return StatusMapping.toException(code.toStatus().withDescription(scrub.getNote()), "");
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
