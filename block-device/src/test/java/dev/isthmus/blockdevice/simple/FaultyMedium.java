package dev.isthmus.blockdevice.simple;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A file in memory that fails when it is told to. Fault model: each operation throws while its
 * message is set, writes without effect; {@link #hold} makes forces and writes wait. Like Linux, a
 * force after one that failed succeeds.
 */
final class FaultyMedium implements FileMedium {

  private final byte[] content;
  final AtomicInteger forces = new AtomicInteger();
  final AtomicInteger writes = new AtomicInteger();
  final AtomicInteger entered = new AtomicInteger();
  volatile @Nullable String failReads;
  volatile @Nullable String failWrites;
  volatile @Nullable String failForces;
  volatile boolean hold;
  volatile boolean closed;
  private final Semaphore held = new Semaphore(0);

  FaultyMedium(int sizeBytes) {
    content = new byte[sizeBytes];
  }

  /** Lets everything go that waits, now and from now on. */
  void letGo() {
    hold = false;
    held.release(1 << 20);
  }

  private void pass(@Nullable String failure) throws IOException {
    entered.incrementAndGet();
    try {
      if (hold && !held.tryAcquire(60, TimeUnit.SECONDS)) {
        throw new IOException("held for too long");
      }
    } catch (InterruptedException e) {
      throw new IOException("interrupted, which no I/O thread may be", e);
    }
    if (failure != null) {
      throw new IOException(failure);
    }
  }

  @Override
  public void read(ByteBuffer buffer, long offsetBytes) throws IOException {
    pass(failReads);
    synchronized (content) {
      buffer.put(content, (int) offsetBytes, buffer.remaining());
    }
  }

  @Override
  public void write(ByteBuffer data, long offsetBytes) throws IOException {
    pass(failWrites);
    writes.incrementAndGet();
    synchronized (content) {
      data.get(content, (int) offsetBytes, data.remaining());
    }
  }

  @Override
  public void force() throws IOException {
    String failure = failForces;
    failForces = null;
    forces.incrementAndGet();
    pass(failure);
  }

  @Override
  public void close() {
    closed = true;
  }
}
