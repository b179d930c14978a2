package dev.isthmus.targets.loop;

import java.time.Duration;

/**
 * How a group of event loops runs. Immutable, valid.
 *
 * @param threads loops, each one thread; connections are dealt out to them
 * @param spinNanos longest busy wait after the last activity before a loop blocks; 0 never spins.
 *     It spends processor time to save the wake-up (measured: 20 to 8.6 µs at queue depth 1), and
 *     gives way by itself where spinning does not pay or only one processor is there
 * @param maxConnections over all loops; a connection beyond is closed when accepted
 * @param bufferMemoryBytes off-heap payload memory over all loops, split evenly
 * @param stallNanos a connection whose peer takes nothing of what is queued for it, or owes data
 *     and sends none, for this long is closed
 */
public record LoopSettings(
    int threads, long spinNanos, int maxConnections, long bufferMemoryBytes, long stallNanos) {

  /** Least payload memory of one loop: two of the largest buffers, and capsules beside them. */
  public static final long MIN_BUFFER_BYTES_PER_LOOP = 8L << 20;

  /** Longest spin: beyond, a spinning loop is a busy one. */
  public static final long MAX_SPIN_NANOS = Duration.ofMillis(10).toNanos();

  public LoopSettings {
    if (threads < 1 || threads > 64) {
      throw new IllegalArgumentException("event loop threads are 1 to 64, not " + threads);
    }
    if (spinNanos < 0 || spinNanos > MAX_SPIN_NANOS) {
      throw new IllegalArgumentException(
          "the spin time is 0 to " + MAX_SPIN_NANOS + " ns, not " + spinNanos);
    }
    if (maxConnections < 2 || maxConnections > 65_536) {
      throw new IllegalArgumentException("connections are 2 to 65536, not " + maxConnections);
    }
    if (bufferMemoryBytes / threads < MIN_BUFFER_BYTES_PER_LOOP) {
      throw new IllegalArgumentException(
          "buffer memory is at least "
              + MIN_BUFFER_BYTES_PER_LOOP
              + " bytes for each of "
              + threads
              + " threads, not "
              + bufferMemoryBytes);
    }
    if (stallNanos < Duration.ofSeconds(1).toNanos()) {
      throw new IllegalArgumentException("the stall limit is at least 1 s, not " + stallNanos);
    }
  }

  /** One thread per two processors and at most four, 50 µs of spin, 1024 connections, 256 MiB. */
  public static LoopSettings defaults() {
    int threads = Math.clamp(Runtime.getRuntime().availableProcessors() / 2, 1, 4);
    return new LoopSettings(threads, 50_000, 1024, 256L << 20, Duration.ofSeconds(60).toNanos());
  }

  /** The same with another number of threads. */
  public LoopSettings withThreads(int value) {
    return new LoopSettings(value, spinNanos, maxConnections, bufferMemoryBytes, stallNanos);
  }

  /** The same with another spin time; 0 switches it off. */
  public LoopSettings withSpinNanos(long value) {
    return new LoopSettings(threads, value, maxConnections, bufferMemoryBytes, stallNanos);
  }

  /** The same with another connection limit. */
  public LoopSettings withMaxConnections(int value) {
    return new LoopSettings(threads, spinNanos, value, bufferMemoryBytes, stallNanos);
  }

  /** The same with another memory budget. */
  public LoopSettings withBufferMemoryBytes(long value) {
    return new LoopSettings(threads, spinNanos, maxConnections, value, stallNanos);
  }

  /** The same with another stall limit. */
  public LoopSettings withStallNanos(long value) {
    return new LoopSettings(threads, spinNanos, maxConnections, bufferMemoryBytes, value);
  }
}
