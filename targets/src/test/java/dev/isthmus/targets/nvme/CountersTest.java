package dev.isthmus.targets.nvme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CountersTest {

  /** Each time lies in its bucket, and a bucket is at most a quarter of a time wide. */
  @Test
  void bucketsHoldTheirTimes() {
    long seed = System.nanoTime();
    var random = new Random(seed);
    for (int i = 0; i < 100_000; i++) {
      long nanos = 8 + (random.nextLong() >>> (25 + random.nextInt(35)));
      int bucket = Counters.bucket(nanos);
      assertTrue(nanos <= Counters.bucketUpperNanos(bucket), nanos + ", seed " + seed);
      assertTrue(nanos > Counters.bucketUpperNanos(bucket - 1), nanos + ", seed " + seed);
      assertTrue(Counters.bucketUpperNanos(bucket) <= nanos + nanos / 4, nanos + ", seed " + seed);
    }
    assertEquals(Counters.bucket(Long.MAX_VALUE), Counters.bucket(1L << 45));
  }

  @Test
  void loopsAddUp() {
    var counters = new Counters(2);
    counters.count(0, NvmeOperation.READ, 0, 4096, 1000);
    counters.count(1, NvmeOperation.READ, 0, 8192, 2000);
    counters.count(1, NvmeOperation.READ, StatusCode.dnr(0x281), 0, 3000);
    var all = counters.snapshot();
    assertEquals(java.util.Set.of(NvmeOperation.READ), all.keySet());
    var reads = Objects.requireNonNull(all.get(NvmeOperation.READ));
    assertEquals(3, reads.count());
    assertEquals(12288, reads.bytes());
    assertEquals(6000, reads.latency().sumNanos());
    assertEquals(Map.of(0x281, 1L), reads.errors());
  }
}
