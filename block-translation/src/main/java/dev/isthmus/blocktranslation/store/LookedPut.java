package dev.isthmus.blocktranslation.store;

import dev.isthmus.blocktranslation.store.RequestCounters.Event;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A put to a server that ignores or refuses conditions: each attempt looks at the key, and puts if
 * that told what the condition wants. Between the two somebody else may put as well, and then the
 * later one stands: see docs/adr/0014-providers-without-conditional-writes.md for what that costs.
 *
 * <p>The look is counted as a request of its own, for the put's purpose. Threading: thread-safe;
 * immutable.
 *
 * @param condition what the look has to find
 */
record LookedPut(
    StoreDriver driver,
    RequestCounters counters,
    RequestPurpose purpose,
    String key,
    PutBody body,
    PutCondition condition)
    implements StoreRequest.Attempt<ETag> {

  /** Enough to learn the ETag. */
  private static final ByteRange FIRST_BYTE = ByteRange.span(0, 1);

  @Override
  public CompletableFuture<ETag> start(long timeoutNanos) {
    if (condition instanceof PutCondition.Always) {
      return driver.put(key, body, condition, purpose, timeoutNanos);
    }
    counters.add(RequestKind.GET, purpose, Event.REQUEST, 1);
    counters.add(RequestKind.GET, purpose, Event.ATTEMPT, 1);
    CompletableFuture<StoredObject> look = driver.get(key, FIRST_BYTE, timeoutNanos);
    var putting = new AtomicReference<@Nullable CompletableFuture<ETag>>();
    CompletableFuture<ETag> result =
        look.handle(this::whyNot)
            .thenCompose(whyNot -> {
              if (!whyNot.isEmpty()) {
                throw new StoreException.PreconditionFailed(whyNot, 1);
              }
              CompletableFuture<ETag> put =
                  driver.put(key, body, PutCondition.always(), purpose, timeoutNanos);
              putting.set(put);
              return put;
            });
    var _ =
        result.whenComplete((_, _) -> {
          if (result.isCancelled()) {
            look.cancel(false);
            CompletableFuture<ETag> put = putting.get();
            if (put != null) {
              put.cancel(false);
            }
          }
        });
    return result;
  }

  /** Why what was found forbids the put; empty if it does not. */
  private String whyNot(@Nullable StoredObject found, @Nullable Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    return switch (cause) {
      case null -> found == null ? "" : whyNot(found.etag());
      case StoreException.NotFound _ ->
          condition instanceof PutCondition.IfMatch ? what() + ": there is no object" : "";
      // It is there, and empty, which nothing of ours is.
      case StoreException.OutOfRange _ -> what() + ": an empty object is there";
      default -> throw new CompletionException(cause);
    };
  }

  private String whyNot(ETag found) {
    if (condition instanceof PutCondition.IfMatch match) {
      return match.etag().bare().equals(found.bare()) ? "" : what() + ": the object is another one";
    }
    return what() + ": an object is there";
  }

  private String what() {
    return RequestKind.PUT + " " + key + " at " + driver.description() + ", looked at before";
  }
}
