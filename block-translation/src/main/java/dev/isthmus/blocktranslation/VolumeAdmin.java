package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.DeviceIdentity;
import dev.isthmus.blocktranslation.format.FormatException;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.format.SegmentHeader;
import dev.isthmus.blocktranslation.store.ByteRange;
import dev.isthmus.blocktranslation.store.ListPage;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreException;
import dev.isthmus.blocktranslation.store.StoredObject;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What can be done with the volumes of one bucket without opening them. Threading: thread-safe;
 * immutable; all calls block.
 */
final class VolumeAdmin {

  /** Segments that may be in flight; a parallelism of 4 with room to grow. Fixed per volume. */
  private static final int SLOT_WINDOW = 16;

  /** Times that a deletion looks again for what a dying owner has still written. */
  private static final int DELETE_PASSES = 5;

  private static final Logger LOG = LoggerFactory.getLogger(VolumeAdmin.class);

  private static final RequestOptions ADMIN = RequestOptions.of(RequestPurpose.ADMIN);

  private final ObjectStore store;
  private final Nonces nonces;

  VolumeAdmin(ObjectStore store, Nonces nonces) {
    this.store = store;
    this.nonces = nonces;
  }

  /**
   * Creates a volume that does not exist, or of which only a finished deletion is left.
   *
   * @throws DeviceException.Invalid if there is one, or one below or above it
   */
  void create(
      VolumePlace place, long sizeBytes, int blockSizeBytes, Tiers tiers, FencingGate gate) {
    new VolumeObjects(store, place).requireApart();
    var fenced = new FencingStore(store, Fencing.CONDITIONAL);
    Manifest manifest =
        fencedFromTheStart(
            gate, fenced, place, newManifest(nonces, place, sizeBytes, blockSizeBytes, tiers));
    try {
      join(place.where(), manifests(fenced, place).create(manifest));
    } catch (DeviceException.Invalid e) {
      // There is another one: what this one had there before it was is nobody's.
      probe(fenced, place, manifest).discard();
      throw e;
    }
  }

  /**
   * The first manifest of a volume, with what keeps its owners apart; {@code store} does so from
   * now on.
   *
   * @throws DeviceException.Invalid if the bucket can't do it
   */
  static Manifest fencedFromTheStart(
      FencingGate gate, FencingStore store, VolumePlace place, Manifest manifest) {
    try {
      Fencing fencing =
          gate.decide(store, Waiter.BLOCKING, place.keyPrefix(), manifest, place.where());
      store.use(fencing);
      return manifest.withFencing(fencing);
    } catch (DeviceException.Invalid e) {
      probe(store, place, manifest).discard();
      throw e;
    }
  }

  private static FencingProbe probe(FencingStore store, VolumePlace place, Manifest manifest) {
    return new FencingProbe(
        store.conditional(), Waiter.BLOCKING, place.keyPrefix(), manifest.volume(), place.where());
  }

  /** The first manifest of a volume that was never open. */
  static Manifest newManifest(
      Nonces nonces, VolumePlace place, long sizeBytes, int blockSizeBytes, Tiers tiers) {
    Instant now = Instant.now();
    return new Manifest(
        1,
        nonces.nextHex128(),
        nonces.nextUuid(),
        place.name(),
        TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano(),
        sizeBytes,
        blockSizeBytes,
        0,
        Manifest.NIL,
        1,
        SLOT_WINDOW,
        Manifest.NIL,
        Manifest.State.CLOSED,
        "",
        tiers,
        Fencing.CONDITIONAL,
        List.of());
  }

  /** What the manifest says. */
  VolumeSummary describe(VolumePlace place) {
    Manifest manifest = read(place).manifest();
    if (manifest.state() == Manifest.State.DELETED) {
      throw new DeviceException.Unavailable(
          place.where() + " is being deleted; delete it again to finish that");
    }
    return summary(place, manifest);
  }

  /** What the bucket says of the volume's owners and their logs. */
  VolumeHistory history(VolumePlace place) {
    return VolumeHistory.read(store, place, read(place).manifest());
  }

  static VolumeSummary summary(VolumePlace place, Manifest manifest) {
    Manifest.@Nullable CheckpointRef newest =
        manifest.checkpoints().isEmpty() ? null : manifest.checkpoints().getFirst();
    return new VolumeSummary(
        place.name(),
        place.where(),
        new DeviceIdentity(manifest.volume(), manifest.incarnation()),
        manifest.sizeBytes(),
        manifest.blockSizeBytes(),
        manifest.tiers(),
        manifest.fencing(),
        manifest.epoch(),
        manifest.state() == Manifest.State.CLOSED,
        newest == null ? 0 : newest.lastLsn(),
        newest == null ? 0 : newest.storedBytes(),
        Instant.ofEpochSecond(0, manifest.createdNanos()));
  }

  private ManifestStore.Stored read(VolumePlace place) {
    try {
      return manifests(place).read().join();
    } catch (CompletionException e) {
      if (Futures.cause(e) instanceof StoreException.NotFound) {
        throw new DeviceException.Unavailable("there is no volume at " + place.where(), e);
      }
      throw Futures.deviceException(place.where(), e);
    }
  }

  private ManifestStore manifests(VolumePlace place) {
    return manifests(store, place);
  }

  private static ManifestStore manifests(ObjectStore store, VolumePlace place) {
    return new ManifestStore(store, place.keyPrefix(), place.where());
  }

  /**
   * Names of the volumes below a prefix. It reads the whole listing, one LIST for each thousand
   * objects: a command of people's, never part of opening a volume.
   *
   * @param prefix empty, or ending in a slash
   */
  List<String> names(String prefix) {
    var names = new ArrayList<String>();
    String continuation = null;
    do {
      ListPage page =
          join(prefix, store.list(prefix, continuation, ObjectStore.MAX_LIST_KEYS, ADMIN));
      for (ListPage.ListedObject object : page.objects()) {
        String rest = object.key().substring(prefix.length());
        if (rest.endsWith("/" + Keys.MANIFEST) && rest.indexOf('/') == rest.lastIndexOf('/')) {
          names.add(rest.substring(0, rest.indexOf('/')));
        }
      }
      continuation = page.continuation();
    } while (continuation != null);
    return names;
  }

  /**
   * Deletes a volume: the manifest says so first, which ends its owner's right to it, then a fence
   * ends its uploads; then all objects go, the manifest last, so that a deletion that was cut short
   * can be finished. The fence of a volume that was open stays: an owner that has not heard of it
   * would find its slot free again.
   *
   * <p>Where anything lies below the volume that is not its own ({@link VolumeObjects}), it is
   * refused before anything changes; what comes there meanwhile is not deleted either.
   *
   * @param deleted hears the number of objects deleted so far
   * @return the manifest that the volume had
   */
  Manifest delete(VolumePlace place, LongConsumer deleted) {
    ManifestStore.Stored stored = read(place);
    var fenced = new FencingStore(store, stored.manifest().fencing());
    var objects = new VolumeObjects(store, place);
    VolumeObjects.Amount _ = objects.requireOwn();
    boolean isAgain = stored.manifest().state() == Manifest.State.DELETED;
    boolean mayBeOwned = isAgain;
    for (int i = 0; stored.manifest().state() != Manifest.State.DELETED; i++) {
      mayBeOwned = stored.manifest().state() == Manifest.State.OPEN;
      ManifestStore.Attempt attempt =
          join(
              place.where(),
              manifests(fenced, place)
                  .tryReplace(
                      stored, stored.manifest().deleted(nonces.nextHex128(), nonces.nextUuid())));
      stored = attempt.found();
      if (i == DELETE_PASSES) {
        throw new DeviceException.Unavailable(
            place.where() + ": its owner changes the manifest too fast; close it first");
      }
    }
    String fence = isAgain ? findFence(place, stored.manifest()) : null;
    if (fence == null && mayBeOwned) {
      fence = fence(fenced, place, stored.manifest());
    }
    long count = 0;
    for (int pass = 0; pass < DELETE_PASSES; pass++) {
      long before = count;
      count = objects.delete(fence, count, deleted);
      if (count == before) {
        break;
      }
    }
    join(place.where(), store.delete(place.keyPrefix() + Keys.MANIFEST, ADMIN));
    deleted.accept(count + 1);
    return stored.manifest();
  }

  /**
   * Takes the slot that an owner's next segment needs.
   *
   * @param doomed the manifest of the deletion
   * @return the fence's key; null if the chain is damaged: then its end can't be found, and the
   *     owner hears of the deletion with its next checkpoint
   */
  private static @Nullable String fence(ObjectStore store, VolumePlace place, Manifest doomed) {
    try {
      BucketView bucket =
          BucketView.read(
              store,
              Waiter.BLOCKING,
              place.keyPrefix(),
              place.where(),
              doomed,
              RequestPurpose.ADMIN);
      bucket.readOn(doomed.epoch());
      new ChainFence(store, Waiter.BLOCKING, place.keyPrefix(), place.where(), RequestPurpose.ADMIN)
          .create(bucket, doomed, 0);
      return place.keyPrefix() + Keys.segment(doomed.volume(), bucket.position().sequence());
    } catch (DeviceException.Corrupt e) {
      LOG.warn("{}: deleted without a fence: {}", place.where(), e.getMessage());
      return null;
    }
  }

  /** The fence of this deletion, of which an earlier try has begun; null if there is none. */
  private @Nullable String findFence(VolumePlace place, Manifest doomed) {
    String prefix = place.keyPrefix() + Keys.segments(doomed.volume());
    String continuation = null;
    do {
      ListPage page =
          join(place.where(), store.list(prefix, continuation, ObjectStore.MAX_LIST_KEYS, ADMIN));
      for (ListPage.ListedObject object : page.objects()) {
        // Nothing else of a chain is as short.
        if (object.lengthBytes() == SegmentHeader.BYTES
            && isFenceOf(doomed, object.key(), prefix)) {
          return object.key();
        }
      }
      continuation = page.continuation();
    } while (continuation != null);
    return null;
  }

  private boolean isFenceOf(Manifest doomed, String key, String prefix) {
    try {
      long sequence = Long.parseUnsignedLong(key.substring(prefix.length()), 16);
      StoredObject object = store.get(key, ByteRange.span(0, SegmentHeader.BYTES), ADMIN).join();
      SegmentHeader header = SegmentHeader.decode(object.body(), doomed.volume(), sequence);
      return header.kind() == SegmentHeader.FENCE && header.writer().equals(doomed.writer());
    } catch (FormatException | NumberFormatException e) {
      return false;
    } catch (CompletionException e) {
      if (Futures.cause(e) instanceof StoreException.NotFound) {
        return false;
      }
      throw Futures.deviceException(key, e);
    }
  }

  private static <T> T join(String where, CompletableFuture<T> future) {
    try {
      return future.join();
    } catch (CompletionException e) {
      throw Futures.deviceException(where, e);
    }
  }
}
