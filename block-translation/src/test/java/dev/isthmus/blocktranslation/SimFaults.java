package dev.isthmus.blocktranslation;

import dev.isthmus.blocktranslation.store.RequestKind;
import dev.isthmus.blocktranslation.store.SimulatedTimer;
import dev.isthmus.blocktranslation.store.StoreFaults;
import java.util.Random;

/**
 * What goes wrong between one host and the bucket: single faults at a rate, times in which nothing
 * gets through, and times in which a part of the keys does not. Threading: confined to the test's
 * thread.
 */
final class SimFaults implements StoreFaults {

  private static final Fault[] FAULTS = Fault.values();
  private static final Fault[] OUTAGE = {
    Fault.UNREACHABLE, Fault.THROTTLED, Fault.REQUEST_LOST, Fault.REPLY_LOST, Fault.LATE_EFFECT
  };

  /** A store spreads keys over this many parts, of which one may be out of reach. */
  private static final int KEY_PARTS = 5;

  /**
   * A reply is damaged at most once in so long: what is fetched anew, after the retries of both, is
   * good, or it would rightly be called corrupt.
   */
  private static final long BETWEEN_DAMAGES_NANOS = 180_000_000_000L;

  private final Random random;
  private final SimulatedTimer timer;
  private final double rate;
  private final SimTally tally;
  private boolean quiet;
  private long outageUntilNanos;
  private Fault outage = Fault.UNREACHABLE;
  private int keyPart = -1;
  private long undamagedUntilNanos;

  SimFaults(Random random, SimulatedTimer timer, double rate, SimTally tally) {
    this.random = random;
    this.timer = timer;
    this.rate = rate;
    this.tally = tally;
  }

  /** No fault from now on, or faults again. */
  void setQuiet(boolean newQuiet) {
    quiet = newQuiet;
  }

  /** Nothing, or nothing of a part of the keys, works for so long. */
  void beginOutage(long nanos, boolean ofSomeKeys) {
    outageUntilNanos = timer.nanoTime() + nanos;
    outage = OUTAGE[random.nextInt(OUTAGE.length)];
    keyPart = ofSomeKeys ? random.nextInt(KEY_PARTS) : -1;
  }

  @Override
  public Fault next(RequestKind kind, String key) {
    Fault fault = draw(kind, key);
    if (fault != Fault.NONE) {
      tally.fault(fault);
    }
    return fault;
  }

  private Fault draw(RequestKind kind, String key) {
    if (quiet) {
      return Fault.NONE;
    }
    if (timer.nanoTime() < outageUntilNanos
        && (keyPart < 0 || Math.floorMod(key.hashCode(), KEY_PARTS) == keyPart)) {
      return outage;
    }
    if (random.nextDouble() >= rate) {
      return Fault.NONE;
    }
    Fault fault = FAULTS[1 + random.nextInt(FAULTS.length - 1)];
    if (fault == Fault.DAMAGED_REPLY) {
      if (kind != RequestKind.GET || timer.nanoTime() < undamagedUntilNanos) {
        return Fault.NONE;
      }
      undamagedUntilNanos = timer.nanoTime() + BETWEEN_DAMAGES_NANOS;
    }
    return fault;
  }
}
