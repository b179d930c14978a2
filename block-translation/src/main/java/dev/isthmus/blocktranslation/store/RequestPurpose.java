package dev.isthmus.blocktranslation.store;

/** What a request is made for; counted in {@link StoreStatistics}, so that a bill has a cause. */
public enum RequestPurpose {
  /** Uploading a sealed segment of the log. */
  SEGMENT,
  /** A block that someone waits for. */
  READ,
  /** Blocks expected to be read soon. */
  READ_AHEAD,
  /** Writing a checkpoint. */
  CHECKPOINT,
  /** Runs of the block map. */
  MAP,
  /** Reading or changing the manifest. */
  MANIFEST,
  /** Garbage collection: moving live blocks, deleting. */
  GC,
  /** Opening a volume: fences, checkpoints, segments after it. */
  OPEN,
  /** Reading a volume from end to end to find damage. */
  SCRUB,
  /** What a person asked for: list, measure, destroy, look at logs, check an import. */
  ADMIN;

  /** Whether a read of a host waits for it, so that a slow answer is worth a second request. */
  public boolean isWaitedFor() {
    return this == READ || this == MAP;
  }
}
