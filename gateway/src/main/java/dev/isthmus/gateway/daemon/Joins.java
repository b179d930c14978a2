package dev.isthmus.gateway.daemon;

import java.time.Duration;
import java.util.List;

/** Waiting for threads. */
public final class Joins {

  private Joins() {}

  /** Waits for all, whatever interrupts arrive meanwhile; the interrupt is kept for the caller. */
  static void untilAllEnded(List<Thread> threads) {
    boolean interrupted = false;
    for (Thread thread : threads) {
      while (thread.isAlive()) {
        try {
          thread.join();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits for a thread until a moment of {@link System#nanoTime}; it may still run afterwards. */
  public static void until(Thread thread, long deadlineNanos) {
    try {
      thread.join(Duration.ofNanos(Math.max(1, deadlineNanos - System.nanoTime())));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
