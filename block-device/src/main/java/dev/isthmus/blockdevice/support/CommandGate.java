package dev.isthmus.blockdevice.support;

import dev.isthmus.blockdevice.IoStatus;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts a device's commands in flight, bounds them, and lets its close wait for the last one.
 *
 * <p>Threading: thread-safe; entering and leaving never block.
 */
public final class CommandGate {

  /** The sign bit says closed; the rest counts the commands inside. */
  private static final long CLOSED = Long.MIN_VALUE;

  private final long maxInFlight;
  private final AtomicLong state = new AtomicLong();
  private final CountDownLatch idle = new CountDownLatch(1);

  /**
   * @param maxInFlight most commands inside at one time; further ones are {@link IoStatus#BUSY}
   */
  public CommandGate(int maxInFlight) {
    if (maxInFlight < 1) {
      throw new IllegalArgumentException("max in flight " + maxInFlight);
    }
    this.maxInFlight = maxInFlight;
  }

  /**
   * Takes one command in. Only after {@link IoStatus#OK} must {@link #exit} follow.
   *
   * @return {@code OK}, {@code BUSY} at the bound, or {@code CLOSED}
   */
  public IoStatus tryEnter() {
    long now = state.incrementAndGet();
    if (now > 0 && now <= maxInFlight) {
      return IoStatus.OK;
    }
    exit();
    return now < 0 ? IoStatus.CLOSED : IoStatus.BUSY;
  }

  /** One command left; called after its completion. */
  public void exit() {
    if (state.decrementAndGet() == CLOSED) {
      idle.countDown();
    }
  }

  /** Whether {@link #close} was called. */
  public boolean isClosed() {
    return state.get() < 0;
  }

  /** Commands inside now. */
  public long inFlight() {
    return state.get() & ~CLOSED;
  }

  /**
   * Refuses new commands.
   *
   * @return whether this call closed it; false if it was closed already
   */
  public boolean close() {
    long before = state.getAndUpdate(s -> s | CLOSED);
    if (before == 0) {
      idle.countDown();
    }
    return before >= 0;
  }

  /**
   * Waits until every command that entered has left. Not interrupted: an interrupt is kept for the
   * caller. Never returns on a thread that is inside a command itself.
   */
  public void awaitIdle() {
    boolean interrupted = false;
    while (true) {
      try {
        idle.await();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
