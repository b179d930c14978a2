package dev.isthmus.blocktranslation;

import dev.isthmus.blocktranslation.store.StoreTimer;

/**
 * A timer without time, for single calls over a connection that never fails: a task without delay
 * runs at once, one with a delay (a deadline) never. Threading: confined to one thread.
 */
final class ImmediateTimer implements StoreTimer {

  @Override
  public long nanoTime() {
    return 0;
  }

  @Override
  public Scheduled schedule(Runnable task, long delayNanos) {
    if (delayNanos == 0) {
      task.run();
    }
    return () -> {};
  }
}
