package dev.isthmus.blocktranslation.store.proxy;

import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * Which requests meet which fault: each fault of a plan so often in all, spread at random over the
 * requests that it applies to. Threading: thread-safe; guarded by this.
 */
public final class FaultPlan {

  /** Requests that one storm refuses at most, the first included. */
  private static final int STORM_REQUESTS = 20;

  /**
   * Longest storm. A client that does as it is told comes back rarely: without an end in time the
   * storm would last until two requests in long back-offs have met all of it.
   */
  private static final long STORM_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final Random random;
  private final double share;
  private final Map<ProxyFault, Integer> left = new EnumMap<>(ProxyFault.class);
  private final Map<ProxyFault, Integer> injected = new EnumMap<>(ProxyFault.class);
  private int stormLeft;
  private long stormBeganNanos;

  /**
   * A plan.
   *
   * @param times how often each fault happens
   * @param share of the requests that meet one, while there are faults left
   */
  public FaultPlan(long seed, Collection<ProxyFault> faults, int times, double share) {
    this.random = new Random(seed);
    this.share = share;
    faults.forEach(fault -> left.put(fault, times));
  }

  /** No fault, ever. */
  public static FaultPlan none() {
    return new FaultPlan(0, List.of(), 0, 0);
  }

  /**
   * Decides.
   *
   * @param method of the request, {@code LIST} for a GET with a query
   * @param isStale whether there is an older state of the key to show
   */
  synchronized ProxyFault next(String method, boolean isStale) {
    ProxyFault fault = choose(method, isStale);
    if (fault != ProxyFault.NONE) {
      injected.merge(fault, 1, Integer::sum);
      left.merge(fault, -1, Integer::sum);
    }
    return fault;
  }

  private ProxyFault choose(String method, boolean isStale) {
    if (stormLeft > 0
        && left.getOrDefault(ProxyFault.STORM, 0) > 0
        && System.nanoTime() - stormBeganNanos < STORM_NANOS) {
      stormLeft--;
      return ProxyFault.STORM;
    }
    // A storm is one event of many requests: begun so much more rarely.
    if (random.nextDouble() >= share) {
      return ProxyFault.NONE;
    }
    var possible = new ArrayList<ProxyFault>();
    left.forEach((fault, count) -> {
      if (count > 0 && applies(fault, method, isStale)) {
        possible.add(fault);
      }
    });
    if (possible.isEmpty()) {
      return ProxyFault.NONE;
    }
    ProxyFault fault = possible.get(random.nextInt(possible.size()));
    if (fault == ProxyFault.STORM) {
      stormLeft = STORM_REQUESTS - 1;
      stormBeganNanos = System.nanoTime();
    }
    return fault;
  }

  private static boolean applies(ProxyFault fault, String method, boolean isStale) {
    return switch (fault) {
      case NONE -> false;
      case PUT_REPLY_LOST -> method.equals("PUT");
      case WRONG_BYTES -> method.equals("PUT") || method.equals("GET");
      case SLOW_BODY -> method.equals("GET");
      case STALE_READ -> method.equals("GET") && isStale;
      case REPLY_CUT, SERVER_ERROR, STORM, SLOW_HEADERS, LATE, RESET -> true;
    };
  }

  /** How often each fault happened so far. */
  public synchronized Map<ProxyFault, Integer> injected() {
    return new EnumMap<>(injected);
  }

  /** Whether every fault has happened as often as it should. */
  public synchronized boolean isDone() {
    return left.values().stream().allMatch(count -> count == 0);
  }
}
