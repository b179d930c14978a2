package dev.isthmus.targets.nvme;

import dev.isthmus.targets.loop.TimerHandle;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Holds a Connect back until nothing of its host's past can reach the disk any more.
 *
 * <p>A host that reconnects sends again what it got no answer for. A copy of such a write that the
 * old connection left behind must not land after the new one. Left behind it may be in three
 * places: in the device (an ended queue counts until it is drained), in a queue whose end was not
 * noticed yet (it is read dry first, which finds the end), and in the system's receive buffer of a
 * connection that we stopped reading for want of memory (that one is dry only after we went on).
 * The wait is bounded; at the bound the host is told to try again.
 *
 * <p>Threading: confined to the loop of the connecting queue, but for the count.
 */
final class ConnectGate {

  private final CommandQueue queue;
  private final Runnable open;
  private final Runnable busy;
  private final AtomicInteger left;
  private final TimerHandle timer;
  private boolean decided;

  private ConnectGate(
      CommandQueue queue, int others, long boundNanos, Runnable open, Runnable busy) {
    this.queue = queue;
    this.open = open;
    this.busy = busy;
    this.left = new AtomicInteger(others);
    this.timer = queue.loop().schedule(boundNanos, () -> decide(false));
  }

  /**
   * Runs {@code open} when all of {@code others} are settled, or {@code busy} at the bound; on the
   * loop of {@code queue}, and neither if that ends first. At once where there are no others.
   */
  static void pass(
      CommandQueue queue,
      List<CommandQueue> others,
      long boundNanos,
      Runnable open,
      Runnable busy) {
    if (others.isEmpty()) {
      open.run();
      return;
    }
    var gate = new ConnectGate(queue, others.size(), boundNanos, open, busy);
    for (CommandQueue other : others) {
      other.loop().execute(() -> other.whenSettled(gate::oneSettled));
    }
  }

  private void oneSettled() {
    if (left.decrementAndGet() == 0) {
      queue.loop().execute(() -> decide(true));
    }
  }

  private void decide(boolean settled) {
    if (decided) {
      return;
    }
    decided = true;
    timer.cancel();
    if (!queue.isEnded()) {
      (settled ? open : busy).run();
    }
  }
}
