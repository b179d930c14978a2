package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.map.PageSource;
import dev.isthmus.blocktranslation.map.PartInfo;
import dev.isthmus.blocktranslation.map.PartStore;
import dev.isthmus.blocktranslation.store.ByteRange;
import dev.isthmus.blocktranslation.store.ETag;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.PutCondition;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

/** The map's parts as objects in the bucket. Threading: immutable. */
final class MapObjects implements PageSource, PartStore {

  private final ObjectStore store;
  private final String keyPrefix;
  private final UUID volume;
  private final String where;

  MapObjects(ObjectStore store, String keyPrefix, UUID volume, String where) {
    this.store = store;
    this.keyPrefix = keyPrefix;
    this.volume = volume;
    this.where = where;
  }

  @Override
  public CompletableFuture<MemorySegment> read(PartInfo part, long offsetBytes, int lengthBytes) {
    String key = key(part);
    return Futures.deviceFailures(
        where + ": map part " + key,
        store
            .get(
                key,
                ByteRange.span(offsetBytes, lengthBytes),
                RequestOptions.of(RequestPurpose.MAP))
            .thenApply(object -> {
              if (object.body().byteSize() != lengthBytes) {
                throw new DeviceException.Corrupt(
                    where + ": the map part " + key + " is shorter than its checkpoint says");
              }
              return object.body();
            }));
  }

  @Override
  public CompletableFuture<Void> put(PartInfo part, MemorySegment bytes) {
    String key = key(part);
    CompletableFuture<ETag> stored =
        store.put(
            key, List.of(bytes), PutCondition.ifAbsent(), RequestOptions.of(RequestPurpose.MAP));
    return Futures.deviceFailures(
        where + ": map part " + key,
        stored.handle((etag, failure) -> {
          if (failure != null && !Checkpointer.isOwnEarlierTry(failure)) {
            throw Futures.deviceException(where + ": map part " + key, failure);
          }
          return (Void) null;
        }));
  }

  private String key(PartInfo part) {
    return keyPrefix + Keys.run(volume, part.name().epoch(), part.name().nonce());
  }
}
