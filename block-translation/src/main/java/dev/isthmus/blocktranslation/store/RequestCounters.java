package dev.isthmus.blocktranslation.store;

import dev.isthmus.blocktranslation.store.StoreStatistics.Counts;
import dev.isthmus.blocktranslation.store.StoreStatistics.Request;
import dev.isthmus.blocktranslation.store.StoreStatistics.Trouble;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** Counts behind {@link StoreStatistics}. Threading: thread-safe. */
final class RequestCounters {

  /** What is counted of each kind and purpose. */
  enum Event {
    REQUEST,
    ATTEMPT,
    RETRY,
    SENT_BYTES,
    RECEIVED_BYTES,
    FAILURE,
    NOT_FOUND,
    PRECONDITION_FAILED,
    THROTTLED,
    DAMAGED,
    HEDGE,
    HEDGE_WON
  }

  private record Key(Request request, Event event) {}

  private final ConcurrentHashMap<Key, LongAdder> counts = new ConcurrentHashMap<>();

  void add(RequestKind kind, RequestPurpose purpose, Event event, long amount) {
    counts
        .computeIfAbsent(new Key(new Request(kind, purpose), event), k -> new LongAdder())
        .add(amount);
  }

  Map<Request, Counts> snapshot() {
    var snapshot = new HashMap<Request, Counts>();
    for (Key key : counts.keySet()) {
      snapshot.computeIfAbsent(key.request(), this::countsOf);
    }
    return snapshot;
  }

  private Counts countsOf(Request request) {
    return new Counts(
        get(request, Event.REQUEST),
        get(request, Event.ATTEMPT),
        get(request, Event.SENT_BYTES),
        get(request, Event.RECEIVED_BYTES),
        get(request, Event.RETRY),
        get(request, Event.FAILURE),
        get(request, Event.NOT_FOUND),
        get(request, Event.PRECONDITION_FAILED),
        new Trouble(
            get(request, Event.THROTTLED),
            get(request, Event.DAMAGED),
            get(request, Event.HEDGE),
            get(request, Event.HEDGE_WON)));
  }

  private long get(Request request, Event event) {
    LongAdder adder = counts.get(new Key(request, event));
    return adder == null ? 0 : adder.sum();
  }
}
