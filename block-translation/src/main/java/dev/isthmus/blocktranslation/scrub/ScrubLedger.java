package dev.isthmus.blocktranslation.scrub;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.scrub.ScrubFinding.Severity;
import dev.isthmus.blocktranslation.scrub.ScrubProgress.State;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a scrub did and found so far, for whoever looks. Threading: thread-safe. */
final class ScrubLedger {

  private static final Logger LOG = LoggerFactory.getLogger(ScrubLedger.class);

  /** Most findings kept with their words; more are only counted: who has so many has one cause. */
  static final int MAX_FINDINGS = 1000;

  private final String where;
  private final ScrubHost host;
  private final long startNanos;
  private final List<ScrubFinding> findings = new ArrayList<>();
  private final Map<Severity, Long> counts = new EnumMap<>(Severity.class);
  private State state = State.RUNNING;
  private String phase = "manifest";
  private String note = "";
  private @Nullable DeviceException failure;
  private long bytesDone;
  private long bytesTotal;
  private long requests;
  private long throughLsn;
  private long idleNanos;
  private long idleSinceNanos;
  private long endNanos;

  ScrubLedger(String where, ScrubHost host) {
    this.where = where;
    this.host = host;
    this.startNanos = host.nanoTime();
  }

  synchronized void add(ScrubFinding finding) {
    counts.merge(finding.severity(), 1L, Long::sum);
    if (findings.size() < MAX_FINDINGS) {
      findings.add(finding);
      LOG.atLevel(
              finding.severity() == Severity.SURPLUS || finding.severity() == Severity.FOREIGN
                  ? org.slf4j.event.Level.INFO
                  : org.slf4j.event.Level.ERROR)
          .log(
              "{}: scrub: {} {}: object {} at offset {}, sectors {} to {}: {}; {}",
              where,
              finding.severity(),
              finding.kind(),
              finding.object(),
              finding.offsetBytes(),
              finding.firstSector(),
              finding.firstSector() + Math.max(0, finding.sectorCount() - 1),
              finding.what(),
              finding.meaning());
    }
  }

  synchronized List<ScrubFinding> findings() {
    return List.copyOf(findings);
  }

  synchronized void phase(String now) {
    phase = now;
  }

  synchronized void throughLsn(long lsn) {
    throughLsn = Math.max(throughLsn, lsn);
  }

  synchronized void planned(long bytes) {
    bytesTotal += bytes;
  }

  synchronized void done(long bytes) {
    bytesDone += bytes;
    bytesTotal = Math.max(bytesTotal, bytesDone);
  }

  synchronized void requested() {
    requests++;
  }

  /** What went wrong ends it. */
  synchronized void failed(DeviceException why) {
    failure = why;
    state(State.FAILED, String.valueOf(why.getMessage()));
  }

  /** Neither pauses nor outages count for the pace, nor the wait for its turn. */
  private static boolean isIdle(State state) {
    return state == State.PAUSED || state == State.WAITING || state == State.QUEUED;
  }

  /** A change of state, and what it waits for; the empty text for nothing. */
  synchronized void state(State now, String why) {
    boolean idle = isIdle(now);
    boolean wasIdle = isIdle(state);
    if (idle && !wasIdle) {
      idleSinceNanos = host.nanoTime();
    } else if (!idle && wasIdle) {
      idleNanos += host.nanoTime() - idleSinceNanos;
    }
    state = now;
    note = why;
    if (now.isEnd()) {
      endNanos = host.nanoTime();
      phase = "";
    }
  }

  synchronized State state() {
    return state;
  }

  synchronized ScrubProgress progress() {
    boolean idle = isIdle(state);
    long nowNanos = state.isEnd() ? endNanos : host.nanoTime();
    long elapsedNanos = nowNanos - startNanos;
    long workedNanos = elapsedNanos - idleNanos - (idle ? nowNanos - idleSinceNanos : 0);
    long remainingNanos = -1;
    if (state.isEnd()) {
      remainingNanos = 0;
    } else if (bytesDone > 0) {
      remainingNanos = Math.round((double) workedNanos * (bytesTotal - bytesDone) / bytesDone);
    }
    return new ScrubProgress(
        state,
        phase,
        note,
        failure,
        bytesDone,
        bytesTotal,
        requests,
        elapsedNanos,
        remainingNanos,
        throughLsn,
        counts);
  }
}
