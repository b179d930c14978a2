package dev.isthmus.blocktranslation.store;

import java.util.HashMap;
import java.util.Map;

/**
 * What was asked of a store since it was opened. A snapshot; the figures may be of slightly
 * different moments. Immutable.
 *
 * @param counts per kind and purpose; absent where nothing was asked
 * @param inFlight requests under way now
 * @param queued requests waiting now
 * @param concurrencyLimit requests that may be under way now: fewer than the bound while the server
 *     asks for fewer
 * @param retriesLeft retries that may be sent at once; 0 while they are put off
 */
public record StoreStatistics(
    Map<Request, Counts> counts, int inFlight, int queued, int concurrencyLimit, int retriesLeft) {

  /** What requests are counted under. */
  public record Request(RequestKind kind, RequestPurpose purpose) {}

  /**
   * What happened to the requests counted together.
   *
   * @param requests calls of the interface that ended or are under way
   * @param attempts requests sent to the server, retries included: what a provider charges for, or
   *     more, since one that never got there is counted too
   * @param sentBytes of bodies in all attempts
   * @param receivedBytes of bodies in all attempts that brought one
   * @param retries attempts beyond each request's first, without hedges
   * @param failures requests that failed, but for the two that callers expect
   * @param notFound requests that ended as {@link StoreException.NotFound}
   * @param preconditionFailed requests that ended as {@link StoreException.PreconditionFailed}
   * @param trouble what became of attempts
   */
  public record Counts(
      long requests,
      long attempts,
      long sentBytes,
      long receivedBytes,
      long retries,
      long failures,
      long notFound,
      long preconditionFailed,
      Trouble trouble) {

    /** Nothing was asked. */
    public static final Counts ZERO = new Counts(0, 0, 0, 0, 0, 0, 0, 0, Trouble.NONE);

    /** What is charged for, and no more. */
    public static Counts charged(long requests, long attempts, long sentBytes, long receivedBytes) {
      return new Counts(requests, attempts, sentBytes, receivedBytes, 0, 0, 0, 0, Trouble.NONE);
    }

    Counts minus(Counts other) {
      return new Counts(
          requests - other.requests,
          attempts - other.attempts,
          sentBytes - other.sentBytes,
          receivedBytes - other.receivedBytes,
          retries - other.retries,
          failures - other.failures,
          notFound - other.notFound,
          preconditionFailed - other.preconditionFailed,
          trouble.minus(other.trouble));
    }

    Counts plus(Counts other) {
      return new Counts(
          requests + other.requests,
          attempts + other.attempts,
          sentBytes + other.sentBytes,
          receivedBytes + other.receivedBytes,
          retries + other.retries,
          failures + other.failures,
          notFound + other.notFound,
          preconditionFailed + other.preconditionFailed,
          trouble.plus(other.trouble));
    }
  }

  /**
   * What became of attempts, where it is not the common thing.
   *
   * @param throttled attempts that the server asked to have fewer of
   * @param damaged attempts whose body arrived damaged, here or there
   * @param hedges reads that were sent a second time because the first took long
   * @param hedgesWon those of which the second was answered first
   */
  public record Trouble(long throttled, long damaged, long hedges, long hedgesWon) {

    /** Nothing of it. */
    public static final Trouble NONE = new Trouble(0, 0, 0, 0);

    Trouble minus(Trouble other) {
      return new Trouble(
          throttled - other.throttled,
          damaged - other.damaged,
          hedges - other.hedges,
          hedgesWon - other.hedgesWon);
    }

    Trouble plus(Trouble other) {
      return new Trouble(
          throttled + other.throttled,
          damaged + other.damaged,
          hedges + other.hedges,
          hedgesWon + other.hedgesWon);
    }
  }

  public StoreStatistics {
    counts = Map.copyOf(counts);
  }

  /** Nothing was asked. */
  public static final StoreStatistics NOTHING = ofCounts(Map.of());

  /** Counts alone, with no levels of a moment. */
  public static StoreStatistics ofCounts(Map<Request, Counts> counts) {
    return new StoreStatistics(counts, 0, 0, 0, 0);
  }

  /** Of two stores together, or of one connection after another. */
  public StoreStatistics plus(StoreStatistics other) {
    var sum = new HashMap<>(counts);
    other.counts.forEach((request, more) -> sum.merge(request, more, Counts::plus));
    return new StoreStatistics(
        sum,
        inFlight + other.inFlight,
        queued + other.queued,
        concurrencyLimit + other.concurrencyLimit,
        retriesLeft + other.retriesLeft);
  }

  /**
   * What was asked since {@code earlier}, of the same store; only that of which there is any, and
   * no levels.
   */
  public StoreStatistics since(StoreStatistics earlier) {
    var more = new HashMap<Request, Counts>();
    counts.forEach((request, now) -> {
      Counts before = earlier.counts.getOrDefault(request, Counts.ZERO);
      if (!now.equals(before)) {
        more.put(request, now.minus(before));
      }
    });
    return ofCounts(more);
  }

  /** Everything. */
  public Counts total() {
    return counts.values().stream().reduce(Counts.ZERO, Counts::plus);
  }

  /** Everything of one kind. */
  public Counts of(RequestKind kind) {
    return counts.entrySet().stream()
        .filter(e -> e.getKey().kind() == kind)
        .map(Map.Entry::getValue)
        .reduce(Counts.ZERO, Counts::plus);
  }

  /** One kind for one purpose. */
  public Counts of(RequestKind kind, RequestPurpose purpose) {
    return counts.getOrDefault(new Request(kind, purpose), Counts.ZERO);
  }
}
