package dev.isthmus.gateway.daemon;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.DeviceInfo;
import dev.isthmus.gateway.config.HostPort;
import dev.isthmus.targets.nvme.HostAccess;
import dev.isthmus.targets.nvme.NvmeSubsystem;
import dev.isthmus.targets.nvme.NvmeTargetStatistics;
import dev.isthmus.targets.nvme.NvmeTcpTarget;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.Collections;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Exports over NVMe/TCP. Threading: thread-safe. */
public final class NvmeExports implements Exports {

  private static final String MODEL = "Isthmus";

  private final NvmeTcpTarget target;
  private final @Nullable HostPort advertise;

  /**
   * On a running target.
   *
   * @param target stays the caller's
   * @param advertise what hosts are told instead of the bound address; port 0 for the bound one
   */
  public NvmeExports(NvmeTcpTarget target, @Nullable HostPort advertise) {
    this.target = target;
    this.advertise = advertise;
  }

  @Override
  public void publish(String nqn, HostAccess hosts, BlockDevice device) {
    try {
      target.publish(new NvmeSubsystem(nqn, serial(device.info()), MODEL, hosts, device));
    } catch (IllegalArgumentException e) {
      throw new DeviceException.Invalid(String.valueOf(e.getMessage()), e);
    }
  }

  /** The same for one UUID always, so that a host knows its disk after any restart. */
  @Override
  public String serial(DeviceInfo info) {
    return info.identity().uuid().toString().replace("-", "").substring(0, 20);
  }

  @Override
  public BooleanSupplier unpublish(String nqn) {
    return target.unpublish(nqn);
  }

  @Override
  public int associations(String nqn) {
    NvmeTargetStatistics.Subsystem subsystem = target.statistics().subsystems().get(nqn);
    return subsystem == null ? 0 : subsystem.associations();
  }

  @Override
  public ExportAddress address() {
    InetSocketAddress bound = target.boundAddresses().getFirst();
    if (advertise != null) {
      return new ExportAddress(
          advertise.addressText(), advertise.port() == 0 ? bound.getPort() : advertise.port());
    }
    InetAddress address = bound.getAddress();
    return new ExportAddress(
        (address.isAnyLocalAddress() ? firstOwnAddress(address) : address).getHostAddress(),
        bound.getPort());
  }

  /** Of a wildcard: an address of this machine that others may reach. */
  private static InetAddress firstOwnAddress(InetAddress wildcard) {
    try {
      for (NetworkInterface card : Collections.list(NetworkInterface.getNetworkInterfaces())) {
        for (InetAddress address : Collections.list(card.getInetAddresses())) {
          if (!address.isLoopbackAddress()
              && !address.isLinkLocalAddress()
              && address.getClass() == wildcard.getClass()) {
            return address;
          }
        }
      }
    } catch (SocketException e) {
      // Nothing known about the cards: say what was bound.
      return wildcard;
    }
    return wildcard;
  }
}
