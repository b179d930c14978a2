package dev.isthmus.targets.nvme;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;

/**
 * A host and a controller that belong together: the admin queue, the I/O queues, and what all of
 * them must know of the controller.
 *
 * <p>Threading: thread-safe; the set of queues is guarded by this.
 */
final class Association {

  private final SubsystemState subsystem;
  private final int cntlid;
  private final String hostNqn;
  private final HostId hostId;
  private final Controller controller;
  private final CommandQueue adminQueue;
  private final List<CommandQueue> ioQueues = new ArrayList<>();
  // Per namespace, the incarnation whose identity this association read; 0 for none.
  private final AtomicLongArray identitiesRead = new AtomicLongArray(SubsystemState.MAX_NAMESPACES);
  // Written under this, and before ready is.
  private volatile boolean dead;
  private volatile boolean ready;
  private volatile boolean writeCacheOff;
  private volatile boolean retryDelays;

  @SuppressWarnings("ThisEscape") // The controller only keeps it.
  Association(
      SubsystemState subsystem,
      int cntlid,
      String hostNqn,
      HostId hostId,
      CommandQueue adminQueue,
      long keepAliveMillis) {
    this.subsystem = subsystem;
    this.cntlid = cntlid;
    this.hostNqn = hostNqn;
    this.hostId = hostId;
    this.adminQueue = adminQueue;
    this.controller = new Controller(this, adminQueue.loop(), keepAliveMillis);
  }

  SubsystemState subsystem() {
    return subsystem;
  }

  int cntlid() {
    return cntlid;
  }

  String hostNqn() {
    return hostNqn;
  }

  HostId hostId() {
    return hostId;
  }

  /** Confined to the admin queue's loop. */
  Controller controller() {
    return controller;
  }

  CommandQueue adminQueue() {
    return adminQueue;
  }

  /** Has {@code action} run where the controller may be touched. */
  void onAdminLoop(Runnable action) {
    adminQueue.loop().execute(action);
  }

  // ---- what I/O queues ask for each command

  /** Whether the controller is enabled and takes I/O. */
  boolean isReady() {
    return ready;
  }

  /** Whether it ended: its connections go as soon as their loops come to it. */
  boolean isDead() {
    return dead;
  }

  void setReady(boolean value) {
    ready = value;
  }

  /** Whether the host switched the volatile write cache off for this controller. */
  boolean isWriteCacheOff() {
    return writeCacheOff;
  }

  void setWriteCacheOff(boolean value) {
    writeCacheOff = value;
  }

  /** Whether the host takes command retry delays. */
  boolean takesRetryDelays() {
    return retryDelays;
  }

  void setRetryDelays(boolean value) {
    retryDelays = value;
  }

  /**
   * Whether the host knows which life of the disk it talks to. Linux sends queued I/O after a
   * reconnect before it looks whether the namespace is still the same; a disk that ever went back
   * must not take it until then.
   */
  boolean knowsIdentity(Namespace namespace) {
    long incarnation = namespace.info().identity().incarnation();
    return incarnation == 1 || identitiesRead.get(namespace.nsid() - 1) == incarnation;
  }

  void identityRead(Namespace namespace, long incarnation) {
    identitiesRead.set(namespace.nsid() - 1, incarnation);
  }

  // ---- queues

  /**
   * Takes an I/O queue in.
   *
   * @return a status field
   */
  synchronized int addIoQueue(CommandQueue queue, int qid, int entries, boolean flowControl) {
    if (dead || !ready) {
      return StatusCode.dnr(StatusCode.COMMAND_SEQUENCE_ERROR);
    }
    for (CommandQueue other : ioQueues) {
      if (other.qid() == qid && !other.isCancelled()) {
        return StatusCode.dnr(StatusCode.COMMAND_SEQUENCE_ERROR);
      }
    }
    ioQueues.add(queue);
    queue.connected(this, qid, entries, flowControl);
    return StatusCode.SUCCESS;
  }

  /** The I/O queue of this number, or null. */
  synchronized @Nullable CommandQueue ioQueue(int qid) {
    for (CommandQueue queue : ioQueues) {
      if (queue.qid() == qid && !queue.isCancelled()) {
        return queue;
      }
    }
    return null;
  }

  /**
   * A queue's connection ended. With the admin queue the association ends. With an I/O queue that
   * took commands along unasked the other I/O queues end, too: what the host sends again has to
   * come through a Connect, which waits for them. The admin queue goes on: Linux closes I/O queues
   * first when it resets or disconnects a controller, and then waits a minute for an answer to its
   * write of CC.
   */
  void queueEnded(CommandQueue queue, boolean lostCommands, String reason) {
    List<CommandQueue> others;
    synchronized (this) {
      ioQueues.remove(queue);
      others = List.copyOf(ioQueues);
    }
    if (queue.isAdmin()) {
      end(reason);
    } else if (lostCommands) {
      others.forEach(CommandQueue::cancel);
      others.forEach(other -> other.cancelAndClose("another queue of the controller was lost"));
    }
  }

  /** When the host last sent a command on any queue. */
  long lastCommandNanos() {
    long latest = adminQueue.lastCommandNanos();
    synchronized (this) {
      for (CommandQueue queue : ioQueues) {
        long last = queue.lastCommandNanos();
        if (last - latest > 0) {
          latest = last;
        }
      }
    }
    return latest;
  }

  /** Cancels everything and closes all connections. From any thread; idempotent. */
  void end(String reason) {
    List<CommandQueue> all;
    synchronized (this) {
      if (dead) {
        return;
      }
      dead = true;
      ready = false;
      all = new ArrayList<>(ioQueues);
    }
    all.add(adminQueue);
    all.forEach(CommandQueue::cancel);
    all.forEach(queue -> queue.cancelAndClose(reason));
    subsystem.forget(this);
  }

  /** Cancels and closes the I/O queues; runs {@code whenDrained} on the admin loop after that. */
  void endIoQueues(String reason, Runnable whenDrained) {
    List<CommandQueue> all;
    synchronized (this) {
      ready = false;
      all = List.copyOf(ioQueues);
    }
    all.forEach(CommandQueue::cancel);
    var left = new AtomicInteger(all.size() + 1);
    Runnable one =
        () -> {
          if (left.decrementAndGet() == 0) {
            onAdminLoop(whenDrained);
          }
        };
    for (CommandQueue queue : all) {
      queue
          .loop()
          .execute(() -> {
            queue.transport().close(reason);
            queue.whenSettled(one);
          });
    }
    one.run();
  }
}
