package dev.isthmus.wal;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * A log as it was found, locked and fully checked, with nothing changed yet.
 *
 * <p>The caller decides by {@link #logId()} and {@link #hasBegun} whether this is the log that the
 * manifest names, replays it, and then either starts appending or sets it aside.
 *
 * <p>Threading: confined to one thread at a time.
 */
public interface RecoveredLog extends AutoCloseable {

  /** The log's id. */
  UUID logId();

  /** The newest state record, or empty for a log just created. */
  Optional<LogState> state();

  /** Whether the log was closed in order and nothing came after it. */
  boolean cleanClose();

  /** The oldest LSN from which on every record up to {@link #lastLsn()} is here; 0 for none. */
  long firstLsn();

  /** The newest LSN that counts here, or the base of the newest generation; 0 for none. */
  long lastLsn();

  /** The newest LSN that a record says to be durable. At most {@link #lastLsn()}. */
  long durableLsn();

  /** Where and why the log was cut, if it was cut now (not at an earlier recovery). */
  Optional<LogCut> cut();

  /** Every term of which the log holds a state record, effective or not, oldest first. */
  List<LogTerm> terms();

  /** The term of this epoch by this writer; empty if the log holds no state record of it. */
  default Optional<LogTerm> term(long epoch, UUID writer) {
    return terms().stream()
        .filter(t -> t.epoch().epoch() == epoch && t.epoch().writer().equals(writer))
        .findFirst();
  }

  /** Whether the log holds a state record of this epoch by this writer, effective or not. */
  default boolean hasBegun(long epoch, UUID writer) {
    return term(epoch, writer).isPresent();
  }

  /**
   * Visits every data record from {@code fromLsn} to {@link #lastLsn()}, dense and in order.
   *
   * @throws LogCorruptException if not all of them are here, or one can no longer be read whole
   * @throws LogFailedException the disk failed
   */
  void replay(long fromLsn, LogVisitor visitor);

  /**
   * Visits every data record that counts, gaps where the bucket had run ahead included: for
   * salvage.
   */
  void replayAll(LogVisitor visitor);

  /**
   * Goes over to appending: forces what was recovered, so that it can't be lost behind newer
   * records. This object is done with then; positions stay good, and the lock passes on.
   *
   * @throws LogFailedException the disk failed
   */
  WriteAheadLog startAppending();

  /**
   * Sets a log aside that does not belong to the disk as it is now: renames its directory, beside
   * the old place, and closes. Nothing is deleted.
   *
   * @return where it lies now
   */
  Path setAside();

  /** Gives the lock back, unless it was passed on; changes nothing. Idempotent. */
  @Override
  void close();
}
