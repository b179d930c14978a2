package dev.isthmus.wal;

import java.util.UUID;

/**
 * The state record at the start of a roll file, with what its header says. Immutable.
 *
 * @param state its payload
 * @param log the log's id
 * @param generation of the file
 * @param epoch of the file
 * @param lsn newest LSN that counts in the files before; below the base where the bucket ran ahead
 * @param durableLsn newest LSN locally durable then
 * @param endOffset where the next document begins
 */
record FileHead(
    StatePayload state,
    UUID log,
    int generation,
    long epoch,
    long lsn,
    long durableLsn,
    long endOffset) {}
