package dev.isthmus.wal;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One generation of a log: what was written since one {@link WriteAheadLog#beginEpoch}. Immutable.
 *
 * @param number from 1
 * @param epoch whose; null where no state record of it can be read
 * @param bootId of the kernel then; the nil UUID where none was known or can be read
 * @param began why it was begun
 * @param beganNanos when its oldest state record was written; 0 if none can be read
 * @param baseLsn its first record has the next LSN
 * @param files roll files of it that are there
 * @param firstLsn of its records that count; 0 for none
 * @param lastLsn likewise
 * @param records data records of it that count
 * @param payloadBytes of those
 * @param lastTimeNanos of the newest of them; 0 for none
 * @param closedInOrder whether its last record says so
 */
public record LogGeneration(
    int number,
    @Nullable LogEpoch epoch,
    UUID bootId,
    Began began,
    long beganNanos,
    long baseLsn,
    int files,
    long firstLsn,
    long lastLsn,
    long records,
    long payloadBytes,
    long lastTimeNanos,
    boolean closedInOrder) {

  /** Why a generation was begun. */
  public enum Began {
    /** The log was new. */
    NEW,
    /** Opened after an earlier generation. */
    OPEN,
    /** Likewise, and the tail of what was there was cut off. */
    AFTER_CUT,
    /** Its first file was trimmed, or can't be read. */
    UNKNOWN
  }
}
