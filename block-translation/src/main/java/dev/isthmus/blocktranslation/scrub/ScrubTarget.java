package dev.isthmus.blocktranslation.scrub;

import dev.isthmus.blocktranslation.store.ObjectStore;
import java.util.function.LongSupplier;

/**
 * A volume to scrub. Immutable.
 *
 * @param store its bucket
 * @param keyPrefix of its objects, ending in a slash
 * @param where the volume, for messages
 * @param committedSequence the newest segment or fence that its owner committed, so that one that
 *     is missing below is not taken for the chain's end; 0 where nobody knows
 * @param copies where damaged data may still be
 * @param host time and waiting
 * @param queue in which it waits for its turn
 */
public record ScrubTarget(
    ObjectStore store,
    String keyPrefix,
    String where,
    LongSupplier committedSequence,
    GoodCopies copies,
    ScrubHost host,
    ScrubQueue queue) {

  /** A volume that this process does not have open: read only. */
  public static ScrubTarget offline(
      ObjectStore store, String keyPrefix, String where, ScrubQueue queue) {
    return new ScrubTarget(
        store, keyPrefix, where, () -> 0, GoodCopies.NONE, ScrubHost.PLATFORM, queue);
  }
}
