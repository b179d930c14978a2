package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.DeviceIdentity;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.store.ListPage;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * What can be done with the volumes of one bucket without opening them. Threading: thread-safe;
 * immutable; all calls block.
 */
final class VolumeAdmin {

  /** Segments that may be in flight; a parallelism of 4 with room to grow. Fixed per volume. */
  private static final int SLOT_WINDOW = 16;

  /** Times that a deletion looks again for what a dying owner has still written. */
  private static final int DELETE_PASSES = 5;

  /** Deletions under way at once; well below what a store lets wait. */
  private static final int DELETE_BATCH = 256;

  private static final RequestOptions ADMIN = RequestOptions.of(RequestPurpose.ADMIN);

  private final ObjectStore store;
  private final Nonces nonces;

  VolumeAdmin(ObjectStore store, Nonces nonces) {
    this.store = store;
    this.nonces = nonces;
  }

  /** Creates a volume that does not exist, or of which only a finished deletion is left. */
  void create(VolumePlace place, long sizeBytes, int blockSizeBytes, Tiers tiers) {
    Instant now = Instant.now();
    var manifest =
        new Manifest(
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
            List.of());
    join(place.where(), manifests(place).create(manifest));
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
   * Deletes a volume: the manifest says so first, which ends its owner's right to it; then all
   * objects go, the manifest last, so that a deletion that was cut short can be finished.
   *
   * @param deleted hears the number of objects deleted so far
   * @return the manifest that the volume had
   */
  Manifest delete(VolumePlace place, LongConsumer deleted) {
    ManifestStore.Stored stored = read(place);
    for (int i = 0; stored.manifest().state() != Manifest.State.DELETED; i++) {
      ManifestStore.Attempt attempt =
          join(
              place.where(),
              manifests(place)
                  .tryReplace(
                      stored, stored.manifest().deleted(nonces.nextHex128(), nonces.nextUuid())));
      stored = attempt.found();
      if (i == DELETE_PASSES) {
        throw new DeviceException.Unavailable(
            place.where() + ": its owner changes the manifest too fast; close it first");
      }
    }
    long count = 0;
    for (int pass = 0; pass < DELETE_PASSES; pass++) {
      long before = count;
      count = deleteBelow(place, count, deleted);
      if (count == before) {
        break;
      }
    }
    join(place.where(), store.delete(place.keyPrefix() + Keys.MANIFEST, ADMIN));
    deleted.accept(count + 1);
    return stored.manifest();
  }

  private long deleteBelow(VolumePlace place, long deletedBefore, LongConsumer deleted) {
    long count = deletedBefore;
    ListPage page;
    do {
      // From the start each time: what was listed is gone, and a continuation may not survive that.
      page = join(place.where(), store.list(place.keyPrefix(), null, DELETE_BATCH, ADMIN));
      var pending = new ArrayList<CompletableFuture<Void>>();
      for (ListPage.ListedObject object : page.objects()) {
        if (!object.key().equals(place.keyPrefix() + Keys.MANIFEST)) {
          pending.add(store.delete(object.key(), ADMIN));
        }
      }
      join(place.where(), CompletableFuture.allOf(pending.toArray(CompletableFuture[]::new)));
      count += pending.size();
      deleted.accept(count);
    } while (page.continuation() != null);
    return count;
  }

  private static <T> T join(String where, CompletableFuture<T> future) {
    try {
      return future.join();
    } catch (CompletionException e) {
      throw Futures.deviceException(where, e);
    }
  }
}
