package dev.isthmus.blocktranslation;

import dev.isthmus.blocktranslation.format.Checkpoint;
import dev.isthmus.blocktranslation.format.CheckpointCodec;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.format.Manifest;
import java.lang.foreign.MemorySegment;
import java.util.HashSet;
import java.util.Set;

/** What holds for a volume's bucket at any moment, whoever crashed in the middle of what. */
final class BucketInvariants {

  private BucketInvariants() {}

  /**
   * Each kept checkpoint is there, and all that it names: its parts and its segments, none of which
   * the other one's deletions may take away.
   */
  static void check(SimHost host) {
    Manifest manifest = host.manifest();
    Set<String> keys = new HashSet<>(host.bucket.keys());
    for (Manifest.CheckpointRef ref : manifest.checkpoints()) {
      String key = key(Keys.checkpoint(manifest.volume(), ref.epoch(), ref.nonce()));
      byte[] bytes = host.bucket.peek(key);
      if (bytes == null) {
        throw new AssertionError("the manifest names " + key + ", which is not there");
      }
      Checkpoint checkpoint = CheckpointCodec.decode(MemorySegment.ofArray(bytes));
      checkpoint
          .map()
          .runs()
          .forEach(run ->
              run.parts()
                  .forEach(part ->
                      require(
                          keys,
                          Keys.run(manifest.volume(), part.name().epoch(), part.name().nonce()),
                          key)));
      checkpoint
          .map()
          .segments()
          .forEach(
              segment -> require(keys, Keys.segment(manifest.volume(), segment.sequence()), key));
    }
  }

  private static void require(Set<String> keys, String named, String by) {
    if (!keys.contains(key(named))) {
      throw new AssertionError(by + " names " + named + ", which is not there");
    }
  }

  private static String key(String relative) {
    return SimHost.PLACE.keyPrefix() + relative;
  }
}
