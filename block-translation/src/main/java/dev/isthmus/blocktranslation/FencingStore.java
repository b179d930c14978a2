package dev.isthmus.blocktranslation;

import dev.isthmus.blocktranslation.store.ByteRange;
import dev.isthmus.blocktranslation.store.ETag;
import dev.isthmus.blocktranslation.store.ListPage;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.PutCondition;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.StoreStatistics;
import dev.isthmus.blocktranslation.store.StoredObject;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One volume's bucket, used as its {@link Fencing} says: without any, conditions are looked at
 * before a put and not sent with it. Threading: thread-safe.
 */
final class FencingStore implements ObjectStore {

  private final ObjectStore store;
  private volatile Fencing fencing;

  FencingStore(ObjectStore store, Fencing fencing) {
    this.store = store;
    this.fencing = fencing;
  }

  /** As the manifest says, once it was read. */
  void use(Fencing said) {
    fencing = said;
  }

  Fencing fencing() {
    return fencing;
  }

  /** The bucket itself, to which conditions are sent whatever the volume's fencing is. */
  ObjectStore conditional() {
    return store;
  }

  @Override
  public CompletableFuture<StoredObject> get(String key, ByteRange range, RequestOptions options) {
    return store.get(key, range, options);
  }

  @Override
  public CompletableFuture<ETag> put(
      String key, List<MemorySegment> body, PutCondition condition, RequestOptions options) {
    return store.put(
        key, body, condition, fencing == Fencing.NONE ? options.lookingFirst() : options);
  }

  @Override
  public CompletableFuture<Void> delete(String key, RequestOptions options) {
    return store.delete(key, options);
  }

  @Override
  public CompletableFuture<ListPage> list(
      String prefix, @Nullable String continuation, int maxKeys, RequestOptions options) {
    return store.list(prefix, continuation, maxKeys, options);
  }

  @Override
  public StoreStatistics statistics() {
    return store.statistics();
  }

  @Override
  public String description() {
    return store.description();
  }

  @Override
  public void close() {
    store.close();
  }
}
