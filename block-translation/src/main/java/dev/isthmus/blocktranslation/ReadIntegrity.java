package dev.isthmus.blocktranslation;

/**
 * What failed its checks on the way to a reader, since the volume was opened. Immutable.
 *
 * @param corruptReads reads that ended {@code CORRUPT}: no good copy was found anywhere
 * @param refetchedFrames how often frames that arrived damaged were fetched once more
 * @param cacheDamages frames in memory that failed their checksum and were dropped
 * @param servedFromLog frames damaged in the bucket whose data the log still had
 */
public record ReadIntegrity(
    long corruptReads, long refetchedFrames, long cacheDamages, long servedFromLog) {

  /** Nothing failed. */
  public static final ReadIntegrity NONE = new ReadIntegrity(0, 0, 0, 0);
}
