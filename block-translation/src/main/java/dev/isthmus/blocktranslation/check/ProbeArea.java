package dev.isthmus.blocktranslation.check;

import dev.isthmus.blocktranslation.store.ByteRange;
import dev.isthmus.blocktranslation.store.ETag;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.PutCondition;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentSkipListSet;

/**
 * A prefix of a check's own, and all that was put there, so that it can be taken away again.
 * Threading: thread-safe; calls block.
 */
final class ProbeArea {

  /** What the prefixes of all checks under one root begin with, behind the root's. */
  static final String DIRECTORY = ".isthmus-check/";

  static final RequestOptions OPTIONS = RequestOptions.of(RequestPurpose.ADMIN);

  private static final int MAX_OBJECT_BYTES = 16 << 20;

  private final ObjectStore store;
  private final String prefix;
  private final Set<String> written = new ConcurrentSkipListSet<>();
  // All that were ever begun: some hundreds, each without its body.
  private final List<CompletableFuture<ETag>> puts = new ArrayList<>();
  private boolean ended;

  /**
   * @param prefix ending in a slash
   */
  ProbeArea(ObjectStore store, String prefix) {
    this.store = store;
    this.prefix = prefix;
  }

  String prefix() {
    return prefix;
  }

  ObjectStore store() {
    return store;
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  /**
   * Begins to put an object.
   *
   * @throws CancellationException after {@link #cleanUp}
   */
  synchronized CompletableFuture<ETag> start(String name, byte[] body, PutCondition condition) {
    String key = key(name);
    CompletableFuture<ETag> put =
        store
            .put(key, List.of(MemorySegment.ofArray(body)), condition, OPTIONS)
            .whenComplete((_, failure) -> {
              if (failure instanceof StoreException.Unauthorized) {
                written.remove(key);
              }
            });
    puts.add(put);
    return put;
  }

  ETag put(String name, byte[] body, PutCondition condition) {
    return await(start(name, body, condition));
  }

  /** Whether the condition held. */
  boolean puts(String name, byte[] body, PutCondition condition) {
    try {
      ETag _ = put(name, body, condition);
      return true;
    } catch (StoreException.PreconditionFailed e) {
      return false;
    }
  }

  byte[] get(String name) {
    return get(name, ByteRange.whole(MAX_OBJECT_BYTES));
  }

  byte[] get(String name, ByteRange range) {
    return await(store.get(prefix + name, range, OPTIONS)).body().toArray(ValueLayout.JAVA_BYTE);
  }

  void delete(String name) {
    boolean _ = await(store.delete(prefix + name, OPTIONS).thenApply(_ -> true));
  }

  /**
   * The key of an object that is put in another way, to be deleted with the others.
   *
   * @throws CancellationException after {@link #cleanUp}
   */
  synchronized String key(String name) {
    if (ended) {
      throw new CancellationException("the check was ended");
    }
    written.add(prefix + name);
    return prefix + name;
  }

  /** Waits, and throws what the store says, without what futures wrap around it. */
  static <T> T await(CompletableFuture<T> future) {
    try {
      return future.join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof StoreException known ? known : e;
    }
  }

  /**
   * Lets nothing more be put, and deletes all that was. Idempotent.
   *
   * @return the keys that could not be deleted
   */
  synchronized List<String> cleanUp() {
    ended = true;
    // What is under way would come after its deletion; each ends by itself.
    for (CompletableFuture<ETag> put : puts) {
      boolean _ = put.handle((_, _) -> true).join();
    }
    var failed = new ArrayList<String>();
    var pending = new ArrayList<CompletableFuture<Boolean>>();
    for (String key : List.copyOf(written)) {
      pending.add(
          store
              .delete(key, OPTIONS)
              .handle((_, failure) -> {
                boolean gone = failure == null;
                if (gone) {
                  written.remove(key);
                }
                return gone;
              }));
    }
    pending.forEach(CompletableFuture::join);
    failed.addAll(written);
    return failed;
  }
}
