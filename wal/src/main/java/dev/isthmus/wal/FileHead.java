package dev.isthmus.wal;

import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The state record at the start of a roll file, with what its header says. Immutable.
 *
 * @param state its payload
 * @param log the log's id
 * @param generation of the file
 * @param epoch of the file
 * @param lsn newest LSN that counts in the files before; below the base where the bucket ran ahead
 * @param durableLsn newest LSN locally durable then
 * @param timeNanos when it was written
 * @param endOffset where the next document begins
 */
record FileHead(
    StatePayload state,
    UUID log,
    int generation,
    long epoch,
    long lsn,
    long durableLsn,
    long timeNanos,
    long endOffset) {

  /** The head of {@code file}, if that is the record which {@code scanner} stands behind. */
  static @Nullable FileHead of(LogFiles.Found file, RecordHeader record, RollFileScanner scanner) {
    if (record.type != RecordType.STATE) {
      return null;
    }
    StatePayload state = LogRecordCodec.decodeState(scanner.payload(), 0);
    if (state == null || state.file() != file.number() || state.baseLsn() < record.lsn) {
      return null;
    }
    return new FileHead(
        state,
        record.log,
        record.generation,
        record.epoch,
        record.lsn,
        record.durableLsn,
        record.timeNanos,
        scanner.position());
  }
}
