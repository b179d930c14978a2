package dev.isthmus.blocktranslation.store;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A server whose answers take as long as a test says, in virtual time, and fail as it says. Every
 * object has as many bytes as are asked for.
 */
final class TimedDriver implements StoreDriver {

  private final StoreTimer timer;
  private final LongSupplier latencyNanos;
  private final Supplier<@Nullable StoreException> failure;

  int sent;
  int cancelled;
  int underWay;
  int mostUnderWay;

  /**
   * A server.
   *
   * @param failure of the next attempt, asked as it arrives; null for an answer
   */
  TimedDriver(
      StoreTimer timer, LongSupplier latencyNanos, Supplier<@Nullable StoreException> failure) {
    this.timer = timer;
    this.latencyNanos = latencyNanos;
    this.failure = failure;
  }

  private <T> CompletableFuture<T> answer(T value) {
    sent++;
    underWay++;
    mostUnderWay = Math.max(mostUnderWay, underWay);
    var reply = new CompletableFuture<T>();
    var _ =
        reply.whenComplete((_, _) -> {
          underWay--;
          cancelled += reply.isCancelled() ? 1 : 0;
        });
    StoreException thrown = failure.get();
    var _ =
        timer.schedule(
            () -> {
              if (thrown == null) {
                reply.complete(value);
              } else {
                reply.completeExceptionally(thrown);
              }
            },
            latencyNanos.getAsLong());
    return reply;
  }

  @Override
  public CompletableFuture<StoredObject> get(String key, ByteRange range, long timeoutNanos) {
    int lengthBytes = range.maxLengthBytes();
    var body = MemorySegment.ofArray(new byte[lengthBytes]);
    return answer(new StoredObject(body, 0, lengthBytes, new ETag("\"t\"")));
  }

  @Override
  public CompletableFuture<ETag> put(
      String key, PutBody body, PutCondition condition, RequestPurpose purpose, long timeoutNanos) {
    return answer(new ETag("\"t\""));
  }

  @Override
  public CompletableFuture<@Nullable Void> delete(String key, long timeoutNanos) {
    throw new UnsupportedOperationException("no test deletes");
  }

  @Override
  public CompletableFuture<ListPage> list(
      String prefix, @Nullable String continuation, int maxKeys, long timeoutNanos) {
    throw new UnsupportedOperationException("no test lists");
  }

  @Override
  public String description() {
    return "timed";
  }

  @Override
  public void close() {}
}
