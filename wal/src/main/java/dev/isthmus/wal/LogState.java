package dev.isthmus.wal;

import java.util.UUID;

/**
 * The newest state record of a log. Immutable.
 *
 * @param epoch who wrote from there on
 * @param bootId of the running kernel then; the nil UUID where none was known
 * @param generation raised by one with each {@link WriteAheadLog#beginEpoch}
 * @param baseLsn the newest LSN that counted when the record was written
 */
public record LogState(LogEpoch epoch, UUID bootId, int generation, long baseLsn) {}
