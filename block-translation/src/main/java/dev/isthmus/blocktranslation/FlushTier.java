package dev.isthmus.blocktranslation;

/** What a flush, and a write with FUA, waits for. */
public enum FlushTier {
  /** The log is on the local disk: a power cut loses nothing flushed, losing the host may. */
  LOCAL,
  /** The data is in the bucket: losing the host loses nothing flushed. */
  UPLOADED
}
