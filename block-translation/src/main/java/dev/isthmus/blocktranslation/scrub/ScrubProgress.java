package dev.isthmus.blocktranslation.scrub;

import dev.isthmus.blockdevice.DeviceException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How far a scrub is. A snapshot; immutable.
 *
 * @param state whether it runs
 * @param phase what it reads now, for people
 * @param note why it failed or what it waits for; empty else
 * @param failure of one that failed, with its kind
 * @param bytesDone bytes read and compared
 * @param bytesTotal bytes that there are to read, as far as is known
 * @param requests requests to the bucket
 * @param elapsedNanos time since it began, pauses included
 * @param remainingNanos at the pace so far; -1 while that is not known
 * @param throughLsn the newest change of the disk that was in what it read
 * @param counts findings by severity
 */
public record ScrubProgress(
    State state,
    String phase,
    String note,
    @Nullable DeviceException failure,
    long bytesDone,
    long bytesTotal,
    long requests,
    long elapsedNanos,
    long remainingNanos,
    long throughLsn,
    Map<ScrubFinding.Severity, Long> counts) {

  /** Whether a scrub runs. */
  public enum State {
    /** It waits for its turn: one scrub runs at a time in a process. */
    QUEUED,
    RUNNING,
    PAUSED,
    /** It waits for the bucket, which can't be reached. */
    WAITING,
    /** Everything was read. */
    DONE,
    CANCELLED,
    /** It could not go on; the note says why. */
    FAILED;

    /** Whether nothing more comes. */
    public boolean isEnd() {
      return this == DONE || this == CANCELLED || this == FAILED;
    }
  }

  public ScrubProgress {
    counts = Map.copyOf(counts);
  }

  ScrubProgress withNote(String other) {
    return new ScrubProgress(
        state,
        phase,
        other,
        failure,
        bytesDone,
        bytesTotal,
        requests,
        elapsedNanos,
        remainingNanos,
        throughLsn,
        counts);
  }

  /** Findings of one severity. */
  public long count(ScrubFinding.Severity severity) {
    return counts.getOrDefault(severity, 0L);
  }

  /** Whether something was found that is damage now. */
  public boolean isDamaged() {
    return count(ScrubFinding.Severity.LOST)
            + count(ScrubFinding.Severity.ENDANGERED)
            + count(ScrubFinding.Severity.WEAKENED)
        > 0;
  }

  /** 0 to 100. */
  public double percent() {
    if (state == State.DONE) {
      return 100;
    }
    return bytesTotal == 0 ? 0 : Math.min(99.9, 100.0 * bytesDone / bytesTotal);
  }
}
