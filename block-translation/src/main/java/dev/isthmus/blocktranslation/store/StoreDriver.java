package dev.isthmus.blocktranslation.store;

import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One kind of store, making single attempts. Checks of arguments, bounds, deadlines, retries and
 * counting are {@link PolicyObjectStore}'s and the same for all kinds.
 *
 * <p>A future fails with a {@link StoreException}, {@link StoreException.Transient} ones included;
 * anything else counts as a defect. Cancelling it means that nobody waits any more: the driver then
 * frees what it can soon, and the effect may or may not take place. {@code timeoutNanos} is what
 * the attempt has left; the policy enforces it, so that a driver need not. Methods don't block.
 *
 * <p>Threading: implementations are thread-safe.
 */
public interface StoreDriver extends AutoCloseable {

  /** As {@link ObjectStore#get}. */
  CompletableFuture<StoredObject> get(String key, ByteRange range, long timeoutNanos);

  /**
   * As {@link ObjectStore#put}; the body closes itself when the request ends.
   *
   * @param purpose for a driver that keeps objects differently by what they are for
   */
  CompletableFuture<ETag> put(
      String key, PutBody body, PutCondition condition, RequestPurpose purpose, long timeoutNanos);

  /** As {@link ObjectStore#delete}. */
  CompletableFuture<@Nullable Void> delete(String key, long timeoutNanos);

  /** As {@link ObjectStore#list}. */
  CompletableFuture<ListPage> list(
      String prefix, @Nullable String continuation, int maxKeys, long timeoutNanos);

  /** As {@link ObjectStore#description}. */
  String description();

  /** Frees everything; called once, when no request is under way. Blocks. */
  @Override
  void close();
}
