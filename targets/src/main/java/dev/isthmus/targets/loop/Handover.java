package dev.isthmus.targets.loop;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Many producers, one consumer. An intrusive stack that the consumer takes whole and reverses: one
 * CAS per hand-over, one swap per batch, no allocation (Treiber, "Systems programming: coping with
 * parallelism", 1986).
 *
 * <p>Bound: a node stands in it at most once, so it holds at most one entry per command in flight,
 * and those are bounded by queues and their depth.
 *
 * <p>Threading: {@link #push} thread-safe; {@link #takeAll} by the loop.
 */
final class Handover {

  private final AtomicReference<@Nullable HandoverNode> top = new AtomicReference<>();

  void push(HandoverNode node) {
    HandoverNode seen;
    do {
      seen = top.get();
      node.nextHandedOver = seen;
    } while (!top.compareAndSet(seen, node));
  }

  boolean isEmpty() {
    return top.get() == null;
  }

  /** Everything pushed, oldest first, chained by {@code nextHandedOver}; null if nothing. */
  @Nullable HandoverNode takeAll() {
    if (isEmpty()) {
      return null;
    }
    HandoverNode node = top.getAndSet(null);
    HandoverNode oldest = null;
    while (node != null) {
      HandoverNode next = node.nextHandedOver;
      node.nextHandedOver = oldest;
      oldest = node;
      node = next;
    }
    return oldest;
  }
}
