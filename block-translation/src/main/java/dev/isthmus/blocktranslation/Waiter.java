package dev.isthmus.blocktranslation;

import java.util.concurrent.CompletableFuture;

/**
 * How a control call waits for the store. Threading: any thread but those that complete futures.
 */
interface Waiter {

  /** Blocks the calling thread. */
  Waiter BLOCKING =
      new Waiter() {
        @Override
        public <T> T await(CompletableFuture<T> future) {
          return future.join();
        }
      };

  /**
   * Waits for a future.
   *
   * @throws java.util.concurrent.CompletionException as {@link CompletableFuture#join}
   */
  <T> T await(CompletableFuture<T> future);
}
