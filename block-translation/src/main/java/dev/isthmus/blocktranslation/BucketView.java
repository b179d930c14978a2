package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.format.Checkpoint;
import dev.isthmus.blocktranslation.format.CheckpointCodec;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.map.MapDescription;
import dev.isthmus.blocktranslation.store.ByteRange;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the bucket holds of a volume: a checkpoint and the segments after it, as far as they were
 * read. Changes nothing. Threading: confined to the opener; blocks.
 */
final class BucketView {

  private static final Logger LOG = LoggerFactory.getLogger(BucketView.class);

  private final ChainReader chain;
  private final List<Manifest.CheckpointRef> base;
  private final long baseBytes;
  private final MapDescription map;
  private final List<Checkpoint.Doomed> doomed;
  private final List<ChainReader.Link> segments = new ArrayList<>();
  private ChainPosition position;

  private BucketView(
      ChainReader chain,
      List<Manifest.CheckpointRef> base,
      long baseBytes,
      MapDescription map,
      List<Checkpoint.Doomed> doomed,
      ChainPosition position) {
    this.chain = chain;
    this.base = base;
    this.baseBytes = baseBytes;
    this.map = map;
    this.doomed = doomed;
    this.position = position;
  }

  /**
   * Reads the newest readable checkpoint that {@code manifest} names.
   *
   * @param purpose what this and all reads after it are counted under
   */
  static BucketView read(
      ObjectStore store,
      Waiter waiter,
      String keyPrefix,
      String where,
      Manifest manifest,
      RequestPurpose purpose) {
    var chain = new ChainReader(store, waiter, keyPrefix, manifest.volume(), where, purpose);
    DeviceException damage = null;
    for (Manifest.CheckpointRef ref : manifest.checkpoints()) {
      try {
        Checkpoint checkpoint = checkpoint(store, waiter, keyPrefix, where, manifest, ref, purpose);
        return new BucketView(
            chain,
            List.of(ref),
            CheckpointCodec.lengthBytes(checkpoint),
            checkpoint.map(),
            checkpoint.doomed(),
            ChainPosition.behind(checkpoint));
      } catch (DeviceException.Corrupt e) {
        LOG.error("{}: a checkpoint is damaged, trying the one before: {}", where, e.getMessage());
        damage = e;
      }
    }
    if (damage != null) {
      throw damage;
    }
    return new BucketView(
        chain, List.of(), 0, MapDescription.EMPTY, List.of(), ChainPosition.START);
  }

  /** Reads a checkpoint that {@code manifest} names. */
  static Checkpoint checkpoint(
      ObjectStore store,
      Waiter waiter,
      String keyPrefix,
      String where,
      Manifest manifest,
      Manifest.CheckpointRef ref,
      RequestPurpose purpose) {
    Checkpoint checkpoint =
        checkpoint(
            store, waiter, keyPrefix, where, manifest.volume(), ref.epoch(), ref.nonce(), purpose);
    if (checkpoint.sequence() != ref.sequence() || checkpoint.lastLsn() != ref.lastLsn()) {
      throw new DeviceException.Corrupt(
          where
              + ": checkpoint "
              + Keys.checkpoint(manifest.volume(), ref.epoch(), ref.nonce())
              + " is not the one that the manifest names");
    }
    return checkpoint;
  }

  /** Reads one checkpoint, whether the manifest names it or not. */
  static Checkpoint checkpoint(
      ObjectStore store,
      Waiter waiter,
      String keyPrefix,
      String where,
      UUID volume,
      long epoch,
      long nonce,
      RequestPurpose purpose) {
    String key = Keys.checkpoint(volume, epoch, nonce);
    String what = where + ": checkpoint " + key;
    return Futures.await(
        waiter,
        what,
        Futures.againIfDamaged(() ->
            store
                .get(
                    keyPrefix + key,
                    ByteRange.whole(ObjectStore.MAX_OBJECT_BYTES),
                    RequestOptions.of(purpose))
                .thenApply(object -> {
                  try {
                    return CheckpointCodec.decode(object.body(), volume, epoch, nonce);
                  } catch (DeviceException.Corrupt e) {
                    throw new DeviceException.Corrupt(what + ": " + e.getMessage(), e);
                  }
                })));
  }

  /**
   * What is missing of a chain that ends at {@code end}, or null: a chain that ends before the
   * newest checkpoint has lost a slot, and its end is no end.
   */
  static @Nullable String missing(Manifest manifest, ChainPosition end) {
    if (manifest.checkpoints().isEmpty()) {
      return null;
    }
    Manifest.CheckpointRef newest = manifest.checkpoints().getFirst();
    return end.sequence() >= newest.sequence() && end.lastLsn() >= newest.lastLsn()
        ? null
        : "object "
            + Keys.segment(manifest.volume(), end.nextSequence())
            + " is missing: the newest checkpoint goes on to sequence "
            + newest.sequence();
  }

  /**
   * Reads the chain on to its present end.
   *
   * @param newestEpoch as in {@link ChainReader#read}
   */
  void readOn(long newestEpoch) {
    position = chain.read(position, newestEpoch, segments::add);
  }

  /** The segment or fence of a slot, or null. */
  ChainReader.@Nullable Link at(long sequence) {
    return chain.at(sequence);
  }

  /** A fence of our own was created at the end. */
  void fenced(ChainPosition behindFence) {
    position = behindFence;
  }

  /** The end of what was read. */
  ChainPosition position() {
    return position;
  }

  /** The checkpoint that was used; empty if none. */
  List<Manifest.CheckpointRef> base() {
    return base;
  }

  /** Its length; 0 if none. */
  long baseBytes() {
    return baseBytes;
  }

  MapDescription map() {
    return map;
  }

  List<Checkpoint.Doomed> doomed() {
    return doomed;
  }

  /** Data segments after the checkpoint. */
  List<ChainReader.Link> segments() {
    return segments;
  }
}
