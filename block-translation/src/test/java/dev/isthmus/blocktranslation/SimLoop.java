package dev.isthmus.blocktranslation;

import dev.isthmus.blocktranslation.store.SimulatedTimer;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * An {@link EngineLoop} in simulated time: loop, blocking work and the store's answers are all
 * tasks of one {@link SimulatedTimer}, so a seed decides the whole run.
 *
 * <p>Blocking work starts after a random delay and is done in one step. {@link #kill} is the death
 * of the process: nothing that was handed in or is handed in later runs, and a call that waits ends
 * with {@link SimCrash}. Threading: confined to the test's thread.
 */
final class SimLoop implements EngineLoop {

  /** A wait beyond this is a hang: every deadline of the engine is far below. */
  private static final long LONGEST_WAIT_NANOS = 600_000_000_000L;

  /** 2026-01-01, so that times look like times. */
  private static final long WALL_BASE_NANOS = 1_767_225_600_000_000_000L;

  private final SimulatedTimer timer;
  private final Random random;
  private final long maxBlockingNanos;
  private final Consumer<Throwable> onDefect;
  private final Runnable onWait;
  private final LongSupplier wallSkewNanos;
  private boolean killed;
  private boolean ended;
  private boolean running;

  /**
   * @param maxBlockingNanos longest delay of work that blocks
   * @param onDefect hears of what a task let escape, on the loop or beside it
   * @param onWait called before each step of time while a call waits: there the rest of the world
   *     goes on, and the process may die
   * @param wallSkewNanos how wrong the wall clock is
   */
  SimLoop(
      SimulatedTimer timer,
      Random random,
      long maxBlockingNanos,
      Consumer<Throwable> onDefect,
      Runnable onWait,
      LongSupplier wallSkewNanos) {
    this.timer = timer;
    this.random = random;
    this.maxBlockingNanos = maxBlockingNanos;
    this.onDefect = onDefect;
    this.onWait = onWait;
    this.wallSkewNanos = wallSkewNanos;
  }

  /** The process dies. */
  void kill() {
    killed = true;
  }

  @Override
  public void execute(Runnable task) {
    // As after the end of the loop's thread: handed in, and never run.
    if (!ended) {
      var _ = timer.schedule(() -> onLoop(task), 0);
    }
  }

  private void onLoop(Runnable task) {
    if (killed) {
      return;
    }
    running = true;
    guarded(task);
    running = false;
  }

  private void guarded(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException | Error e) {
      onDefect.accept(e);
    }
  }

  @Override
  public Timer schedule(long delayNanos, Runnable task) {
    if (!running) {
      throw new IllegalStateException("timers are set on the loop");
    }
    return timer.schedule(
            () -> {
              if (!ended) {
                onLoop(task);
              }
            },
            delayNanos)
        ::cancel;
  }

  @Override
  public Executor blocking() {
    return task -> {
      var _ =
          timer.schedule(
              () -> {
                if (!killed) {
                  guarded(task);
                }
              },
              random.nextLong(maxBlockingNanos + 1));
    };
  }

  @Override
  public long nanoTime() {
    return timer.nanoTime();
  }

  @Override
  public long wallNanos() {
    return WALL_BASE_NANOS + timer.nanoTime() + wallSkewNanos.getAsLong();
  }

  @Override
  public boolean inLoop() {
    return running;
  }

  @Override
  public <T> T await(CompletableFuture<T> future) {
    if (running) {
      throw new IllegalStateException("the loop does not wait");
    }
    long from = timer.nanoTime();
    requireAlive();
    while (!future.isDone()) {
      onWait.run();
      requireAlive();
      if (!future.isDone()) {
        step(timer, from);
      }
    }
    return future.join();
  }

  /** Steps the time until {@code future} is done; a hang is an error. */
  static void runUntil(SimulatedTimer timer, CompletableFuture<?> future) {
    long from = timer.nanoTime();
    while (!future.isDone()) {
      step(timer, from);
    }
  }

  private static void step(SimulatedTimer timer, long fromNanos) {
    if (!timer.step()) {
      throw new AssertionError("a hang: nothing is scheduled any more");
    }
    if (timer.nanoTime() - fromNanos > LONGEST_WAIT_NANOS) {
      throw new AssertionError("a hang: not done after ten minutes");
    }
  }

  private void requireAlive() {
    if (killed) {
      throw new SimCrash();
    }
  }

  @Override
  public long jittered(long baseNanos) {
    return baseNanos / 2 + random.nextLong(baseNanos);
  }

  @Override
  public void shutdown() {
    var _ = timer.schedule(() -> ended = true, 0);
  }
}
