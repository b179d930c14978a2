package dev.isthmus.wal;

import java.lang.foreign.MemorySegment;
import java.util.UUID;

/**
 * The log of one volume, open for appending.
 *
 * <p>Records are appended in LSN order by one thread and survive a crash of the process once {@link
 * #append} returned ({@code APPLIED}). {@link #force} makes all of them survive a power cut ({@code
 * LOCAL_DURABLE}). The log is kept in roll files; {@link #trim} gives whole files back.
 *
 * <p>Units: sectors are 512 bytes whatever the volume's block size; sizes are bytes; times are
 * nanoseconds since 1970-01-01 UTC.
 *
 * <p>Buffers: a payload is only read, and only during {@link #append}; {@link #read} fills its
 * buffer before it returns. Both must be off-heap (native) segments that the calling thread may
 * access.
 *
 * <p>Failures: the {@link LogException} family. A {@link LogFailedException} of append or force is
 * sticky for both; reads go on. No other kind of exception or error leaves this interface but
 * {@link IllegalArgumentException} and {@link IllegalStateException} for misuse.
 *
 * <p>Threading: {@link #beginEpoch}, {@link #append}, {@link #idle} and {@link #closeClean} belong
 * to the appender thread: the thread that called {@link #beginEpoch} last (checked). All else may
 * be called by any thread, virtual ones included; interrupting one does no harm to the log.
 */
public interface WriteAheadLog extends AutoCloseable {

  /** Longest payload of a record, in bytes. Longer writes are several records. */
  int MAX_PAYLOAD_BYTES = 32 * 1024;

  /** Flag of a record: the write asked for forced unit access. */
  int FLAG_FUA = 2;

  /** The log's id: random, for as long as the directory is this log. */
  UUID logId();

  /**
   * Begins a new term: rolls to a new file, writes its state record and forces that with the
   * directory, so that {@link RecoveredLog#hasBegun} knows it after any crash. Must come before the
   * first append; the calling thread becomes the appender thread.
   *
   * @param epoch above the epoch of every record in this log, or equal to it with the same writer
   * @param baseLsn the newest LSN that counts: at least {@link #appendedLsn()}, and above it where
   *     the bucket had run ahead; the next data record takes {@code baseLsn + 1}
   * @throws IllegalArgumentException if {@code baseLsn} or the epoch would go back
   * @throws LogFailedException sticky
   * @throws LogFullException the file system has no room for the new file. Capacity is no reason:
   *     one roll file of it is kept back for this
   */
  void beginEpoch(LogEpoch epoch, long baseLsn);

  /**
   * Appends one data record; when this returns it survives a crash of the process. Does not block
   * on the disk except where the kernel throttles writers or a new roll file was not ready in time.
   *
   * @param type a data type
   * @param flags 0 or {@link #FLAG_FUA}
   * @param lsn {@link #appendedLsn()} + 1
   * @param timeNanos written as given; the caller keeps it from decreasing
   * @param sector where on the disk, in sectors
   * @param sectorCount for {@link RecordType#WRITE} the payload's size in sectors
   * @param payload native, at most {@link #MAX_PAYLOAD_BYTES}, a multiple of 512; size 0 for every
   *     type but {@link RecordType#WRITE}
   * @param payloadCrc CRC-32C of the payload, computed where the data was received; 0 for none. Not
   *     checked here
   * @return the position of the payload, for {@link #read}
   * @throws LogFullException no room; nothing was written and the same append may succeed later
   * @throws LogFailedException sticky
   */
  long append(
      RecordType type,
      int flags,
      long lsn,
      long timeNanos,
      long sector,
      long sectorCount,
      MemorySegment payload,
      int payloadCrc);

  /**
   * Appender thread: makes sure that the next record finds room, whatever its length, and appends
   * nothing. For those who wait for room and would rather not try with a record of theirs.
   *
   * @throws LogFullException no room yet, and why
   * @throws LogFailedException sticky
   */
  void requireRoom();

  /**
   * Appender thread: to be called when there is nothing to append for a while (some milliseconds).
   * If a force made records durable and no record after it says so yet, a durable mark is written:
   * 116 bytes, not forced. Otherwise costs two reads of memory.
   */
  void idle();

  /**
   * Makes every record whose append returned before this call durable against a power cut. Blocks;
   * concurrent callers share one sync of the disk.
   *
   * @throws LogFailedException sticky
   */
  void force();

  /** The newest LSN appended, or the base of the newest term. */
  long appendedLsn();

  /** The newest LSN that a power cut keeps: all up to it are. At most {@link #appendedLsn()}. */
  long durableLsn();

  /**
   * Reads {@code into.byteSize()} bytes of a payload, from its byte {@code payloadOffset} on. The
   * bytes are not checked: the caller has the payload's length and CRC. A trim while this runs does
   * not disturb it.
   *
   * @param position from {@link #append} or {@link LogRecord#position()}
   * @throws LogTrimmedException if the record was trimmed away before
   * @throws LogFailedException if the disk fails to give the bytes; not sticky
   */
  void read(long position, int payloadOffset, MemorySegment into);

  /**
   * Deletes the roll files whose records are all at or below {@code throughLsn}, oldest first,
   * never the current one. Not before the term of {@link #beginEpoch} is in the manifest: the older
   * files name the term that still counts. Forces the log if there is a file to delete, so that
   * what is left names the term durably. Does nothing once the log is closed. Blocks on the disk;
   * not for the appender thread.
   *
   * @throws LogFailedException if a force has failed or fails here (sticky), or a file can't be
   *     deleted (not sticky)
   */
  void trim(long throughLsn);

  /** Disk space of all roll files, reserved space included. */
  long sizeBytes();

  /** As in {@link LogSettings}. */
  long capacityBytes();

  /**
   * Forces all, marks the log as closed in order, forces that, and closes.
   *
   * @throws LogFailedException the log is closed, but without the mark
   */
  void closeClean();

  /**
   * Closes without the mark, as a crash would; any thread, once the appender thread no longer
   * appends. Waits for a force in progress. Idempotent.
   */
  @Override
  void close();
}
