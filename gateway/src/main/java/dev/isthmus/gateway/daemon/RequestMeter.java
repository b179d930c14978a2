package dev.isthmus.gateway.daemon;

import dev.isthmus.blocktranslation.store.StoreStatistics;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;

/**
 * Remembers what an open volume had asked of its bucket, so that its rate over the last hour can be
 * told. It begins right behind the open, whose own requests come once and are told apart.
 *
 * <p>Threading: thread-safe; guarded by this.
 */
final class RequestMeter {

  /** Between two samples: an hour is then right to a twelfth, and its length is told anyway. */
  static final long EVERY_NANOS = TimeUnit.MINUTES.toNanos(5);

  /** Samples kept: those of an hour and the one before. Each has tens of counts at most. */
  private static final int MAX_SAMPLES = 13;

  private record Sample(StoreStatistics counts, long nanos) {}

  private final Sample opened;
  private final ArrayDeque<Sample> samples = new ArrayDeque<>();

  /**
   * @param counts what opening the volume has asked for
   * @param nowNanos of a clock that only goes on, as {@link System#nanoTime}
   */
  RequestMeter(StoreStatistics counts, long nowNanos) {
    this.opened = new Sample(withoutLevels(counts), nowNanos);
    samples.add(opened);
  }

  /** Takes a sample; called each {@link #EVERY_NANOS}. */
  synchronized void sample(StoreStatistics counts, long nowNanos) {
    StoreStatistics now = withoutLevels(counts);
    // An idle volume has one set of counts, however many samples.
    StoreStatistics newest = samples.getLast().counts;
    samples.add(new Sample(now.equals(newest) ? newest : now, nowNanos));
    if (samples.size() > MAX_SAMPLES) {
      samples.removeFirst();
    }
  }

  private static StoreStatistics withoutLevels(StoreStatistics counts) {
    return StoreStatistics.ofCounts(counts.counts());
  }

  /** What opening asked for. */
  StoreStatistics opening() {
    return opened.counts;
  }

  /** What was asked since the volume was open. */
  RequestWindow sinceOpen(StoreStatistics counts, long nowNanos) {
    return window(opened, counts, nowNanos);
  }

  /** What was asked in the last hour or a little more; or less, if it is not open for so long. */
  synchronized RequestWindow lastHour(StoreStatistics counts, long nowNanos) {
    return window(samples.getFirst(), counts, nowNanos);
  }

  private static RequestWindow window(Sample from, StoreStatistics counts, long nowNanos) {
    return new RequestWindow(nowNanos - from.nanos, counts.since(from.counts));
  }
}
