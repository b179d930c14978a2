package dev.isthmus.targets.nvme;

import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The queues of each host in one subsystem, from Connect until they are drained: dead ones whose
 * commands the device still holds are among them. Told apart by host NQN alone: a host that lost
 * its host identifier over a reboot is the same host to its disk.
 *
 * <p>Threading: guarded by this.
 */
final class HostQueues {

  private final Map<String, Set<CommandQueue>> byHost = new HashMap<>();

  synchronized void add(String hostNqn, CommandQueue queue) {
    byHost.computeIfAbsent(hostNqn, n -> new LinkedHashSet<>()).add(queue);
  }

  synchronized List<CommandQueue> of(String hostNqn) {
    return List.copyOf(byHost.getOrDefault(hostNqn, Set.of()));
  }

  synchronized void drained(CommandQueue queue) {
    byHost.values().forEach(queues -> queues.remove(queue));
    byHost.values().removeIf(Collection::isEmpty);
    notifyAll();
  }

  /** Commands that the device holds for any of them. */
  synchronized long inFlight() {
    long sum = 0;
    for (Set<CommandQueue> queues : byHost.values()) {
      for (CommandQueue queue : queues) {
        sum += queue.inFlight();
      }
    }
    return sum;
  }

  /** Whether no queue is left. */
  synchronized boolean isEmpty() {
    return byHost.isEmpty();
  }

  /** Waits until no queue is left; false at the deadline, of {@link System#nanoTime}. */
  synchronized boolean awaitNone(long deadlineNanos) {
    try {
      while (!byHost.isEmpty()) {
        long leftNanos = deadlineNanos - System.nanoTime();
        if (leftNanos <= 0) {
          return false;
        }
        wait(leftNanos / 1_000_000 + 1);
      }
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return byHost.isEmpty();
    }
  }
}
