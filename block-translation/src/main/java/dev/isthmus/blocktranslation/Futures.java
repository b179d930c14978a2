package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.store.Rereads;
import dev.isthmus.blocktranslation.store.StoreException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What futures of the store and the map end with, made plain. Stateless. */
final class Futures {

  private Futures() {}

  /** The failure itself, without what futures wrap around it. */
  static Throwable cause(Throwable failure) {
    Throwable cause = failure;
    while (cause instanceof CompletionException && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause;
  }

  /** A failure as what the caller of a control call can do about it. */
  static DeviceException deviceException(String what, Throwable failure) {
    Throwable cause = cause(failure);
    String message = what + ": " + cause.getMessage();
    return switch (cause) {
      case DeviceException e -> e;
      case StoreException.Unavailable e -> new DeviceException.Unavailable(message, e);
      case StoreException.Unauthorized e -> new DeviceException.Unavailable(message, e);
      case StoreException.NotFound e -> new DeviceException.Corrupt(message, e);
      case StoreException.OutOfRange e -> new DeviceException.Corrupt(message, e);
      case StoreException.Corrupt e -> new DeviceException.Corrupt(message, e);
      case StoreException.Invalid e -> new DeviceException.Invalid(message, e);
      case StoreException e -> new DeviceException.Unavailable(message, e);
      default -> new DeviceException.Internal(message, cause);
    };
  }

  /** {@code future} with every failure turned into a {@link DeviceException}. */
  static <T> CompletableFuture<T> deviceFailures(String what, CompletableFuture<T> future) {
    return future.exceptionallyCompose(
        failure -> CompletableFuture.failedFuture(deviceException(what, failure)));
  }

  /**
   * Reads and checks what was read; if that fails for damage, again ({@link Rereads}).
   *
   * @param read one read with its checks, failing with {@link DeviceException.Corrupt} for damage
   */
  static <T> CompletableFuture<T> againIfDamaged(Supplier<CompletableFuture<T>> read) {
    return Rereads.whileDamaged(read, failure -> isDamage(cause(failure)));
  }

  private static boolean isDamage(Throwable cause) {
    return cause instanceof DeviceException.Corrupt
        || cause instanceof StoreException.Corrupt
        || cause instanceof StoreException.OutOfRange;
  }

  /** Waits for {@code future} off the loop, failures as {@link DeviceException}s. */
  static <T> T await(Waiter waiter, String what, CompletableFuture<T> future) {
    try {
      return waiter.await(future);
    } catch (CompletionException e) {
      throw deviceException(what, e);
    }
  }

  /** Runs {@code task} on the loop and completes with what it returns or throws. */
  static <T> CompletableFuture<T> onLoop(EngineLoop loop, Function<Void, T> task) {
    return CompletableFuture.<Void>completedFuture(null).thenApplyAsync(task, loop);
  }

  /** Starts {@code task} on the loop and completes with what it leads to. */
  static <T> CompletableFuture<T> startOnLoop(
      EngineLoop loop, Supplier<CompletableFuture<T>> task) {
    return CompletableFuture.<Void>completedFuture(null).thenComposeAsync(_ -> task.get(), loop);
  }

  /**
   * Hands a future's end to {@code handler} on the loop, as a task of the loop: what the handler
   * throws reaches the loop's owner instead of vanishing in another future.
   */
  @SuppressWarnings("FutureReturnValueIgnored")
  static <T> void then(
      EngineLoop loop,
      CompletableFuture<T> future,
      BiConsumer<@Nullable T, @Nullable Throwable> handler) {
    future.whenComplete((value, failure) -> loop.execute(() -> handler.accept(value, failure)));
  }
}
