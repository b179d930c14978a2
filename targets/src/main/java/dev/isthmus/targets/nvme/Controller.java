package dev.isthmus.targets.nvme;

import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.targets.loop.EventLoop;
import dev.isthmus.targets.loop.TimerHandle;
import java.util.ArrayDeque;
import java.util.EnumSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A controller's own state: registers, keep alive timer, events and features.
 *
 * <p>Threading: confined to the loop of its admin queue.
 */
final class Controller {

  /** Asynchronous Event Requests that may be outstanding. */
  static final int MAX_EVENT_REQUESTS = 8;

  /** Aborts that may be outstanding. */
  static final int MAX_ABORTS = 4;

  /** Unit of the keep alive timer, KAS: 1 s in units of 100 ms. */
  static final int KAS = 10;

  private static final long KEEP_ALIVE_STEP_MILLIS = KAS * 100L;

  private static final int CC_ENABLE = 1;
  private static final int CC_CSS_SHIFT = 4;
  private static final int CC_MPS_SHIFT = 7;
  private static final int CC_AMS_SHIFT = 11;
  private static final int CC_SHN_SHIFT = 14;
  private static final int CC_IOSQES_SHIFT = 16;
  private static final int CC_IOCQES_SHIFT = 20;

  private static final int CSTS_READY = 1;
  private static final int CSTS_FATAL = 1 << 1;
  private static final int CSTS_SHUTDOWN_OCCURRING = 1 << 2;
  private static final int CSTS_SHUTDOWN_COMPLETE = 2 << 2;
  private static final int CSTS_SHUTDOWN_MASK = 3 << 2;

  private final Association association;
  private final EventLoop loop;
  private final Features features = new Features();
  // Bounded by MAX_EVENT_REQUESTS.
  private final ArrayDeque<Command> eventRequests = new ArrayDeque<>();
  private final EnumSet<AsyncEvent> pending = EnumSet.noneOf(AsyncEvent.class);
  private final EnumSet<AsyncEvent> reported = EnumSet.noneOf(AsyncEvent.class);
  private final Set<Integer> changedNamespaces = new TreeSet<>();
  private int abortsOutstanding;
  private int configuration;
  private int status;
  private long keepAliveMillis;
  private @Nullable TimerHandle keepAliveTimer;

  Controller(Association association, EventLoop loop, long keepAliveMillis) {
    this.association = association;
    this.loop = loop;
    this.keepAliveMillis = rounded(keepAliveMillis);
  }

  Features features() {
    return features;
  }

  // ---- registers

  int configuration() {
    return configuration;
  }

  int status() {
    return status;
  }

  /** Writes CC (Base 2.0, 3.1.3.5). */
  void configure(int value) {
    int old = configuration;
    configuration = value;
    boolean enable = (value & CC_ENABLE) != 0;
    boolean enabled = (old & CC_ENABLE) != 0;
    if (enable && !enabled) {
      enable();
    } else if (!enable && enabled) {
      disable();
    }
    int notification = value >>> CC_SHN_SHIFT & 3;
    if (notification != 0 && (old >>> CC_SHN_SHIFT & 3) == 0) {
      shutDown();
    } else if (notification == 0 && enable) {
      setShutdown(0);
    }
  }

  private void enable() {
    if (!isSupported(configuration)) {
      status = CSTS_FATAL;
      return;
    }
    status = CSTS_READY;
    association.setReady(true);
    armKeepAlive();
  }

  private boolean isSupported(int cc) {
    int commandSet = cc >>> CC_CSS_SHIFT & 7;
    boolean sizes =
        association.subsystem().isDiscovery()
            || ((cc >>> CC_IOSQES_SHIFT & 0xF) == 6 && (cc >>> CC_IOCQES_SHIFT & 0xF) == 4);
    return sizes
        && (commandSet == 0 || commandSet == 6 || commandSet == 7)
        && (cc >>> CC_MPS_SHIFT & 0xF) == 0
        && (cc >>> CC_AMS_SHIFT & 7) == 0;
  }

  /** Controller reset: ready goes off when the last command of the I/O queues is out. */
  private void disable() {
    association.endIoQueues("the controller is disabled", () -> disabled());
  }

  private void disabled() {
    if ((configuration & CC_ENABLE) == 0) {
      status = 0;
      features.reset();
      association.setWriteCacheOff(false);
      association.setRetryDelays(false);
      pending.clear();
      reported.clear();
      changedNamespaces.clear();
    } else {
      enable();
    }
  }

  /** Normal or abrupt shutdown: drain, write out the caches, say so. */
  private void shutDown() {
    setShutdown(CSTS_SHUTDOWN_OCCURRING);
    association.endIoQueues("the controller is shut down", this::flushForShutdown);
  }

  private void flushForShutdown() {
    var namespaces = association.subsystem().namespaces();
    var left = new AtomicInteger(namespaces.size() + 1);
    for (Namespace namespace : namespaces) {
      // A flush that failed changes nothing here: the device's state tells it, and the host has no
      // way to hear of it in a shutdown.
      namespace.device().submit(IoCommand.FLUSH, anyStatus -> flushed(left));
    }
    flushed(left);
  }

  private void flushed(AtomicInteger left) {
    if (left.decrementAndGet() == 0) {
      loop.execute(() -> setShutdown(CSTS_SHUTDOWN_COMPLETE));
    }
  }

  private void setShutdown(int value) {
    status = (status & ~CSTS_SHUTDOWN_MASK) | value;
  }

  // ---- keep alive

  long keepAliveMillis() {
    return keepAliveMillis;
  }

  /** Sets the timer, in milliseconds; 0 switches it off. */
  void setKeepAlive(long millis) {
    keepAliveMillis = rounded(millis);
    armKeepAlive();
  }

  private static long rounded(long millis) {
    return (millis + KEEP_ALIVE_STEP_MILLIS - 1) / KEEP_ALIVE_STEP_MILLIS * KEEP_ALIVE_STEP_MILLIS;
  }

  /** Starts the timer anew. */
  void armKeepAlive() {
    armKeepAlive(limitNanos());
  }

  private void armKeepAlive(long delayNanos) {
    if (keepAliveTimer != null) {
      keepAliveTimer.cancel();
      keepAliveTimer = null;
    }
    if (delayNanos > 0) {
      keepAliveTimer = loop.schedule(delayNanos, () -> checkKeepAlive(false));
    }
  }

  private long limitNanos() {
    if (keepAliveMillis > 0) {
      return keepAliveMillis * 1_000_000;
    }
    return association.subsystem().isDiscovery()
        ? association.adminQueue().target().settings().timeouts().discoveryIdleNanos()
        : 0;
  }

  /** Any command counts as a sign of life (traffic based keep alive, Base 2.0, 3.9.2). */
  private void checkKeepAlive(boolean lastCall) {
    long limitNanos = limitNanos();
    if (limitNanos == 0 || association.adminQueue().isEnded()) {
      return;
    }
    long quietNanos = loop.nowNanos() - association.lastCommandNanos();
    if (quietNanos < limitNanos) {
      armKeepAlive(limitNanos - quietNanos);
    } else if (!lastCall) {
      // It may be us who were away, and the command may lie in the socket: look there first.
      association.adminQueue().transport().whenDry(() -> loop.execute(() -> checkKeepAlive(true)));
    } else {
      association.end("the keep alive timer expired");
    }
  }

  // ---- events

  /** Takes an Asynchronous Event Request; false at the limit. */
  boolean addEventRequest(Command command) {
    if (eventRequests.size() >= MAX_EVENT_REQUESTS) {
      return false;
    }
    eventRequests.add(command);
    report();
    return true;
  }

  /** Takes an event request out of the line: an Abort. */
  boolean removeEventRequest(Command command) {
    return eventRequests.remove(command);
  }

  /** Something happened that the host may want to know. */
  void raise(AsyncEvent event, int nsid) {
    if (association.adminQueue().isEnded()) {
      return;
    }
    if (event == AsyncEvent.NAMESPACE_CHANGE) {
      changedNamespaces.add(nsid);
    }
    pending.add(event);
    report();
  }

  /** The host read the log page: the next event of its kind may come. */
  void logRead(int logPage) {
    reported.removeIf(event -> event.logPage == logPage);
    report();
  }

  /** Namespaces that changed since the last call, in order. */
  Set<Integer> changedNamespaces() {
    return changedNamespaces;
  }

  void report() {
    for (AsyncEvent event : AsyncEvent.values()) {
      boolean wanted = (features.asyncEvents() & event.enableBit) != 0;
      if (pending.contains(event) && !wanted) {
        pending.remove(event);
      } else if (pending.contains(event) && !reported.contains(event) && !eventRequests.isEmpty()) {
        pending.remove(event);
        reported.add(event);
        Command request = eventRequests.remove();
        request.queue.respond(request, StatusCode.SUCCESS, Integer.toUnsignedLong(event.result()));
      }
    }
  }

  // ---- aborts

  /** Counts an Abort in; false at the limit. */
  boolean beginAbort() {
    if (abortsOutstanding >= MAX_ABORTS) {
      return false;
    }
    abortsOutstanding++;
    return true;
  }

  void endAbort() {
    abortsOutstanding--;
  }
}
