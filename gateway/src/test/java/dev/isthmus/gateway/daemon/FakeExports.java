package dev.isthmus.gateway.daemon;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.DeviceInfo;
import dev.isthmus.targets.nvme.HostAccess;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;

/**
 * Exports without a network. Fault model: it refuses a name that is taken, as the real one does;
 * {@link #drains} false plays a host whose commands stay in the device; {@link #associations} of
 * them are connected to each name. Threading: guarded by this.
 */
final class FakeExports implements Exports {

  final Map<String, HostAccess> published = new TreeMap<>();
  final Map<String, BlockDevice> devices = new TreeMap<>();
  volatile boolean drains = true;
  int associations;

  @Override
  public synchronized void publish(String nqn, HostAccess hosts, BlockDevice device) {
    if (published.putIfAbsent(nqn, hosts) != null) {
      throw new DeviceException.Invalid(nqn + " is published already");
    }
    devices.put(nqn, device);
  }

  @Override
  public synchronized BooleanSupplier unpublish(String nqn) {
    if (published.remove(nqn) == null) {
      throw new IllegalArgumentException("no subsystem " + nqn);
    }
    return () -> drains;
  }

  @Override
  public ExportAddress address() {
    return new ExportAddress("127.0.0.1", 4420);
  }

  @Override
  public String serial(DeviceInfo info) {
    return "serial";
  }

  @Override
  public synchronized int associations(String nqn) {
    return published.containsKey(nqn) ? associations : 0;
  }
}
