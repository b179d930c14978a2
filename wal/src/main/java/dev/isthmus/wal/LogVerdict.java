package dev.isthmus.wal;

/** What an examination makes of a log as a whole. */
public enum LogVerdict {
  /** Closed in order. */
  CLEAN,
  /** Whole, and not closed in order: its owner crashed, or was killed. */
  UNCLEAN,
  /**
   * Whole but for a tail that nothing calls durable: a power cut. Behind the cut nothing counts.
   */
  CUT,
  /** Records that were durable are damaged or missing. */
  CORRUPT,
  /** No whole record: it was never begun. */
  EMPTY
}
