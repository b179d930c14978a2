package dev.isthmus.benchmarks.wire;

import java.io.IOException;
import org.HdrHistogram.Histogram;

/**
 * Keeps a number of requests in flight: each answer is followed by the next request at once. Polls,
 * so that no wake-up of the measuring side is measured. Threading: one thread.
 */
public final class ClosedLoop {

  private final Wire wire;
  private final long[] startedNanos = new long[Wire.MAX_IN_FLIGHT];
  private final Histogram nanos = Sample.nanosHistogram();
  private Operation operation = Operation.READ;
  private Blocks blocks = () -> Blocks.NONE;
  private long stopNanos;
  private int inFlight;

  /** Where the next request goes. */
  @FunctionalInterface
  public interface Blocks {
    /** There is no next request. */
    long NONE = -1;

    /** A block, or {@link #NONE}. */
    long next();
  }

  public ClosedLoop(Wire wire) {
    this.wire = wire;
  }

  /** Runs for {@code durationNanos}, or until {@code next} has no more, and waits for the rest. */
  public Sample run(Operation what, int queueDepth, long durationNanos, Blocks next)
      throws IOException {
    operation = what;
    blocks = next;
    nanos.reset();
    long begin = System.nanoTime();
    stopNanos = begin + durationNanos;
    for (int tag = 0; tag < queueDepth; tag++) {
      submit(tag, begin);
    }
    while (inFlight > 0) {
      wire.send();
      wire.poll(this::ended);
    }
    return Sample.of(nanos, System.nanoTime() - begin);
  }

  private void submit(int tag, long nowNanos) {
    long block = nowNanos - stopNanos < 0 ? blocks.next() : Blocks.NONE;
    if (block != Blocks.NONE) {
      inFlight++;
      startedNanos[tag] = nowNanos;
      wire.submit(tag, operation, block);
    }
  }

  private void ended(int tag) {
    long now = System.nanoTime();
    inFlight--;
    nanos.recordValue(now - startedNanos[tag]);
    submit(tag, now);
  }
}
