package dev.isthmus.targets.nvme;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.targets.loop.EventLoopGroup;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Exports block devices over NVMe/TCP, and answers discovery for them.
 *
 * <pre>{@code
 * try (var target = NvmeTcpTarget.start(NvmeTargetSettings.defaults(portal))) {
 *   target.publish(new NvmeSubsystem("nqn.2026-01.org.example:disk1", HostAccess.any(), device));
 *   …
 * }
 * }</pre>
 *
 * <p>Connects to a name that is not published fail <em>retryably</em>: after a restart hosts
 * reconnect before volumes are open, and must not give up their disks for it.
 *
 * <p>Threading: thread-safe.
 */
public final class NvmeTcpTarget implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(NvmeTcpTarget.class);

  private final NvmeTargetSettings settings;
  private final EventLoopGroup loops;
  private final TargetState state;
  private final List<InetSocketAddress> bound = new ArrayList<>();
  private final AtomicBoolean closed = new AtomicBoolean();

  private NvmeTcpTarget(NvmeTargetSettings settings, EventLoopGroup loops) {
    this.settings = settings;
    this.loops = loops;
    this.state = new TargetState(settings, loops);
  }

  /**
   * Binds the portals and starts to serve.
   *
   * @throws DeviceException.Unavailable if a portal can't be bound
   */
  public static NvmeTcpTarget start(NvmeTargetSettings settings) {
    EventLoopGroup loops;
    try {
      loops = EventLoopGroup.start("nvme-tcp", settings.loop());
    } catch (IOException e) {
      throw new DeviceException.Unavailable("cannot start the event loops", e);
    }
    var target = new NvmeTcpTarget(settings, loops);
    try {
      target.listen();
    } catch (RuntimeException e) {
      loops.close();
      throw e;
    }
    return target;
  }

  private void listen() {
    var advertised = new ArrayList<InetSocketAddress>();
    for (NvmePortal portal : settings.portals()) {
      try {
        InetSocketAddress at =
            loops.listen(portal.listen(), transport -> new HostConnection(state, transport));
        bound.add(at);
        InetAddress address = portal.advertisedAddress();
        advertised.add(
            new InetSocketAddress(
                address == null ? at.getAddress() : address,
                portal.advertisedPort() == 0 ? at.getPort() : portal.advertisedPort()));
      } catch (IOException e) {
        throw new DeviceException.Unavailable(
            "cannot listen at " + portal.listen() + ": " + e.getMessage(), e);
      }
    }
    state.advertise(advertised);
    LOG.info("NVMe/TCP at {}, advertised as {}", bound, advertised);
  }

  /** What was bound, in the order of the portals. */
  public List<InetSocketAddress> boundAddresses() {
    return List.copyOf(bound);
  }

  /** The port that the first portal bound. */
  public int port() {
    return bound.getFirst().getPort();
  }

  /**
   * Lets hosts connect to {@code subsystem}, and tells discovery.
   *
   * @throws IllegalArgumentException if its NQN is published already
   */
  public void publish(NvmeSubsystem subsystem) {
    var served = new SubsystemState(subsystem, loops.loops().size());
    state.add(served);
    served.open();
    state.discoveryChanged();
  }

  /**
   * Changes who may connect to a published subsystem. Associations of hosts that no longer may are
   * ended.
   *
   * @throws IllegalArgumentException if no subsystem has this NQN
   */
  public void setHosts(String nqn, HostAccess hosts) {
    SubsystemState served = state.subsystem(nqn);
    if (served == null || served.isDiscovery()) {
      throw new IllegalArgumentException(nqn + " is not published");
    }
    served.setAccess(hosts);
    state.discoveryChanged();
  }

  /**
   * Takes a subsystem away: discovery no longer tells it, its associations end, their commands are
   * cancelled. Blocks until the device holds none of them, for at most {@link
   * NvmeTimeouts#drainNanos}.
   *
   * @return whether the device holds none of them, now and whenever it is asked; those that it held
   *     at the bound can no longer take effect if it honours {@code isCancelled}
   * @throws IllegalArgumentException if no subsystem has this NQN
   */
  public BooleanSupplier unpublish(String nqn) {
    SubsystemState served = state.remove(nqn);
    state.discoveryChanged();
    served.withdraw();
    HostQueues hosts = served.hosts();
    boolean _ = hosts.awaitNone(System.nanoTime() + settings.timeouts().drainNanos());
    return hosts::isEmpty;
  }

  /** Counters so far. Cheap enough to poll each second. */
  public NvmeTargetStatistics statistics() {
    Map<String, NvmeTargetStatistics.Subsystem> subsystems = new LinkedHashMap<>();
    var all = new ArrayList<SubsystemState>();
    all.add(state.discovery());
    all.addAll(state.subsystems());
    for (SubsystemState subsystem : all) {
      subsystems.put(
          subsystem.nqn(),
          new NvmeTargetStatistics.Subsystem(
              subsystem.associations().size(),
              subsystem.hosts().inFlight(),
              subsystem.counters().snapshot()));
    }
    return new NvmeTargetStatistics(
        loops.connections(),
        loops.connectionsTotal(),
        loops.connectionsRefused(),
        state.failedConnections(),
        loops.defects(),
        loops.bufferMemoryUsedBytes(),
        java.util.Collections.unmodifiableMap(subsystems));
  }

  /**
   * Stops to accept, ends all associations, drains them within {@link NvmeTimeouts#drainNanos}, and
   * frees ports and threads. Devices stay open. Idempotent.
   */
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    loops.stopListening();
    var all = new ArrayList<>(state.subsystems());
    all.add(state.discovery());
    all.forEach(SubsystemState::withdraw);
    long deadline = System.nanoTime() + settings.timeouts().drainNanos();
    for (SubsystemState subsystem : all) {
      if (!subsystem.hosts().awaitNone(deadline)) {
        LOG.error("{}: the device still holds commands of ended hosts", subsystem.nqn());
      }
    }
    loops.close();
  }
}
