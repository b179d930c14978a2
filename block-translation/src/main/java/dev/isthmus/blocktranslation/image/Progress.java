package dev.isthmus.blocktranslation.image;

/** Hears how far a pass over a disk is; often, so it does little. */
@FunctionalInterface
public interface Progress {

  /** For callers who don't care. */
  Progress NONE = (doneBytes, totalBytes) -> {};

  /** So much of the disk is done, of so much. */
  void at(long doneBytes, long totalBytes);
}
