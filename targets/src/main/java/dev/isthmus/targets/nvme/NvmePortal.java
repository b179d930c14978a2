package dev.isthmus.targets.nvme;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * One place where hosts reach the target. Immutable.
 *
 * @param listen the local address and port to bind; port 0 takes a free one
 * @param advertisedAddress the IP address that discovery reports, or null for the bound one. Needed
 *     where hosts reach this machine under another address than the one bound (a wildcard, network
 *     address translation, a virtual machine's gateway)
 * @param advertisedPort the port that discovery reports, or 0 for the bound one
 */
public record NvmePortal(
    InetSocketAddress listen, @Nullable InetAddress advertisedAddress, int advertisedPort) {

  /** The port that IANA registered for NVMe/TCP I/O controllers and that hosts try by default. */
  public static final int DEFAULT_PORT = 4420;

  /** The port that IANA registered for NVMe/TCP discovery. */
  public static final int DEFAULT_DISCOVERY_PORT = 8009;

  public NvmePortal {
    if (listen.isUnresolved()) {
      throw new IllegalArgumentException("cannot resolve the listen address " + listen);
    }
    if (advertisedAddress != null && advertisedAddress.isAnyLocalAddress()) {
      throw new IllegalArgumentException("the advertised address is one that hosts can reach");
    }
    if (advertisedPort < 0 || advertisedPort > 65_535) {
      throw new IllegalArgumentException("advertised port " + advertisedPort);
    }
  }

  /** Listens at {@code listen} and reports what was bound. */
  public NvmePortal(InetSocketAddress listen) {
    this(listen, null, 0);
  }
}
