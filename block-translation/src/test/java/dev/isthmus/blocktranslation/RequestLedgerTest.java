package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blocktranslation.store.FakeBucket;
import dev.isthmus.blocktranslation.store.FakeObjectStore;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.RequestKind;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.SimulatedTimer;
import dev.isthmus.blocktranslation.store.StoreFaults;
import dev.isthmus.blocktranslation.store.StoreStatistics;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RequestLedgerTest {

  private final SimulatedTimer timer = new SimulatedTimer();
  private final FakeBucket bucket = new FakeBucket();
  private final RequestLedger ledger = new RequestLedger();

  private ObjectStore open(StoreFaults faults) {
    return ledger.opened(FakeObjectStore.open(bucket, timer, new Random(1), faults));
  }

  private void list(ObjectStore store) {
    timer.await(store.list("", null, 10, RequestOptions.of(RequestPurpose.ADMIN)));
  }

  private StoreStatistics.Counts lists() {
    Map<String, StoreStatistics> all = ledger.requests();
    assertEquals(1, all.size(), all::toString);
    return all.values().iterator().next().of(RequestKind.LIST, RequestPurpose.ADMIN);
  }

  @Test
  void countsStayWhenConnectionsEnd() {
    assertTrue(ledger.requests().isEmpty());
    ObjectStore first = open(StoreFaults.NONE);
    ObjectStore second = open(StoreFaults.NONE);
    list(first);
    list(second);
    list(second);
    assertEquals(3, lists().attempts());
    ledger.close(second);
    ledger.close(second);
    assertEquals(3, lists().attempts());
    list(first);
    assertEquals(4, lists().attempts());
    ledger.close(first);
    assertEquals(4, lists().attempts());
    ObjectStore third = open(StoreFaults.NONE);
    list(third);
    assertEquals(5, lists().attempts());
    assertEquals(5, lists().requests());
  }

  /** What is sent again is charged again. */
  @Test
  void everyAttemptCounts() {
    int[] failures = {2};
    ObjectStore store =
        open((kind, key) ->
            failures[0]-- > 0 ? StoreFaults.Fault.UNREACHABLE : StoreFaults.Fault.NONE);
    list(store);
    ledger.close(store);
    assertEquals(1, lists().requests());
    assertEquals(3, lists().attempts());
  }
}
