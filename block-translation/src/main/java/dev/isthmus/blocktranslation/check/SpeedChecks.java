package dev.isthmus.blocktranslation.check;

import dev.isthmus.blocktranslation.store.ETag;
import dev.isthmus.blocktranslation.store.PutCondition;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** How fast a bucket is, by a few requests. Threading: confined to the check's thread. */
final class SpeedChecks {

  private static final int SAMPLES = 20;
  private static final int SMALL_BYTES = 4096;

  /** As a volume has on their way: 24 MiB there and 24 MiB back, below the check's 64 MiB. */
  private static final int SEGMENTS = 3;

  private static final int SEGMENT_BYTES = 8 << 20;

  /** A flush that waits for the bucket, or a read that misses, is then felt by every program. */
  private static final long SLOW_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final ProbeArea area;

  SpeedChecks(ProbeArea area) {
    this.area = area;
  }

  Finding latency() {
    byte[] body = bytes(SMALL_BYTES);
    long[] puts = new long[SAMPLES];
    long[] gets = new long[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) {
      long start = System.nanoTime();
      ETag _ = area.put("small", body, PutCondition.always());
      long between = System.nanoTime();
      byte[] _ = area.get("small");
      gets[i] = System.nanoTime() - between;
      puts[i] = between - start;
    }
    Arrays.sort(puts);
    Arrays.sort(gets);
    String seen = "4 KiB, %d each: PUT %s, GET %s".formatted(SAMPLES, times(puts), times(gets));
    return p95(puts) > SLOW_NANOS || p95(gets) > SLOW_NANOS
        ? Finding.warn(
            "latency",
            seen,
            "a read that is not cached and a flush with --flush uploaded wait for it: a nearer region?")
        : Finding.ok("latency", seen);
  }

  private static String times(long[] sorted) {
    return "p50 %s, p95 %s".formatted(millis(sorted[sorted.length / 2]), millis(p95(sorted)));
  }

  /** By nearest rank: of twenty the slowest but one. */
  private static long p95(long[] sorted) {
    return sorted[(sorted.length * 95 + 99) / 100 - 1];
  }

  private static String millis(long nanos) {
    return String.format(Locale.ROOT, "%.1f ms", nanos / 1e6);
  }

  Finding throughput() {
    byte[] body = bytes(SEGMENT_BYTES);
    long start = System.nanoTime();
    var puts = new ArrayList<CompletableFuture<ETag>>();
    for (int i = 0; i < SEGMENTS; i++) {
      puts.add(area.start("segment-" + i, body, PutCondition.always()));
    }
    puts.forEach(ProbeArea::await);
    long between = System.nanoTime();
    for (int i = 0; i < SEGMENTS; i++) {
      if (!Arrays.equals(area.get("segment-" + i), body)) {
        return Finding.fail(
            "throughput", "8 MiB came back changed", "look at the provider, proxy and memory");
      }
    }
    long end = System.nanoTime();
    return Finding.ok(
        "throughput",
        "%d × 8 MiB: PUT %s at once, GET %s one by one"
            .formatted(SEGMENTS, rate(between - start), rate(end - between)));
  }

  private static String rate(long nanos) {
    double mib = SEGMENTS * (SEGMENT_BYTES >> 20) / (nanos / 1e9);
    return String.format(Locale.ROOT, "%.0f MiB/s", mib);
  }

  private static byte[] bytes(int length) {
    byte[] bytes = new byte[length];
    new Random().nextBytes(bytes);
    return bytes;
  }

  /** What is said where it is not asked for. */
  static List<Finding> skipped(@Nullable String why) {
    String words = why == null ? "left out by --quick" : why;
    return List.of(Finding.skip("latency", words), Finding.skip("throughput", words));
  }
}
