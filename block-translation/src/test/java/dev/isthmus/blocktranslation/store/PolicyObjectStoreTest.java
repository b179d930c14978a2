package dev.isthmus.blocktranslation.store;

import static dev.isthmus.blocktranslation.store.StoreTesting.bytes;
import static dev.isthmus.blocktranslation.store.StoreTesting.segments;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blocktranslation.store.StoreFaults.Fault;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The policy over the fake bucket, in virtual time: deadlines, retries, bounds, each fault. */
class PolicyObjectStoreTest {

  private static final RequestOptions OPTIONS = RequestOptions.of(RequestPurpose.SEGMENT);
  private static final StoreLimits LIMITS = StoreLimits.DEFAULT;

  private final SimulatedTimer timer = new SimulatedTimer();
  private final FakeBucket bucket = new FakeBucket();
  private final long seed = new Random().nextLong();
  private final Random random = new Random(seed);

  private PolicyObjectStore open(StoreFaults faults) {
    return open(faults, LIMITS);
  }

  private PolicyObjectStore open(StoreFaults faults, StoreLimits limits) {
    return FakeObjectStore.open(
        bucket, timer, random, faults, limits, FakeObjectStore.DEFAULT_MAX_DELAY_NANOS);
  }

  private <T> T await(CompletableFuture<T> future) {
    try {
      return timer.await(future);
    } catch (CompletionException e) {
      throw e.getCause() instanceof StoreException s ? s : e;
    }
  }

  private static CompletableFuture<ETag> create(ObjectStore store, String key, int value) {
    return store.put(key, segments(bytes(100, value)), PutCondition.ifAbsent(), OPTIONS);
  }

  /** Each fault once on a create: it ends well, or as 412 exactly where its own effect is there. */
  @ParameterizedTest
  @EnumSource(Fault.class)
  void oneFaultOnACreate(Fault fault) {
    var store = open(StoreFaults.script(RequestKind.PUT, "k", StoreFaults.NONE, fault));
    boolean appliedUnseen = fault == Fault.REPLY_LOST || fault == Fault.REPLY_CUT;
    if (appliedUnseen) {
      var e =
          assertThrows(StoreException.PreconditionFailed.class, () -> await(create(store, "k", 1)));
      assertEquals(2, e.attempts());
    } else {
      await(create(store, "k", 1));
    }
    timer.runUntilIdle();
    assertArrayEquals(bytes(100, 1), bucket.peek("k"));
    assertEquals(1, bucket.effects().stream().filter(FakeBucket.Effect::won).count());
  }

  @Test
  void aLateEffectComesAfterTheStoreIsAborted() {
    var store = open(StoreFaults.script(null, "k", StoreFaults.NONE, Fault.LATE_EFFECT));
    var put = create(store, "k", 1);
    timer.advance(1_000_000_000);
    store.abort();
    var e = assertThrows(StoreException.Unavailable.class, () -> await(put));
    assertEquals(1, e.attempts());
    assertEquals(List.of(), bucket.keys());
    timer.runUntilIdle();
    assertEquals(List.of("k"), bucket.keys());
  }

  @Test
  void theDeadlineHoldsWhateverHappens() {
    for (Fault fault : Fault.values()) {
      if (fault == Fault.NONE
          || fault == Fault.CONFLICT
          || fault == Fault.DUPLICATED
          || fault == Fault.DAMAGED_REPLY) {
        continue;
      }
      long startNanos = timer.nanoTime();
      var store = open((_, _) -> fault);
      var get = store.get("k", ByteRange.whole(9), OPTIONS.withTimeoutNanos(3_000_000_000L));
      assertThrows(StoreException.Unavailable.class, () -> await(get), fault.name());
      assertTrue(timer.nanoTime() - startNanos <= 3_000_000_000L, fault.name());
      timer.runUntilIdle();
      assertEquals(0, store.statistics().inFlight());
    }
  }

  @Test
  void attemptsAreCappedAndBackOffGrows() {
    var attemptNanos = new ArrayList<Long>();
    var store =
        open((_, _) -> {
          attemptNanos.add(timer.nanoTime());
          return Fault.THROTTLED;
        });
    var e =
        assertThrows(
            StoreException.Unavailable.class,
            () -> await(store.delete("k", OPTIONS.withTimeoutNanos(1_000_000_000_000L))));
    assertEquals(LIMITS.maxAttempts(), e.attempts());
    assertEquals(LIMITS.maxAttempts(), attemptNanos.size());
    for (int i = 1; i < attemptNanos.size(); i++) {
      long gapNanos = attemptNanos.get(i) - attemptNanos.get(i - 1);
      long boundNanos = Math.min(LIMITS.backoffCapNanos(), LIMITS.backoffBaseNanos() << (i - 1));
      assertTrue(
          gapNanos <= boundNanos + 2 * FakeObjectStore.DEFAULT_MAX_DELAY_NANOS, "seed " + seed);
    }
  }

  @Test
  void aCallerMayWantFewerAttemptsButNotMore() {
    var store = open((_, _) -> Fault.THROTTLED);
    var patient = OPTIONS.withTimeoutNanos(1_000_000_000_000L);
    for (int asked : new int[] {1, 3, LIMITS.maxAttempts() + 1}) {
      var e =
          assertThrows(
              StoreException.Unavailable.class,
              () -> await(store.delete("k", patient.withMaxAttempts(asked))));
      assertEquals(Math.min(asked, LIMITS.maxAttempts()), e.attempts());
    }
  }

  @Test
  void boundsOfRequestsUnderWayAndWaiting() {
    var store = open(StoreFaults.NONE, LIMITS.withRequests(3, 5));
    var puts = new ArrayList<CompletableFuture<ETag>>();
    for (int i = 0; i < 10; i++) {
      puts.add(create(store, "k" + i, i));
    }
    assertEquals(3, store.statistics().inFlight());
    assertEquals(5, store.statistics().queued());
    for (int i = 8; i < 10; i++) {
      int refused = i;
      var e = assertThrows(StoreException.Unavailable.class, () -> await(puts.get(refused)));
      assertEquals(0, e.attempts());
    }
    for (int i = 0; i < 8; i++) {
      await(puts.get(i));
    }
    assertEquals(8, bucket.keys().size());
  }

  @Test
  void waitingEndsAtTheDeadlineWithoutAnAttempt() {
    var store =
        open(
            StoreFaults.script(null, "slow", StoreFaults.NONE, Fault.REQUEST_LOST),
            LIMITS.withRequests(1, 5));
    var slow = create(store, "slow", 1);
    var waiting = store.get("other", ByteRange.whole(1), OPTIONS.withTimeoutNanos(1_000_000_000L));
    var e = assertThrows(StoreException.Unavailable.class, () -> await(waiting));
    assertEquals(0, e.attempts());
    await(slow);
  }

  /**
   * A body is not touched once its future completed, though attempts that were given up live on.
   */
  @Test
  void theBodyIsGivenBack() {
    var bodies = new ArrayList<PutBody>();
    var driver = new KeepingDriver(bodies);
    var store = new PolicyObjectStore(driver, LIMITS, timer, random);
    CompletableFuture<ETag> put;
    try (Arena arena = Arena.ofShared()) {
      MemorySegment segment = arena.allocate(1000);
      put =
          store.put(
              "k",
              List.of(segment),
              PutCondition.always(),
              OPTIONS.withTimeoutNanos(1_000_000_000L));
      assertTrue(bodies.getFirst().copy(0, new byte[1000], 1000));
      assertThrows(StoreException.Unavailable.class, () -> await(put));
    }
    assertFalse(bodies.getFirst().copy(0, new byte[1000], 1000));
    assertThrows(StoreException.Unavailable.class, () -> bodies.getFirst().crc32c());
  }

  @Test
  void anyOtherExceptionIsADefect() {
    var store = open((_, _) -> Fault.valueOf("NO_SUCH_FAULT"));
    var e =
        assertThrows(
            StoreException.Internal.class,
            () -> await(store.get("k", ByteRange.whole(1), OPTIONS)));
    assertInstanceOf(IllegalArgumentException.class, e.getCause());
  }

  @Test
  void theSameSeedGivesTheSameRun() {
    assertEquals(run(7), run(7));
    assertNotEquals(run(7), run(8));
  }

  private static List<FakeBucket.Effect> run(long seed) {
    var timer = new SimulatedTimer();
    var random = new Random(seed);
    var bucket = new FakeBucket();
    var store = FakeObjectStore.open(bucket, timer, random, StoreFaults.random(random, 0.4));
    for (int i = 0; i < 50; i++) {
      var _ = create(store, "k" + i % 7, i);
      var _ = store.delete("k" + i % 3, OPTIONS);
    }
    timer.runUntilIdle();
    return bucket.effects();
  }

  /** Many creators under many faults: a create that succeeded is what is there. */
  @Test
  void aCreateThatSucceededStands() {
    for (int round = 0; round < 50; round++) {
      var puts = new ArrayList<CompletableFuture<ETag>>();
      String key = "slot/" + round;
      for (int host = 0; host < 4; host++) {
        puts.add(create(open(StoreFaults.random(random, 0.5)), key, host));
      }
      timer.runUntilIdle();
      int winners = 0;
      for (int host = 0; host < puts.size(); host++) {
        if (!puts.get(host).isCompletedExceptionally()) {
          winners++;
          assertArrayEquals(bytes(100, host), bucket.peek(key), "seed " + seed);
        }
      }
      assertTrue(winners <= 1, "seed " + seed);
    }
  }
}
