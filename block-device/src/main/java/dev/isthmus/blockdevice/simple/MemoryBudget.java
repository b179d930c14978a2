package dev.isthmus.blockdevice.simple;

import java.util.concurrent.atomic.AtomicLong;

/** Off-heap bytes that the malloc devices of one provider may hold. Threading: thread-safe. */
final class MemoryBudget {

  private final long limitBytes;
  private final AtomicLong usedBytes = new AtomicLong();

  MemoryBudget(long limitBytes) {
    this.limitBytes = limitBytes;
  }

  boolean tryReserve(long bytes) {
    if (usedBytes.addAndGet(bytes) <= limitBytes) {
      return true;
    }
    release(bytes);
    return false;
  }

  void release(long bytes) {
    usedBytes.addAndGet(-bytes);
  }

  long usedBytes() {
    return usedBytes.get();
  }
}
