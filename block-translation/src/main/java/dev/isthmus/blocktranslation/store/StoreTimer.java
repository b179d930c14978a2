package dev.isthmus.blocktranslation.store;

/**
 * Time for a store: its clock and its delays. Injected, so that a simulation runs on one thread in
 * virtual time.
 */
public interface StoreTimer {

  /** The monotonic clock that deadlines are measured by. */
  long nanoTime();

  /**
   * Runs {@code task} once after {@code delayNanos}, on a thread of the timer's.
   *
   * @param task does not block for long and throws nothing
   * @return how to give it up
   */
  Scheduled schedule(Runnable task, long delayNanos);

  /** A delayed task. */
  @FunctionalInterface
  interface Scheduled {
    /** The task will not start any more; it may be running. Idempotent. */
    void cancel();
  }
}
