package dev.isthmus.blocktranslation.store;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A server that never answers, and a driver that keeps every body it was given. */
final class KeepingDriver implements StoreDriver {

  private final List<PutBody> bodies;

  KeepingDriver(List<PutBody> bodies) {
    this.bodies = bodies;
  }

  @Override
  public CompletableFuture<StoredObject> get(String key, ByteRange range, long timeoutNanos) {
    return new CompletableFuture<>();
  }

  @Override
  public CompletableFuture<ETag> put(
      String key, PutBody body, PutCondition condition, RequestPurpose purpose, long timeoutNanos) {
    bodies.add(body);
    return new CompletableFuture<>();
  }

  @Override
  public CompletableFuture<@Nullable Void> delete(String key, long timeoutNanos) {
    return new CompletableFuture<>();
  }

  @Override
  public CompletableFuture<ListPage> list(
      String prefix, @Nullable String continuation, int maxKeys, long timeoutNanos) {
    return new CompletableFuture<>();
  }

  @Override
  public String description() {
    return "silence";
  }

  @Override
  public void close() {}
}
