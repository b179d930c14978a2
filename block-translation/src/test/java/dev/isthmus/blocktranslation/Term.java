package dev.isthmus.blocktranslation;

import java.util.UUID;

/**
 * What one owner of a simulated volume did and promised: the next one has to keep it. Threading:
 * confined to the test's thread.
 */
final class Term {

  final long epoch;
  final int host;
  final UUID logId;
  final long incarnation;
  final boolean rolledBack;
  final Timeline line;

  /** Newest LSN of a command that ended OK: what users have seen. */
  long completed;

  /** Newest LSN that was said to survive a power cut. */
  long promised;

  /** Newest LSN that was said to be in the bucket. */
  long uploaded;

  /** Closed in order, at least in the log: all of it is durable there. */
  boolean closed;

  /** Closed in order, and everything is in the bucket. */
  boolean closedInBucket;

  /** Its host lost power before it was closed in order. */
  boolean powerCut;

  /** Some host lost power since it began. */
  boolean anyPowerCut;

  /** How often anybody had tried to open the volume when it served. */
  long attemptsBefore;

  /** Its log is lost, damaged, or older than it was. */
  boolean logGone;

  /** Where the next owner went on from; nothing above counts any more. */
  long supersededAt = Long.MAX_VALUE;

  Term(long epoch, int host, UUID logId, long incarnation, boolean rolledBack, Timeline line) {
    this.epoch = epoch;
    this.host = host;
    this.logId = logId;
    this.incarnation = incarnation;
    this.rolledBack = rolledBack;
    this.line = line;
  }

  /** Before the first open. */
  static Term none(Timeline empty) {
    var none = new Term(0, 0, new UUID(0, 0), 1, false, empty);
    none.closed = true;
    none.closedInBucket = true;
    return none;
  }

  /** The least LSN that an opener must find that has this term's log, or has it not. */
  long least(boolean withLog) {
    long local = powerCut ? promised : completed;
    return Math.max(uploaded, withLog || closedInBucket ? local : 0);
  }
}
