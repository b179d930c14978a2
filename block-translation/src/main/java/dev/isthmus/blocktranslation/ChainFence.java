package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.PutCondition;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreException;
import java.util.List;
import java.util.concurrent.CompletionException;

/**
 * Ends the right of older epochs to write into a chain: takes the slot that their next segment
 * needs (docs/adr/0003-ownership.md). Threading: confined to the opener or deleter; blocks.
 */
final class ChainFence {

  private final ObjectStore store;
  private final Waiter waiter;
  private final String keyPrefix;
  private final String where;
  private final RequestOptions options;

  ChainFence(
      ObjectStore store, Waiter waiter, String keyPrefix, String where, RequestPurpose purpose) {
    this.store = store;
    this.waiter = waiter;
    this.keyPrefix = keyPrefix;
    this.where = where;
    this.options = ChainReader.slotOptions(purpose);
  }

  /**
   * Creates a fence at the chain's end, which may have moved on since it was read and is read on
   * then. The view stands behind the fence afterwards.
   *
   * @param ours the manifest, with the epoch and writer that the chain is fenced for
   * @param logLsn where the log ends that its owner goes on with
   */
  void create(BucketView bucket, Manifest ours, long logLsn) {
    for (int i = 0; i < ours.slotWindow() * 4; i++) {
      // A fence of ours that is there already is one whose reply was lost.
      if (bucket.position().epoch() == ours.epoch() || tryCreate(bucket, ours, logLsn)) {
        return;
      }
      bucket.readOn(ours.epoch());
    }
    throw new DeviceException.Unavailable(
        where + ": an earlier owner writes faster than it can be fenced; try again");
  }

  private boolean tryCreate(BucketView bucket, Manifest ours, long logLsn) {
    ChainPosition end = bucket.position();
    Fence fence = Fence.after(end, ours, Math.min(end.durableLsn(), logLsn));
    try {
      var _ =
          waiter.await(
              store.put(
                  keyPrefix + Keys.segment(ours.volume(), end.nextSequence()),
                  List.of(fence.object()),
                  PutCondition.ifAbsent(),
                  options));
      bucket.fenced(end.after(fence.header()));
      return true;
    } catch (CompletionException e) {
      if (Futures.cause(e) instanceof StoreException.PreconditionFailed) {
        return false;
      }
      throw Futures.deviceException(where + ": fence", e);
    }
  }
}
