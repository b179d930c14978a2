package dev.isthmus.blocktranslation.scrub;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.format.Checkpoint;
import dev.isthmus.blocktranslation.format.CheckpointCodec;
import dev.isthmus.blocktranslation.format.FormatException;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.format.ManifestCodec;
import dev.isthmus.blocktranslation.map.SegmentUsage;
import dev.isthmus.blocktranslation.store.StoredObject;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Manifest and checkpoints of one moment. Immutable.
 *
 * @param manifest as it was read
 * @param kept the readable checkpoints that it names, newest first
 * @param flaws what is wrong with the others
 */
record BucketState(Manifest manifest, List<Checkpoint> kept, List<ScrubFinding> flaws) {

  /** How often a manifest that changes while its checkpoints are read is read anew. */
  private static final int MAX_TRIES = 16;

  /**
   * Reads them.
   *
   * @throws DeviceException.Corrupt for a damaged manifest
   * @throws DeviceException.Unavailable without one
   */
  static BucketState read(ScrubReads reads, String where) {
    Manifest manifest = manifest(reads, where);
    for (int i = 0; ; i++) {
      var kept = new ArrayList<Checkpoint>();
      var flaws = new ArrayList<ScrubFinding>();
      for (Manifest.CheckpointRef ref : manifest.checkpoints()) {
        readCheckpoint(reads, manifest, ref, kept, flaws);
      }
      if (flaws.isEmpty()) {
        return new BucketState(manifest, kept, flaws);
      }
      // One that was replaced meanwhile may be gone: only what is named still counts.
      Manifest now = manifest(reads, where);
      if (now.checkpoints().equals(manifest.checkpoints()) || i == MAX_TRIES) {
        return new BucketState(manifest, kept, flaws);
      }
      manifest = now;
    }
  }

  /** Reads the manifest alone. */
  static Manifest manifest(ScrubReads reads, String where) {
    String damage = "";
    for (int tries = 0; tries < 2; tries++) {
      ScrubReads.Fetched fetched = reads.read(Keys.MANIFEST, 0);
      StoredObject object = fetched.object();
      if (object == null && fetched.damage() == null) {
        throw new DeviceException.Unavailable("there is no volume at " + where);
      }
      if (object == null) {
        damage = String.valueOf(fetched.damage());
        continue;
      }
      try {
        Manifest manifest = ManifestCodec.decode(object.body().toArray(ValueLayout.JAVA_BYTE));
        if (manifest.state() == Manifest.State.DELETED) {
          throw new DeviceException.Unavailable(where + " is being deleted");
        }
        return manifest;
      } catch (FormatException e) {
        damage = String.valueOf(e.getMessage());
      }
    }
    throw new DeviceException.Corrupt(
        where
            + ": the manifest "
            + reads.fullKey(Keys.MANIFEST)
            + " is damaged, and nothing else says what belongs to the volume: "
            + damage);
  }

  private static void readCheckpoint(
      ScrubReads reads,
      Manifest manifest,
      Manifest.CheckpointRef ref,
      List<Checkpoint> kept,
      List<ScrubFinding> flaws) {
    String key = Keys.checkpoint(manifest.volume(), ref.epoch(), ref.nonce());
    String damage = "it is missing";
    for (int tries = 0; tries < 2; tries++) {
      ScrubReads.Fetched fetched = reads.read(key, 0);
      StoredObject object = fetched.object();
      if (object == null) {
        damage = fetched.damage() == null ? damage : fetched.damage();
        continue;
      }
      try {
        kept.add(CheckpointCodec.decode(object.body(), manifest.volume(), ref));
        return;
      } catch (DeviceException.Corrupt e) {
        damage = String.valueOf(e.getMessage());
      }
    }
    boolean newest = ref.equals(manifest.checkpoints().getFirst());
    flaws.add(
        new ScrubFinding(
            ScrubFinding.Kind.CHECKPOINT,
            ScrubFinding.Severity.WEAKENED,
            reads.fullKey(key),
            0,
            0,
            0,
            0,
            damage,
            (newest
                    ? "the next open has to use the checkpoint before, if that is whole"
                    : "if the newest checkpoint broke too, the disk could not be opened")
                + "; the next checkpoint that the open volume writes takes its place"));
  }

  /** The newest readable checkpoint, or null if the manifest names none that is. */
  @Nullable Checkpoint newest() {
    return kept.isEmpty() ? null : kept.getFirst();
  }

  /** Whether the newest readable one is the newest that the manifest names. */
  boolean hasNewest() {
    Checkpoint newest = newest();
    return newest != null
        && manifest.checkpoints().getFirst().nonce() == newest.keyNonce()
        && manifest.checkpoints().getFirst().epoch() == newest.keyEpoch();
  }

  /** Whether the newest checkpoints of both are the same. */
  boolean sameNewest(BucketState other) {
    Checkpoint one = newest();
    Checkpoint two = other.newest();
    if (one == null || two == null) {
      return one == null && two == null;
    }
    return one.keyEpoch() == two.keyEpoch() && one.keyNonce() == two.keyNonce();
  }

  /** Whether a kept checkpoint has this segment. */
  boolean names(long sequence) {
    return kept.stream().anyMatch(checkpoint -> usage(checkpoint, sequence) != null);
  }

  /** What a checkpoint says of a segment, or null. */
  static @Nullable SegmentUsage usage(Checkpoint checkpoint, long sequence) {
    List<SegmentUsage> segments = checkpoint.map().segments();
    int index = indexOf(segments, sequence);
    return index < 0 ? null : segments.get(index);
  }

  /** As {@link java.util.Collections#binarySearch}. */
  static int indexOf(List<SegmentUsage> segments, long sequence) {
    int low = 0;
    int high = segments.size() - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      long found = segments.get(middle).sequence();
      if (found == sequence) {
        return middle;
      }
      if (found < sequence) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return -low - 1;
  }
}
