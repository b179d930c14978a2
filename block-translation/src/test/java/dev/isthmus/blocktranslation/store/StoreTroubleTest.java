package dev.isthmus.blocktranslation.store;

import static dev.isthmus.blocktranslation.store.StoreTesting.bytes;
import static dev.isthmus.blocktranslation.store.StoreTesting.segments;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** How a store behaves towards a server in trouble, in virtual time. */
class StoreTroubleTest {

  private static final long MILLI = 1_000_000;
  private static final long SECOND = 1_000_000_000;
  private static final StoreLimits LIMITS = StoreLimits.DEFAULT;
  private static final RequestOptions READ = RequestOptions.of(RequestPurpose.READ);

  private final SimulatedTimer timer = new SimulatedTimer();
  private final Random random = new Random(7);

  private TimedDriver driver(
      LongSupplier latencyNanos, Supplier<@Nullable StoreException> failure) {
    return new TimedDriver(timer, latencyNanos, failure);
  }

  private PolicyObjectStore open(TimedDriver driver, StoreLimits limits) {
    return new PolicyObjectStore(driver, limits, timer, random);
  }

  private static CompletableFuture<StoredObject> read(ObjectStore store) {
    return store.get("k", ByteRange.span(0, 4096), READ);
  }

  private static StoreException throttled() {
    return new StoreException.Throttled("503 SlowDown");
  }

  private static StoreException reset() {
    return new StoreException.Unreachable("reset", null);
  }

  /** A server that is gone for ten minutes, under a load that never ends. */
  @Test
  void retriesStayWithinTheirBudget() {
    var driver = driver(() -> 2 * MILLI, StoreTroubleTest::reset);
    var store = open(driver, LIMITS);
    for (int second = 1; second <= 600; second++) {
      for (int i = 0; i < 20; i++) {
        var _ = read(store);
      }
      timer.advance(SECOND);
      var counts = store.statistics().total();
      long first = counts.attempts() - counts.retries();
      assertTrue(
          counts.retries() <= 100 + 0.2 * first + 10.0 * second,
          counts.retries() + " retries of " + first + " requests in " + second + " s");
    }
    var counts = store.statistics().total();
    assertTrue(counts.retries() > 600 * 9, "the budget is used: " + counts.retries());
    assertEquals(0, store.statistics().retriesLeft());
  }

  @Test
  void aFewFailuresAreRetriedAtOnce() {
    var driver = driver(() -> MILLI, () -> random.nextInt(50) == 0 ? reset() : null);
    var store = open(driver, LIMITS);
    for (int i = 0; i < 20_000; i++) {
      long startNanos = timer.nanoTime();
      timer.await(read(store));
      assertTrue(timer.nanoTime() - startNanos < SECOND, "read " + i);
    }
    assertEquals(100, store.statistics().retriesLeft(), 5);
  }

  @Test
  void fewerRequestsWhenTheServerAsksForThem() {
    // A server that takes 10 at once.
    var holder = new TimedDriver[1];
    var driver = driver(() -> 10 * MILLI, () -> holder[0].underWay > 10 ? throttled() : null);
    holder[0] = driver;
    var store = open(driver, LIMITS);
    var reads = new ArrayList<CompletableFuture<StoredObject>>();
    for (int i = 0; i < 1000; i++) {
      reads.add(read(store));
    }
    assertEquals(64, driver.mostUnderWay);
    int lowest = 64;
    for (CompletableFuture<StoredObject> read : reads) {
      timer.await(read);
      lowest = Math.min(lowest, store.statistics().concurrencyLimit());
    }
    assertTrue(lowest <= 12, "lowest limit " + lowest);
    assertTrue(store.statistics().total().trouble().throttled() > 0);

    // It never falls below two, and comes back with success.
    for (int i = 0; i < 100; i++) {
      holder[0].underWay = 100; // whatever is sent is one too many
      var _ = read(store);
      timer.advance(SECOND);
    }
    assertEquals(2, store.statistics().concurrencyLimit());
    holder[0].underWay = 0;
    for (int i = 0; i < 3000; i++) {
      holder[0].underWay = 0;
      timer.await(read(store));
    }
    assertEquals(64, store.statistics().concurrencyLimit());
  }

  /** Two of a hundred answers take half a second, the others 2 ms. */
  @Test
  void hedgesTakeTheTailAway() {
    var off = latencies(LIMITS.withHedgeShare(0));
    var on = latencies(LIMITS);
    assertEquals(500 * MILLI, off.p99Nanos());
    assertEquals(0, off.counts().trouble().hedges());
    assertTrue(on.p99Nanos() <= 8 * MILLI, on.p99Nanos() + " ns");
    var trouble = on.counts().trouble();
    assertTrue(trouble.hedges() <= 10 + 0.05 * on.counts().requests(), trouble.toString());
    assertTrue(trouble.hedgesWon() > 0.9 * trouble.hedges(), trouble.toString());
    assertEquals(on.counts().requests() + trouble.hedges(), on.counts().attempts());
    assertEquals(0, on.counts().retries());
    assertEquals(trouble.hedges(), on.cancelled());
  }

  private record Latencies(long p99Nanos, StoreStatistics.Counts counts, long cancelled) {}

  private Latencies latencies(StoreLimits limits) {
    var driver = driver(() -> random.nextInt(50) == 0 ? 500 * MILLI : 2 * MILLI, () -> null);
    var store = open(driver, limits);
    var tookNanos = new long[10_000];
    for (int i = 0; i < tookNanos.length; i++) {
      long startNanos = timer.nanoTime();
      timer.await(read(store));
      tookNanos[i] = timer.nanoTime() - startNanos;
    }
    timer.runUntilIdle();
    // The first reads teach what is usual.
    long[] sorted = java.util.Arrays.copyOfRange(tookNanos, 500, tookNanos.length);
    java.util.Arrays.sort(sorted);
    return new Latencies(
        sorted[sorted.length * 99 / 100], store.statistics().total(), driver.cancelled);
  }

  /** When every read is slow, a second one each would only make it worse. */
  @Test
  void hedgesAreABoundedShare() {
    long[] latencyNanos = {2 * MILLI};
    var driver = driver(() -> latencyNanos[0], () -> null);
    var store = open(driver, LIMITS);
    for (int i = 0; i < 200; i++) {
      timer.await(read(store));
    }
    latencyNanos[0] = 50 * MILLI;
    for (int i = 0; i < 1000; i++) {
      timer.await(read(store));
    }
    var counts = store.statistics().total();
    assertTrue(counts.trouble().hedges() <= 10 + 0.05 * counts.requests(), counts.toString());
  }

  @Test
  void onlyWhatSomeoneWaitsForIsHedged() {
    var driver = driver(() -> random.nextInt(50) == 0 ? SECOND : MILLI, () -> null);
    var store = open(driver, LIMITS);
    for (int i = 0; i < 1000; i++) {
      timer.await(
          store.get("k", ByteRange.span(0, 10), RequestOptions.of(RequestPurpose.READ_AHEAD)));
      timer.await(store.put("k", segments(bytes(10, 1)), PutCondition.ifAbsent(), READ));
    }
    assertEquals(0, store.statistics().total().trouble().hedges());
    assertEquals(2000, driver.sent);
  }

  /** The first fails while its hedge is under way: the hedge's answer counts. */
  @Test
  void aHedgeOutlivesTheFailureOfTheFirst() {
    var script = new ArrayList<Long>();
    var failures = new ArrayList<StoreException>();
    var driver =
        driver(
            () -> script.isEmpty() ? MILLI : script.removeFirst(),
            () -> failures.isEmpty() ? null : failures.removeFirst());
    var store = open(driver, LIMITS);
    for (int i = 0; i < 100; i++) {
      timer.await(read(store));
    }
    script.addAll(List.of(20 * MILLI, 40 * MILLI));
    failures.add(reset());
    timer.await(read(store));
    var counts = store.statistics().total();
    assertEquals(0, counts.retries());
    assertEquals(1, counts.trouble().hedgesWon());
  }

  @Test
  void whatStaysDamagedIsCorruptAndNothingElse() {
    int[] damaged = {3};
    var driver =
        driver(
            () -> MILLI,
            () -> damaged[0]-- > 0 ? new StoreException.Damaged("bad checksum", null) : null);
    var store = open(driver, LIMITS);
    timer.await(read(store));
    assertEquals(3, store.statistics().total().trouble().damaged());
    damaged[0] = 100;
    var e = assertThrows(CompletionException.class, () -> timer.await(read(store)));
    assertInstanceOf(StoreException.Corrupt.class, e.getCause());
    assertEquals(96, damaged[0]);
  }
}
