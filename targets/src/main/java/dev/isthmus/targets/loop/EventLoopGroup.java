package dev.isthmus.targets.loop;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The loops of a target, its listening sockets, and the connection limit over all.
 *
 * <p>Threading: thread-safe.
 */
public final class EventLoopGroup implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(EventLoopGroup.class);

  private static final long JOIN_NANOS = 5_000_000_000L;

  private final LoopSettings settings;
  private final List<EventLoop> loops;
  private final List<Listener> listeners = new CopyOnWriteArrayList<>();
  private final AtomicInteger connections = new AtomicInteger();
  private final AtomicInteger nextLoop = new AtomicInteger();
  private final AtomicLong accepted = new AtomicLong();
  private final AtomicLong refused = new AtomicLong();

  private EventLoopGroup(String name, LoopSettings settings) throws IOException {
    this.settings = settings;
    var made = new ArrayList<EventLoop>();
    for (int i = 0; i < settings.threads(); i++) {
      made.add(new EventLoop(i, name + "-" + i, settings, this::connectionClosed));
    }
    this.loops = List.copyOf(made);
  }

  /**
   * Starts the loops.
   *
   * @throws IOException if the system gives no selector
   */
  public static EventLoopGroup start(String name, LoopSettings settings) throws IOException {
    var group = new EventLoopGroup(name, settings);
    group.loops.forEach(EventLoop::start);
    return group;
  }

  /** The loops, for those who keep something per loop. */
  public List<EventLoop> loops() {
    return loops;
  }

  /**
   * Listens at {@code address}, each connection getting a core of {@code factory}.
   *
   * @return the bound address
   * @throws IOException if it can't be bound
   */
  public InetSocketAddress listen(InetSocketAddress address, ProtocolFactory factory)
      throws IOException {
    EventLoop loop = loops.get(listeners.size() % loops.size());
    var listener = new Listener(this, loop, address, factory);
    listeners.add(listener);
    loop.execute(listener::register);
    return listener.address();
  }

  /** The loop for one more connection, or null at the limit. */
  @Nullable EventLoop admit() {
    accepted.incrementAndGet();
    if (connections.incrementAndGet() > settings.maxConnections()) {
      connections.decrementAndGet();
      refused.incrementAndGet();
      return null;
    }
    return loops.get(Math.floorMod(nextLoop.getAndIncrement(), loops.size()));
  }

  void connectionClosed() {
    connections.decrementAndGet();
  }

  /** Connections open now. */
  public int connections() {
    return connections.get();
  }

  /** Connections accepted since the start. */
  public long connectionsTotal() {
    return accepted.get();
  }

  /** Of those, how many were closed at once for the limit. */
  public long connectionsRefused() {
    return refused.get();
  }

  /** Payload memory in use now. */
  public long bufferMemoryUsedBytes() {
    return loops.stream()
        .mapToLong(l -> l.transferBuffers().usedBytes() + l.capsuleBuffers().usedBytes())
        .sum();
  }

  /** Failures that only a defect of ours explains; each is in the log. */
  public long defects() {
    return loops.stream().mapToLong(EventLoop::defects).sum();
  }

  /** Takes no new connections; those there are go on. */
  public void stopListening() {
    listeners.forEach(Listener::close);
    // A closed channel keeps its port until the selector looked once more.
    loops.forEach(loop -> loop.execute(() -> {}));
  }

  /** Ends listeners, connections and threads. */
  @Override
  public void close() {
    stopListening();
    loops.forEach(EventLoop::stop);
    for (EventLoop loop : loops) {
      try {
        if (!loop.join(JOIN_NANOS)) {
          LOG.error("an event loop did not end within {} ms", JOIN_NANOS / 1_000_000);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }
}
