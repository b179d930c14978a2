package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.format.FormatException;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.format.SegmentHeader;
import dev.isthmus.blocktranslation.store.ByteRange;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoredObject;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Where the bucket decides nothing between two openers: whoever has written waits for longer than
 * anybody takes from his look to the end of his write, and then looks whether it still stands
 * (Fischer's algorithm; docs/adr/0014-providers-without-conditional-writes.md). Threading: confined
 * to the opener; blocks.
 */
final class UnfencedWait {

  /** A look and a put of a manifest or fence take a tenth of it where nothing is wrong. */
  private static final long SETTLE_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final ObjectStore store;
  private final EngineLoop loop;
  private final String keyPrefix;
  private final String where;

  UnfencedWait(ObjectStore store, EngineLoop loop, String keyPrefix, String where) {
    this.store = store;
    this.loop = loop;
    this.keyPrefix = keyPrefix;
    this.where = where;
  }

  /**
   * Waits, and refuses to go on if something was written over the fence that {@code end} is right
   * behind. Nothing was written behind it yet, so the next open finds a chain in order.
   */
  void requireFence(ChainPosition end, Manifest ours) {
    boolean _ = loop.await(settled());
    StoredObject object =
        Futures.await(
            loop,
            where,
            store.get(
                keyPrefix + Keys.segment(ours.volume(), end.sequence()),
                ByteRange.span(0, SegmentHeader.BYTES),
                RequestOptions.of(RequestPurpose.OPEN)));
    if (!isFence(object, end, ours)) {
      throw new DeviceException.Unavailable(
          where
              + ": another gateway still writes to it, and nothing but people keeps the two apart"
              + " (fencing=none): stop that one, then open this again");
    }
  }

  private static boolean isFence(StoredObject object, ChainPosition end, Manifest ours) {
    try {
      SegmentHeader found = SegmentHeader.decode(object.body(), ours.volume(), end.sequence());
      return found.kind() == SegmentHeader.FENCE && found.writer().equals(ours.writer());
    } catch (FormatException e) {
      return false;
    }
  }

  private CompletableFuture<Boolean> settled() {
    return Futures.startOnLoop(
        loop,
        () -> {
          var settled = new CompletableFuture<Boolean>();
          EngineLoop.Timer _ = loop.schedule(SETTLE_NANOS, () -> settled.complete(true));
          return settled;
        });
  }
}
