package dev.isthmus.blocktranslation.store;

import static dev.isthmus.blocktranslation.store.StoreTesting.bytes;
import static dev.isthmus.blocktranslation.store.StoreTesting.segments;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blocktranslation.store.StoreFaults.Fault;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Puts that look first: as conditional ones, but for what comes between look and put. */
class LookedPutTest {

  private static final RequestOptions LOOKING =
      RequestOptions.of(RequestPurpose.SEGMENT).lookingFirst();

  private final SimulatedTimer timer = new SimulatedTimer();
  private final FakeBucket bucket = new FakeBucket();
  private final Random random = new Random(11);

  private PolicyObjectStore open(StoreFaults faults) {
    return FakeObjectStore.open(
        bucket,
        timer,
        random,
        faults,
        StoreLimits.DEFAULT,
        FakeObjectStore.DEFAULT_MAX_DELAY_NANOS);
  }

  private <T> T await(CompletableFuture<T> future) {
    try {
      return timer.await(future);
    } catch (CompletionException e) {
      throw e.getCause() instanceof StoreException s ? s : e;
    }
  }

  private ETag put(ObjectStore store, int value, PutCondition condition) {
    return await(store.put("k", segments(bytes(100, value)), condition, LOOKING));
  }

  @Test
  void conditionsAreKeptToByLooking() {
    var store = open(StoreFaults.NONE);
    assertThrows(
        StoreException.PreconditionFailed.class,
        () -> put(store, 0, PutCondition.ifMatch(new ETag("\"none\""))),
        "there is nothing to match");
    ETag first = put(store, 1, PutCondition.ifAbsent());
    assertThrows(
        StoreException.PreconditionFailed.class, () -> put(store, 2, PutCondition.ifAbsent()));
    ETag third = put(store, 3, PutCondition.ifMatch(first));
    assertThrows(
        StoreException.PreconditionFailed.class, () -> put(store, 4, PutCondition.ifMatch(first)));
    assertArrayEquals(bytes(100, 3), bucket.peek("k"));
    ETag _ = put(store, 5, PutCondition.ifMatch(third));
    ETag _ = put(store, 6, PutCondition.always());
    assertArrayEquals(bytes(100, 6), bucket.peek("k"));
  }

  /** What is sent is a look and a plain put, and both are counted. */
  @Test
  void looksAreCountedForThePutsPurpose() {
    var store = open(StoreFaults.NONE);
    ETag _ = put(store, 1, PutCondition.ifAbsent());
    ETag _ = put(store, 2, PutCondition.always());
    assertEquals(
        1, store.statistics().of(RequestKind.GET, RequestPurpose.SEGMENT).attempts(), "one look");
    assertEquals(2, store.statistics().of(RequestKind.PUT, RequestPurpose.SEGMENT).attempts());
    assertTrue(bucket.effects().stream().allMatch(FakeBucket.Effect::won), "nothing conditional");
  }

  /** A retry looks again: what it finds may be its own, and it never puts twice over another's. */
  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      names = {"REPLY_LOST", "REPLY_CUT"})
  void aRetryFindsItsOwnObject(Fault fault) {
    var store = open(StoreFaults.script(RequestKind.PUT, "k", StoreFaults.NONE, fault));
    var own =
        assertThrows(
            StoreException.PreconditionFailed.class, () -> put(store, 1, PutCondition.ifAbsent()));
    assertEquals(2, own.attempts(), "more than one: it may be our own");
    assertArrayEquals(bytes(100, 1), bucket.peek("k"));
  }

  /** An owner that was cut off while another one took its slot. */
  @Test
  void aRetryMeetsWhatAnotherPutThereMeanwhile() {
    var cutOff =
        open(StoreFaults.script(RequestKind.PUT, "k", StoreFaults.NONE, Fault.REQUEST_LOST));
    var late = cutOff.put("k", segments(bytes(100, 1)), PutCondition.ifAbsent(), LOOKING);
    timer.advance(1_000_000_000);
    ETag _ = put(open(StoreFaults.NONE), 2, PutCondition.ifAbsent());
    assertThrows(StoreException.PreconditionFailed.class, () -> await(late));
    assertArrayEquals(bytes(100, 2), bucket.peek("k"));
  }

  /** A look that fails is retried like any attempt, and nothing is put without one. */
  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      names = {"THROTTLED", "UNREACHABLE", "REQUEST_LOST", "REPLY_LOST"})
  void withoutALookNothingIsPut(Fault fault) {
    var store = open((kind, _) -> kind == RequestKind.GET ? fault : Fault.NONE);
    assertThrows(StoreException.Unavailable.class, () -> put(store, 1, PutCondition.ifAbsent()));
    timer.runUntilIdle();
    assertEquals(0, bucket.keys().size());
  }
}
