package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.format.Checkpoint;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.store.ListPage;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * What lies below a volume's key prefix, told apart by its keys: manifest, probe, segments,
 * checkpoints and runs are a volume's own, whichever UUID they are below; anything else is somebody
 * else's, of a volume that was made below this one or of no volume at all, and nobody here deletes
 * it. Threading: thread-safe; immutable; all calls block.
 */
final class VolumeObjects {

  /** Deletions under way at once; well below what a store lets wait. */
  private static final int DELETE_BATCH = 256;

  private static final RequestOptions ADMIN = RequestOptions.of(RequestPurpose.ADMIN);

  private final ObjectStore store;
  private final VolumePlace place;
  private final String listed;

  /** All below {@code place}. */
  VolumeObjects(ObjectStore store, VolumePlace place) {
    this(store, place, "");
  }

  /**
   * @param below only what is below this, relative to the volume: empty, or ending in a slash
   */
  VolumeObjects(ObjectStore store, VolumePlace place, String below) {
    this.store = store;
    this.place = place;
    this.listed = place.keyPrefix() + below;
  }

  /**
   * How much there is.
   *
   * @param objects how many, the manifest not counted
   * @param bytes in them
   */
  record Amount(long objects, long bytes) {}

  /** Whether there is any object but the manifest, whosever it is. One LIST. */
  boolean any() {
    return list(null, 2).objects().stream()
        .anyMatch(object -> !object.key().equals(place.keyPrefix() + Keys.MANIFEST));
  }

  /**
   * Reads the whole listing.
   *
   * @throws DeviceException.Invalid naming the first object that is not a volume's own
   */
  Amount requireOwn() {
    long objects = 0;
    long bytes = 0;
    String continuation = null;
    do {
      ListPage page = list(continuation, ObjectStore.MAX_LIST_KEYS);
      for (ListPage.ListedObject object : page.objects()) {
        if (isData(object.key())) {
          objects++;
          bytes += object.lengthBytes();
        }
      }
      continuation = page.continuation();
    } while (continuation != null);
    return new Amount(objects, bytes);
  }

  /** Reads the whole listing, and takes what is nobody's of a volume's as it is. */
  ListedBytes measure() {
    long objects = 0;
    long other = 0;
    var bytes = new EnumMap<Checkpoint.Kind, Long>(Checkpoint.Kind.class);
    long requests = 0;
    String continuation = null;
    do {
      ListPage page = list(continuation, ObjectStore.MAX_LIST_KEYS);
      requests++;
      for (ListPage.ListedObject object : page.objects()) {
        objects++;
        Keys.ObjectName name = Keys.parse(object.key().substring(place.keyPrefix().length()));
        if (name == null) {
          other += object.lengthBytes();
        } else {
          bytes.merge(name.kind(), object.lengthBytes(), Long::sum);
        }
      }
      continuation = page.continuation();
    } while (continuation != null);
    return new ListedBytes(
        objects,
        bytes.getOrDefault(Checkpoint.Kind.SEGMENT, 0L),
        bytes.getOrDefault(Checkpoint.Kind.RUN_PART, 0L),
        bytes.getOrDefault(Checkpoint.Kind.CHECKPOINT, 0L),
        other,
        requests);
  }

  /**
   * Deletes every object but the manifest.
   *
   * @param kept the key of another one that stays
   * @param deleted hears how many were deleted, {@code deletedBefore} included
   * @return how many that are
   * @throws DeviceException.Invalid at an object that is not a volume's own, naming it
   */
  long delete(@Nullable String kept, long deletedBefore, LongConsumer deleted) {
    long count = deletedBefore;
    ListPage page;
    do {
      // From the start each time: what was listed is gone, and a continuation may not survive that.
      page = list(null, DELETE_BATCH);
      // All are looked at before the first goes.
      List<String> doomed =
          page.objects().stream()
              .map(ListPage.ListedObject::key)
              .filter(key -> isData(key) && !key.equals(kept))
              .toList();
      var pending = new ArrayList<CompletableFuture<Void>>();
      doomed.forEach(key -> pending.add(store.delete(key, ADMIN)));
      Futures.await(
          Waiter.BLOCKING,
          place.where(),
          CompletableFuture.allOf(pending.toArray(CompletableFuture[]::new)).thenApply(_ -> true));
      count += pending.size();
      deleted.accept(count);
    } while (page.continuation() != null);
    return count;
  }

  /** Whether it is a volume's own and not the manifest. */
  private boolean isData(String key) {
    String relative = key.substring(place.keyPrefix().length());
    if (relative.equals(Keys.MANIFEST)) {
      return false;
    }
    if (Keys.parse(relative) != null || Keys.probeOf(relative) != null) {
      return true;
    }
    throw new DeviceException.Invalid(
        place.where()
            + (Keys.isOfNestedVolume(relative)
                ? ": another volume lies below it, with object "
                    + key
                    + ". Nothing more is deleted: first delete that volume, or copy it elsewhere"
                    + " (`isthmus volume import URI NEW-URI`)"
                : ": object "
                    + key
                    + " lies below it and is no volume's. Nothing more is deleted: first take that"
                    + " object away, if nobody needs it"));
  }

  /**
   * Refuses a place below another volume or above one: what belongs to which could only be told by
   * the form of keys. Of what is below, the first page of the listing is looked at.
   *
   * @throws DeviceException.Invalid naming the other one's object
   */
  void requireApart() {
    String prefix = place.keyPrefix();
    int own = prefix.lastIndexOf('/', prefix.length() - 2);
    for (int slash = prefix.indexOf('/'); slash >= 0 && slash <= own; ) {
      String manifest = prefix.substring(0, slash + 1) + Keys.MANIFEST;
      // The key itself is the first of all that begin with it.
      ListPage page = list(manifest, null, 1);
      if (page.objects().stream().anyMatch(object -> object.key().equals(manifest))) {
        throw nested("it would lie below another volume", manifest);
      }
      slash = prefix.indexOf('/', slash + 1);
    }
    for (ListPage.ListedObject object : list(null, ObjectStore.MAX_LIST_KEYS).objects()) {
      if (Keys.isOfNestedVolume(object.key().substring(prefix.length()))) {
        throw nested("another volume lies below it", object.key());
      }
    }
  }

  private DeviceException.Invalid nested(String what, String key) {
    return new DeviceException.Invalid(
        "%s: %s, whose object %s is there. Volumes lie beside each other: choose another name"
            .formatted(place.where(), what, key));
  }

  private ListPage list(@Nullable String continuation, int maxKeys) {
    return list(listed, continuation, maxKeys);
  }

  private ListPage list(String prefix, @Nullable String continuation, int maxKeys) {
    return Futures.await(
        Waiter.BLOCKING, place.where(), store.list(prefix, continuation, maxKeys, ADMIN));
  }
}
