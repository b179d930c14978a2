package dev.isthmus.wal;

import java.util.UUID;

/**
 * The payload of a state record (docs/FORMAT.md, "Log"). Immutable.
 *
 * @param writer of the epoch in the record's header
 * @param bootId of the kernel, nil if unknown
 * @param incarnation of the disk
 * @param baseLsn the first data record after this one takes the next LSN
 * @param previousGeneration of the file that this one follows; 0 for none
 * @param reason why this file was begun
 * @param file number of the roll file that the record stands in
 * @param previousFile number of the roll file that this one follows; 0 for none
 */
record StatePayload(
    UUID writer,
    UUID bootId,
    long incarnation,
    long baseLsn,
    int previousGeneration,
    int reason,
    int file,
    int previousFile) {
  static final int REASON_ROLL = 0;
  static final int REASON_NEW = 1;
  static final int REASON_OPEN = 2;
  static final int REASON_CUT = 3;
}
