package dev.isthmus.blocktranslation.store;

import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * What goes wrong between a store and its {@link FakeBucket}, decided once for each attempt as it
 * is sent. Stores of one bucket may have different ones: a host that is cut off, another that is
 * not.
 */
@FunctionalInterface
public interface StoreFaults {

  /** What happens to one attempt. See {@link FakeBucket} for the model. */
  enum Fault {
    /** Nothing: effect, reply. */
    NONE,
    /** The server refuses (503) and nothing takes effect. */
    THROTTLED,
    /** A conditional put is refused with 409 and has no effect; other kinds see no fault. */
    CONFLICT,
    /** No connection: nothing takes effect, the failure is seen after the delay. */
    UNREACHABLE,
    /** Swallowed on the way: nothing takes effect and no answer ever comes. */
    REQUEST_LOST,
    /** It takes effect and no answer ever comes: the attempt times out. */
    REPLY_LOST,
    /** It takes effect and the connection breaks: the attempt fails as unreachable. */
    REPLY_CUT,
    /** It takes effect twice: once with a reply, and again later, against the state of then. */
    DUPLICATED,
    /** It takes effect late, after the attempt has timed out; no answer comes. */
    LATE_EFFECT,
    /** What a get returns has one bit flipped; the object has not. Other kinds see no fault. */
    DAMAGED_REPLY
  }

  /** What happens to this attempt. */
  Fault next(RequestKind kind, String key);

  /** Nothing ever goes wrong. */
  StoreFaults NONE = (kind, key) -> Fault.NONE;

  /**
   * Each attempt meets a fault with this probability, any of them equally likely but damage: two of
   * that in a row are corruption, and right to be called so.
   *
   * @param probability 0 to 1; a request survives many tries of 0.2, few of 0.8
   */
  static StoreFaults random(RandomGenerator random, double probability) {
    var faults = Fault.values();
    return (kind, key) ->
        random.nextDouble() < probability
            ? faults[1 + random.nextInt(faults.length - 2)]
            : Fault.NONE;
  }

  /**
   * The next attempts of {@code kind} (null: any) whose key contains {@code keyPart} meet these
   * faults, one each, in order; after that, and for all others, {@code otherwise} decides.
   */
  static StoreFaults script(
      @Nullable RequestKind kind, String keyPart, StoreFaults otherwise, Fault... faults) {
    return new StoreFaults() {
      private int used;

      @Override
      public synchronized Fault next(RequestKind actual, String key) {
        boolean applies =
            used < faults.length && (kind == null || kind == actual) && key.contains(keyPart);
        return applies ? faults[used++] : otherwise.next(actual, key);
      }
    };
  }
}
