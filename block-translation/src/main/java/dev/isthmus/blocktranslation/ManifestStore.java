package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.format.FormatException;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.format.ManifestCodec;
import dev.isthmus.blocktranslation.store.ByteRange;
import dev.isthmus.blocktranslation.store.ETag;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.PutCondition;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreException;
import dev.isthmus.blocktranslation.store.StoredObject;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;

/**
 * One volume's manifest in its bucket: read, created if absent, replaced only if unchanged.
 *
 * <p>A replacement whose reply was lost is recognised by its nonce; one that lost against another
 * owner, or a deletion, is a {@link DeviceException.Fenced}. Threading: thread-safe; immutable.
 */
final class ManifestStore {

  private static final RequestOptions OPTIONS = RequestOptions.of(RequestPurpose.MANIFEST);

  /** Replacements by ourselves that may be found in the way: late arrivals of given-up tries. */
  private static final int MAX_TRIES = 8;

  private final ObjectStore store;
  private final String key;
  private final String where;

  /**
   * @param keyPrefix of the volume, ending in a slash
   * @param where the volume, for messages
   */
  ManifestStore(ObjectStore store, String keyPrefix, String where) {
    this.store = store;
    this.key = keyPrefix + Keys.MANIFEST;
    this.where = where;
  }

  /** A manifest as it lies in the bucket. */
  record Stored(Manifest manifest, ETag etag) {}

  /**
   * Reads the manifest. Fails with {@link StoreException.NotFound} where there is none, {@link
   * DeviceException.Corrupt} where it is damaged.
   */
  CompletableFuture<Stored> read() {
    return Futures.againIfDamaged(() ->
        store.get(key, ByteRange.whole(ManifestCodec.MAX_BYTES), OPTIONS).thenApply(this::parse));
  }

  /** Whether {@link #read} failed because there is none. */
  static boolean isAbsent(Throwable failure) {
    return Futures.cause(failure) instanceof StoreException.NotFound;
  }

  private Stored parse(StoredObject object) {
    try {
      byte[] bytes = object.body().toArray(ValueLayout.JAVA_BYTE);
      return new Stored(ManifestCodec.decode(bytes), object.etag());
    } catch (FormatException e) {
      throw new DeviceException.Corrupt(
          where + ": the manifest " + key + " is damaged: " + e.getMessage(), e);
    }
  }

  /** Creates the manifest. Fails with {@link DeviceException.Invalid} if there is one. */
  CompletableFuture<Stored> create(Manifest manifest) {
    return put(manifest, PutCondition.ifAbsent())
        .exceptionallyCompose(failure ->
            Futures.cause(failure) instanceof StoreException.PreconditionFailed
                ? read()
                    .thenApply(found -> {
                      if (found.manifest().equals(manifest)) {
                        return found;
                      }
                      throw new DeviceException.Invalid(
                          where + " exists already; choose another name, or delete it");
                    })
                : CompletableFuture.failedFuture(failure));
  }

  /**
   * Replaces the manifest while it is still the owner's.
   *
   * @param change gives the new manifest, with a new counter and nonce, from the one it replaces
   * @return what is stored then. Fails with {@link DeviceException.Fenced} if the owner changed
   */
  CompletableFuture<Stored> replace(Stored current, UnaryOperator<Manifest> change) {
    return replace(current, change, MAX_TRIES);
  }

  private CompletableFuture<Stored> replace(
      Stored current, UnaryOperator<Manifest> change, int triesLeft) {
    return tryReplace(current, change.apply(current.manifest()))
        .thenCompose(attempt -> {
          Stored found = attempt.found();
          if (attempt.took()) {
            return CompletableFuture.completedFuture(found);
          }
          if (!sameOwner(found.manifest(), current.manifest())) {
            throw fenced(found.manifest(), current.manifest());
          }
          if (triesLeft == 0) {
            throw new DeviceException.Unavailable(
                where + ": the manifest changes under its owner's hands; try again");
          }
          return replace(found, change, triesLeft - 1);
        });
  }

  /**
   * What became of one replacement.
   *
   * @param took whether it took effect
   * @param found what is stored now
   */
  record Attempt(boolean took, Stored found) {}

  /** Replaces the manifest if it is still {@code current}, and says what is there then. */
  CompletableFuture<Attempt> tryReplace(Stored current, Manifest next) {
    return put(next, PutCondition.ifMatch(current.etag()))
        .thenApply(stored -> new Attempt(true, stored))
        .exceptionallyCompose(failure ->
            Futures.cause(failure) instanceof StoreException.PreconditionFailed
                ? read()
                    .thenApply(
                        found -> new Attempt(found.manifest().nonce().equals(next.nonce()), found))
                : CompletableFuture.failedFuture(failure))
        .exceptionallyCompose(failure ->
            CompletableFuture.failedFuture(
                Futures.cause(failure) instanceof StoreException.NotFound ? gone() : failure));
  }

  static boolean sameOwner(Manifest one, Manifest other) {
    return one.writer().equals(other.writer())
        && one.epoch() == other.epoch()
        && one.volume().equals(other.volume());
  }

  /** Somebody else's manifest ends the right of its former owner: whose it is, in words. */
  DeviceException.Fenced fenced(Manifest found, Manifest former) {
    return new DeviceException.Fenced(
        where
            + (found.state() == Manifest.State.DELETED || !found.volume().equals(former.volume())
                ? " was deleted"
                : " was opened by another gateway (writer "
                    + found.writer()
                    + ", epoch "
                    + found.epoch()
                    + ")"));
  }

  private DeviceException.Fenced gone() {
    return new DeviceException.Fenced(where + " was deleted");
  }

  /** Why {@code owner} is none any more; empty if the manifest is still its own. */
  CompletableFuture<Optional<DeviceException.Fenced>> whyFenced(Manifest owner) {
    return read()
        .thenApply(stored ->
            sameOwner(stored.manifest(), owner)
                ? Optional.<DeviceException.Fenced>empty()
                : Optional.of(fenced(stored.manifest(), owner)))
        .exceptionallyCompose(failure ->
            Futures.cause(failure) instanceof StoreException.NotFound
                ? CompletableFuture.completedFuture(Optional.of(gone()))
                : CompletableFuture.failedFuture(failure));
  }

  private CompletableFuture<Stored> put(Manifest manifest, PutCondition condition) {
    byte[] bytes = ManifestCodec.encode(manifest);
    return store
        .put(key, List.of(MemorySegment.ofArray(bytes)), condition, OPTIONS)
        .thenApply(etag -> new Stored(manifest, etag));
  }
}
