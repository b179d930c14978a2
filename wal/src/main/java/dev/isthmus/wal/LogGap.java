package dev.isthmus.wal;

/**
 * LSNs that a log lacks between others. Immutable.
 *
 * @param firstLsn the first one missing
 * @param lastLsn the last one missing
 * @param inBucket whether they were never here: the bucket had run ahead of the log. Else they
 *     were, and are damaged or gone
 */
public record LogGap(long firstLsn, long lastLsn, boolean inBucket) {}
