package dev.isthmus.targets.loop;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thread that owns connections, and everything of theirs.
 *
 * <p>A turn: take what the sockets have, parse all of it; take completions that device threads
 * handed over; run timers; then send each connection's answers with one gathering write. When a
 * turn found nothing the loop looks again for a while ({@link SpinPolicy}), then blocks.
 *
 * <p>Threading: {@link #handOver}, {@link #execute} and {@link #inLoop} from any thread; the rest
 * on the loop.
 */
public final class EventLoop {

  private static final Logger LOG = LoggerFactory.getLogger(EventLoop.class);

  /** Most bytes of one read (measured: larger ones fall out of the cache before they are used). */
  static final int READ_BYTES = 64 << 10;

  /** What one read may find, and what an earlier one may have left: the largest PDU kept whole. */
  private static final int SCRATCH_BYTES = 4 * READ_BYTES;

  /** A spinning loop lets others have its processor after so many looks. */
  private static final int LOOKS_PER_YIELD = 16;

  private static final long LONGEST_BLOCK_NANOS = 60_000_000_000L;

  private final int index;
  private final Thread thread;
  private final Selector selector;
  private final Handover handover = new Handover();
  private final AtomicBoolean sleeping = new AtomicBoolean();
  private final Timers timers = new Timers();
  private final SpinPolicy spin;
  private final BufferPool transfers;
  private final BufferPool capsules;
  // Bounded by connections: the outbox's small messages and the control commands of each.
  private final BufferPool small = new BufferPool(Long.MAX_VALUE);
  private final ArrayDeque<NioConnection> turns = new ArrayDeque<>();
  private final Set<NioConnection> connections = new LinkedHashSet<>();
  private final MemorySegment scratchSegment = Arena.ofAuto().allocate(SCRATCH_BYTES, 64);
  private final ByteBuffer scratch = scratchSegment.asByteBuffer();
  private final long stallNanos;
  private final Runnable onConnectionClosed;
  private final AtomicLong defects = new AtomicLong();
  private @Nullable HandoverNode localHead;
  private @Nullable HandoverNode localTail;
  private long nowNanos = System.nanoTime();
  private volatile boolean stopping;

  EventLoop(int index, String name, LoopSettings settings, Runnable onConnectionClosed)
      throws IOException {
    this.index = index;
    this.selector = Selector.open();
    this.stallNanos = settings.stallNanos();
    this.onConnectionClosed = onConnectionClosed;
    this.spin = new SpinPolicy(settings.spinNanos(), Runtime.getRuntime().availableProcessors());
    long budgetBytes = settings.bufferMemoryBytes() / settings.threads();
    // Two budgets, so that in-capsule writes, which end without the peer's help, always can: bytes
    // that the peer owes for a transfer may lie behind a capsule in the stream.
    this.capsules = new BufferPool(budgetBytes / 2);
    this.transfers = new BufferPool(budgetBytes - budgetBytes / 2);
    this.thread = Thread.ofPlatform().name(name).daemon(true).unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  // ---- from any thread

  /** Its place among the loops of its group, from 0. */
  public int index() {
    return index;
  }

  /** Whether the caller is this loop. */
  public boolean inLoop() {
    return Thread.currentThread().equals(thread);
  }

  /** Has {@code node} run on the loop, after this turn's other work. Never blocks. */
  public void handOver(HandoverNode node) {
    if (inLoop()) {
      node.nextHandedOver = null;
      if (localTail == null) {
        localHead = node;
      } else {
        localTail.nextHandedOver = node;
      }
      localTail = node;
      return;
    }
    handover.push(node);
    wakeUp();
  }

  /** Has {@code action} run on the loop. For control work: it allocates. */
  public void execute(Runnable action) {
    handOver(
        new HandoverNode() {
          @Override
          protected void onLoop() {
            action.run();
          }
        });
  }

  private void wakeUp() {
    if (sleeping.get() && sleeping.compareAndSet(true, false)) {
      selector.wakeup();
    }
  }

  // ---- on the loop

  /** The time of this turn, of {@link System#nanoTime}. */
  public long nowNanos() {
    return nowNanos;
  }

  /** Runs {@code action} once after {@code delayNanos}. */
  public TimerHandle schedule(long delayNanos, Runnable action) {
    return timers.add(nowNanos + delayNanos, action);
  }

  /** Memory of transfers: taken before the peer is asked for data, or the device is. */
  public BufferPool transferBuffers() {
    return transfers;
  }

  /** Memory of data that came with its command. */
  public BufferPool capsuleBuffers() {
    return capsules;
  }

  /**
   * Memory of small things that must not wait for others: answers, and the data of control
   * commands. Without a budget: whoever uses it keeps a bound of its own.
   */
  public BufferPool smallBuffers() {
    return small;
  }

  ByteBuffer scratch() {
    return scratch;
  }

  MemorySegment scratchSegment() {
    return scratchSegment;
  }

  long stallNanos() {
    return stallNanos;
  }

  Selector selector() {
    return selector;
  }

  void enqueueTurn(NioConnection connection) {
    turns.add(connection);
  }

  /** Takes over a connected channel. */
  void adopt(SocketChannel channel, ProtocolFactory factory) {
    try {
      SelectionKey key = channel.register(selector, SelectionKey.OP_READ);
      var connection = new NioConnection(this, channel, key, factory);
      key.attach(connection);
      connections.add(connection);
      connection.wantRead();
    } catch (IOException | RuntimeException e) {
      LOG.warn("a connection could not be taken over", e);
      try {
        channel.close();
      } catch (IOException suppressed) {
        e.addSuppressed(suppressed);
      }
      onConnectionClosed.run();
    }
  }

  void connectionClosed(NioConnection connection) {
    if (connections.remove(connection)) {
      onConnectionClosed.run();
    }
  }

  private void run() {
    long idleSince = System.nanoTime();
    int looks = 0;
    while (!stopping) {
      try {
        int work = selector.selectNow(this::ready);
        long lookNanos = System.nanoTime();
        if (work == 0 && looks > 0) {
          spin.lookedAgainAfter(lookNanos - nowNanos, lookNanos);
        }
        nowNanos = lookNanos;
        work += runHandedOver();
        work += timers.runDue(nowNanos);
        work += runTurns();
        if (work > 0) {
          idleSince = nowNanos;
          looks = 0;
        } else if (nowNanos - idleSince < spin.budgetNanos()) {
          looks++;
          if (looks % LOOKS_PER_YIELD == 0) {
            giveWay();
          } else {
            Thread.onSpinWait();
          }
        } else {
          if (spin.budgetNanos() > 0) {
            spin.spunInVain();
          }
          block();
          idleSince = nowNanos;
          looks = 0;
        }
      } catch (IOException | RuntimeException | Error e) {
        // One connection's failure is handled at its call; what comes here is ours. Go on: the
        // other connections are sound.
        defects.incrementAndGet();
        LOG.error("event loop turn failed", e);
      }
    }
    shutDown();
  }

  @SuppressWarnings(
      "ThreadPriorityCheck") // Not for correctness: whoever ends the wait may need it.
  private static void giveWay() {
    Thread.yield();
  }

  private void block() throws IOException {
    long timeoutNanos = Math.min(timers.untilNextNanos(nowNanos), LONGEST_BLOCK_NANOS);
    if (timeoutNanos < 1_000_000) {
      // The selector's unit is a millisecond: the rest of a timer's wait is slept roughly.
      timeoutNanos = 1_000_000;
    }
    sleeping.set(true);
    if (handover.isEmpty() && !stopping) {
      selector.select(this::ready, timeoutNanos / 1_000_000);
    }
    sleeping.set(false);
    long before = nowNanos;
    nowNanos = System.nanoTime();
    spin.blocked(nowNanos - before, nowNanos);
    runHandedOver();
    runTurns();
  }

  private void ready(SelectionKey key) {
    nowNanos = System.nanoTime();
    Object attachment = key.attachment();
    try {
      if (attachment instanceof NioConnection connection) {
        int ready = key.readyOps();
        if ((ready & SelectionKey.OP_WRITE) != 0) {
          connection.writeReady();
        }
        if ((ready & SelectionKey.OP_READ) != 0) {
          connection.readReady();
        }
      } else if (attachment instanceof Listener listener) {
        listener.acceptReady();
      }
    } catch (CancelledKeyException e) {
      LOG.trace("closed in this turn", e);
    } catch (RuntimeException e) {
      fail(attachment, e);
    }
  }

  private void fail(@Nullable Object attachment, RuntimeException e) {
    defects.incrementAndGet();
    LOG.error("a defect ended a connection", e);
    if (attachment instanceof NioConnection connection) {
      connection.close("internal error");
    }
  }

  private int runHandedOver() {
    int ran = runChain(handover.takeAll());
    // What runs may hand over more on this thread; a device that completes at once does.
    while (localHead != null) {
      HandoverNode chain = localHead;
      localHead = null;
      localTail = null;
      ran += runChain(chain);
    }
    return ran;
  }

  private int runChain(@Nullable HandoverNode chain) {
    int ran = 0;
    for (HandoverNode node = chain; node != null; ran++) {
      HandoverNode next = node.nextHandedOver;
      node.nextHandedOver = null;
      try {
        node.onLoop();
      } catch (RuntimeException e) {
        defects.incrementAndGet();
        LOG.error("a handed-over action failed", e);
      }
      node = next;
    }
    return ran;
  }

  private int runTurns() {
    int ran = 0;
    // A turn may ask for another (more to read): that one comes after the selector's next look.
    for (int left = turns.size(); left > 0; left--, ran++) {
      NioConnection connection = turns.remove();
      try {
        connection.turn();
      } catch (RuntimeException e) {
        fail(connection, e);
      }
    }
    if (localHead != null) {
      ran += runHandedOver();
    }
    transfers.serveWaiters();
    capsules.serveWaiters();
    return ran;
  }

  /** Failures that only a defect of ours explains. From any thread. */
  long defects() {
    return defects.get();
  }

  /** Asks the loop to end; {@link #join} waits for it. */
  void stop() {
    stopping = true;
    sleeping.set(false);
    selector.wakeup();
  }

  boolean join(long timeoutNanos) throws InterruptedException {
    return thread.join(java.time.Duration.ofNanos(timeoutNanos));
  }

  private void shutDown() {
    List.copyOf(connections).forEach(c -> c.close("the target is closing"));
    runHandedOver();
    transfers.close();
    capsules.close();
    small.close();
    try {
      selector.close();
    } catch (IOException e) {
      LOG.warn("closing the selector", e);
    }
  }
}
