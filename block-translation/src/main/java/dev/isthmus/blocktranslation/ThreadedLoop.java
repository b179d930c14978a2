package dev.isthmus.blocktranslation;

import java.time.Instant;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An {@link EngineLoop} on a platform thread of its own.
 *
 * <p>The queue has no bound of its own: what fills it is bounded by those who hand work in (the
 * volume counts commands in flight, the store its requests). Threading: as {@link EngineLoop} says.
 */
final class ThreadedLoop implements EngineLoop {

  private static final Logger LOG = LoggerFactory.getLogger(ThreadedLoop.class);

  /**
   * How long the loop looks for work before it parks: about what parking and waking costs, so that
   * a queue depth of one does not pay for it each time.
   */
  private static final long SPIN_NANOS = 20_000;

  /** Timers are looked at after so many tasks, so that a flood of tasks does not starve them. */
  private static final int TASKS_PER_ROUND = 256;

  private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final PriorityQueue<Scheduled> timers =
      new PriorityQueue<>(Comparator.comparingLong((Scheduled s) -> s.atNanos));
  private final Executor blocking;
  private final Consumer<Throwable> onDefect;
  private final Thread thread;
  private volatile boolean parked;
  private volatile boolean shutdown;

  /**
   * @param onDefect hears, on the loop, of an exception that a task let escape, on the loop or off
   *     it
   */
  ThreadedLoop(String name, Executor blocking, Consumer<Throwable> onDefect) {
    this.blocking = task -> blocking.execute(() -> offLoop(task));
    this.onDefect = onDefect;
    this.thread = Thread.ofPlatform().daemon(true).name(name).unstarted(this::run);
    thread.start();
  }

  @Override
  public void execute(Runnable task) {
    tasks.add(task);
    if (parked) {
      LockSupport.unpark(thread);
    }
  }

  @Override
  public Timer schedule(long delayNanos, Runnable task) {
    if (!inLoop()) {
      throw new IllegalStateException("timers are set on the loop");
    }
    var scheduled = new Scheduled(System.nanoTime() + Math.max(0, delayNanos), task);
    timers.add(scheduled);
    return () -> timers.remove(scheduled);
  }

  @Override
  public Executor blocking() {
    return blocking;
  }

  // What waits for the task's answer would wait for ever, and nobody would know why.
  private void offLoop(Runnable task) {
    try {
      task.run();
    } catch (Throwable e) {
      execute(() -> defect(e));
    }
  }

  @Override
  public long nanoTime() {
    return System.nanoTime();
  }

  @Override
  public long wallNanos() {
    Instant now = Instant.now();
    return TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano();
  }

  @Override
  public boolean inLoop() {
    return Thread.currentThread().equals(thread);
  }

  @Override
  public <T> T await(CompletableFuture<T> future) {
    if (inLoop()) {
      throw new IllegalStateException("the loop does not wait");
    }
    return future.join();
  }

  @Override
  public void shutdown() {
    shutdown = true;
    LockSupport.unpark(thread);
  }

  private void run() {
    boolean goesOn = true;
    while (goesOn) {
      try {
        goesOn = round();
      } catch (Throwable e) {
        // It never ends the loop: a checked exception that some library threw undeclared does not,
        // nor a fault of a mapping, which may be raised late, behind the code that met it.
        defect(e);
      }
    }
  }

  /** Runs what is due, or waits for it; false when the loop has ended. */
  private boolean round() {
    boolean worked = runTimers();
    Runnable task;
    for (int i = 0; i < TASKS_PER_ROUND && (task = tasks.poll()) != null; i++) {
      worked = true;
      task.run();
    }
    return worked || idle();
  }

  private boolean runTimers() {
    boolean worked = false;
    Scheduled first;
    while ((first = timers.peek()) != null && first.atNanos - System.nanoTime() <= 0) {
      timers.remove();
      worked = true;
      first.task.run();
    }
    return worked;
  }

  /** Ends up with the volume, which decides. */
  private void defect(Throwable defect) {
    try {
      onDefect.accept(defect);
    } catch (Throwable another) {
      defect.addSuppressed(another);
      LOG.error("{}: a defect, and nobody could take it", thread.getName(), defect);
    }
  }

  /** Waits for work; false when the loop has ended. */
  private boolean idle() {
    long spinUntil = System.nanoTime() + SPIN_NANOS;
    while (System.nanoTime() - spinUntil < 0) {
      if (!tasks.isEmpty()) {
        return true;
      }
      Thread.onSpinWait();
    }
    parked = true;
    // Looked at again after parked is seen by producers, or a wake-up could be lost.
    if (tasks.isEmpty()) {
      if (shutdown) {
        return false;
      }
      Scheduled first = timers.peek();
      if (first == null) {
        LockSupport.park(this);
      } else {
        long waitNanos = first.atNanos - System.nanoTime();
        if (waitNanos > 0) {
          LockSupport.parkNanos(this, waitNanos);
        }
      }
    }
    parked = false;
    return true;
  }

  private record Scheduled(long atNanos, Runnable task) {}
}
