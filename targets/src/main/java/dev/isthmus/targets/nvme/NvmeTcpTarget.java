package dev.isthmus.targets.nvme;

import java.net.InetSocketAddress;
import java.util.List;

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
@SuppressWarnings("DoNotCallSuggester") // The engine follows in the next commits.
public final class NvmeTcpTarget implements AutoCloseable {

  private NvmeTcpTarget() {}

  /**
   * Binds the portals and starts to serve.
   *
   * @throws dev.isthmus.blockdevice.DeviceException.Unavailable if a portal can't be bound
   */
  public static NvmeTcpTarget start(NvmeTargetSettings settings) {
    throw new UnsupportedOperationException(settings.toString());
  }

  /** What was bound, in the order of the portals. */
  public List<InetSocketAddress> boundAddresses() {
    throw new UnsupportedOperationException();
  }

  /** The port that the first portal bound. */
  public int port() {
    return boundAddresses().getFirst().getPort();
  }

  /**
   * Lets hosts connect to {@code subsystem}, and tells discovery.
   *
   * @throws IllegalArgumentException if its NQN is published already
   */
  public void publish(NvmeSubsystem subsystem) {
    throw new UnsupportedOperationException(subsystem.toString());
  }

  /**
   * Changes who may connect to a published subsystem. Associations of hosts that no longer may are
   * ended.
   *
   * @throws IllegalArgumentException if no subsystem has this NQN
   */
  public void setHosts(String nqn, HostAccess hosts) {
    throw new UnsupportedOperationException(nqn + hosts);
  }

  /**
   * Takes a subsystem away: discovery no longer tells it, its associations end, their commands are
   * cancelled. Blocks until the device holds none of them, for at most {@link
   * NvmeTimeouts#drainNanos}.
   *
   * @return true if the device is no longer in use; false if it still held commands at the bound
   *     (they can no longer take effect if the device honours {@code isCancelled})
   * @throws IllegalArgumentException if no subsystem has this NQN
   */
  public boolean unpublish(String nqn) {
    throw new UnsupportedOperationException(nqn);
  }

  /** Counters so far. Cheap enough to poll each second. */
  public NvmeTargetStatistics statistics() {
    throw new UnsupportedOperationException();
  }

  /**
   * Stops to accept, ends all associations, drains them within {@link NvmeTimeouts#drainNanos}, and
   * frees ports and threads. Devices stay open. Idempotent.
   */
  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }
}
