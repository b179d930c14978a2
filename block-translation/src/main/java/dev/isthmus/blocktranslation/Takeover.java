package dev.isthmus.blocktranslation;

/** What an opener agrees to lose. */
enum Takeover {
  /** Nothing. */
  NONE,
  /** Completed writes that were never flushed. */
  UNFLUSHED,
  /** Flushed writes too. */
  LOSSY
}
