package dev.isthmus.wal;

/**
 * What a log tells of one term of ownership once it is over. Immutable.
 *
 * @param epoch whose term
 * @param closedInOrder whether its last record says so, and nothing of it was cut
 * @param bootChanged whether the kernel was started anew, or may have been, between the term and
 *     the first recovery after it: records that were appended but not forced may be gone without a
 *     trace. That recovery is the one of the next term in the log, which forced what it had found
 *     before it was begun, effective or not; of the newest term it is this one
 */
public record LogTerm(LogEpoch epoch, boolean closedInOrder, boolean bootChanged) {}
