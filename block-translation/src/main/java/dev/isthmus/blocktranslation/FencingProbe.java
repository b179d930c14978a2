package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.store.ETag;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.PutCondition;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreException;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * Asks a bucket whether it keeps to the conditions of puts, with an object of the volume's own that
 * always holds the same bytes: two requests, four the first time. A bucket that ignores conditions
 * has then been given what it had, so this is harmless beside any owner. Threading: confined to the
 * caller; blocks.
 */
final class FencingProbe {

  /** An ETag that no store gives: those with a hash have another one for these bytes. */
  private static final ETag NOBODYS = new ETag("\"00000000000000000000000000000000\"");

  private static final RequestOptions OPTIONS = RequestOptions.of(RequestPurpose.OPEN);

  private final ObjectStore store;
  private final Waiter waiter;
  private final String where;
  private final String key;
  private final List<MemorySegment> body;

  /**
   * @param store which sends conditions
   * @param keyPrefix of the volume's objects, ending in a slash
   */
  FencingProbe(ObjectStore store, Waiter waiter, String keyPrefix, UUID volume, String where) {
    this.store = store;
    this.waiter = waiter;
    this.where = where;
    this.key = keyPrefix + Keys.probe(volume);
    this.body = List.of(MemorySegment.ofArray(Keys.probeBytes(volume)));
  }

  /**
   * How a put ended that the server understood.
   *
   * @param etag of what was stored; null if the condition did not hold
   * @param attempts more than one if it may have met its own object
   */
  private record Answer(@Nullable ETag etag, int attempts) {

    boolean isStored() {
      return etag != null;
    }
  }

  /**
   * Refuses a bucket that does not keep owners apart.
   *
   * @throws DeviceException.Invalid saying what the provider did, and what can be done
   */
  void require() {
    String flaw = flaw();
    if (flaw != null) {
      throw new DeviceException.Invalid(
          where
              + ": "
              + store.description()
              + " "
              + flaw
              + ". Without conditional writes nothing keeps two gateways from writing over each"
              + " other, so the volume is not used. Take a provider that has them, or let a proxy in"
              + " between pass these headers on; `isthmus bucket check` tells more. Only where people"
              + " make sure that no two gateways ever have the volume at once: --fencing none"
              + " (docs/providers-check.md)");
    }
  }

  /** What the provider did wrong; null if it keeps to both conditions. */
  private @Nullable String flaw() {
    ETag created;
    try {
      created = put(PutCondition.ifAbsent()).etag();
      // It was absent, or the header means nothing here: the same once more tells which.
      if (created != null && put(PutCondition.ifAbsent()).isStored()) {
        return "ignores If-None-Match: it created an object that was there";
      }
    } catch (StoreException.Invalid e) {
      return "refuses If-None-Match: " + e.getMessage();
    }
    try {
      if (put(PutCondition.ifMatch(NOBODYS)).isStored()) {
        return "ignores If-Match: it replaced an object that had another ETag";
      }
      Answer own = created == null ? null : put(PutCondition.ifMatch(created));
      return own == null || own.isStored() || own.attempts() > 1
          ? null
          : "refuses If-Match with the ETag that it gave";
    } catch (StoreException.Invalid e) {
      return "refuses If-Match: " + e.getMessage();
    }
  }

  private Answer put(PutCondition condition) {
    try {
      return new Answer(waiter.await(store.put(key, body, condition, OPTIONS)), 1);
    } catch (CompletionException e) {
      Throwable cause = Futures.cause(e);
      if (cause instanceof StoreException.PreconditionFailed failed) {
        return new Answer(null, failed.attempts());
      }
      throw cause instanceof StoreException.Invalid refused
          ? refused
          : Futures.deviceException(where, e);
    }
  }

  /** Takes the object away again where no volume came of it; not being able to is no matter. */
  void discard() {
    boolean _ = waiter.await(store.delete(key, OPTIONS).handle((_, _) -> true));
  }
}
