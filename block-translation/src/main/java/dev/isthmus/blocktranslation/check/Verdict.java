package dev.isthmus.blocktranslation.check;

/** What came of one check. */
public enum Verdict {
  /** As it should be. */
  OK,
  /** Volumes work, and something will cost money, space or patience. */
  WARN,
  /** Volumes don't work, or lose data. */
  FAIL,
  /** Not looked at, and why. */
  SKIP
}
