package dev.isthmus.blocktranslation;

/** What an opener agrees to. */
enum Takeover {
  /**
   * Nothing, and nobody asked for this open: a restart, or a retry. A volume that this host had and
   * lost to another one is not taken back.
   */
  UNATTENDED,
  /** To lose nothing. */
  NONE,
  /** To lose completed writes that were never flushed. */
  UNFLUSHED,
  /** To lose flushed writes too. */
  LOSSY
}
