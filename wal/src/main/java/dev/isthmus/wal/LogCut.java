package dev.isthmus.wal;

import java.nio.file.Path;

/**
 * Where recovery cut a log: nothing from there on counts, and nothing there was durable as far as
 * the log says. Immutable.
 *
 * @param file the roll file that holds the first bad byte
 * @param offsetBytes of the first bad record in it
 * @param lastLsn the newest LSN that counts
 * @param voidBytes bytes other than zero-filled tails that no longer count, in this file and later
 *     ones
 * @param voidRecords whole records found among them
 * @param reason what was wrong, for people
 */
public record LogCut(
    Path file, long offsetBytes, long lastLsn, long voidBytes, long voidRecords, String reason) {}
