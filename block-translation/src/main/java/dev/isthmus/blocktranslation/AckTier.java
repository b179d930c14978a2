package dev.isthmus.blocktranslation;

/** When a write completes. */
public enum AckTier {
  /** When it survives a crash of this process: fast, and the volume announces a volatile cache. */
  APPLIED,
  /** When it survives a power cut of this host; no volatile cache is announced. */
  LOCAL
}
