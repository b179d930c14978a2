package dev.isthmus.blocktranslation.scrub;

import java.util.concurrent.CompletableFuture;

/**
 * Time, and how to wait for it: a simulation puts its own in the place. Called on the scrub's
 * thread, the clock on any.
 */
public interface ScrubHost {

  /** Monotonic time. */
  long nanoTime();

  /** Sleeps. */
  void sleep(long nanos);

  /** Returns when {@code future} is done, however it ended. */
  void untilDone(CompletableFuture<?> future);

  /** Threads and clock of the platform. */
  ScrubHost PLATFORM =
      new ScrubHost() {
        @Override
        public long nanoTime() {
          return System.nanoTime();
        }

        @Override
        public void sleep(long nanos) {
          try {
            Thread.sleep(nanos / 1_000_000, (int) (nanos % 1_000_000));
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        }

        @Override
        public void untilDone(CompletableFuture<?> future) {
          future.handle((_, _) -> true).join();
        }
      };
}
