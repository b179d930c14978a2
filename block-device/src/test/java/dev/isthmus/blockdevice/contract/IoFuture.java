package dev.isthmus.blockdevice.contract;

import dev.isthmus.blockdevice.IoCompletion;
import dev.isthmus.blockdevice.IoStatus;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A completion that can be waited for and counts how often it was called. Thread-safe. */
public final class IoFuture implements IoCompletion {

  /** Limit of every wait; long, since machines that run tests are slow at times. */
  public static final long LIMIT_SECONDS = 60;

  private final CountDownLatch done = new CountDownLatch(1);
  private final AtomicInteger completions = new AtomicInteger();
  private volatile @Nullable IoStatus status;
  private volatile long firstDifferenceBytes = -1;
  private volatile boolean cancelled;

  @Override
  public void complete(IoStatus endStatus) {
    completions.incrementAndGet();
    status = endStatus;
    done.countDown();
  }

  @Override
  public void completeMiscompare(long differenceBytes) {
    firstDifferenceBytes = differenceBytes;
    complete(IoStatus.MISCOMPARE);
  }

  @Override
  public boolean isCancelled() {
    return cancelled;
  }

  /** Gives the command up. */
  public IoFuture cancel() {
    cancelled = true;
    return this;
  }

  /** Waits for the completion; fails if it does not come or came twice. */
  public IoStatus await() {
    try {
      if (!done.await(LIMIT_SECONDS, TimeUnit.SECONDS)) {
        throw new AssertionError("no completion within " + LIMIT_SECONDS + " s");
      }
    } catch (InterruptedException e) {
      throw new AssertionError("interrupted", e);
    }
    if (completions.get() != 1) {
      throw new AssertionError("completed " + completions.get() + " times");
    }
    return java.util.Objects.requireNonNull(status);
  }

  /** How often it was completed so far. */
  public int completions() {
    return completions.get();
  }

  /** What a miscompare reported, or -1. */
  public long firstDifferenceBytes() {
    return firstDifferenceBytes;
  }
}
