package dev.isthmus.gateway.daemon;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.DeviceInfo;
import dev.isthmus.targets.nvme.HostAccess;
import java.util.function.BooleanSupplier;

/**
 * Where devices are shown to hosts. A seam, so that volumes can be managed and tested without a
 * network. Threading: implementations are thread-safe.
 */
public interface Exports {

  /**
   * Lets {@code hosts} connect to {@code device} under {@code nqn}.
   *
   * @throws dev.isthmus.blockdevice.DeviceException.Invalid if the name is taken or is none
   */
  void publish(String nqn, HostAccess hosts, BlockDevice device);

  /**
   * Takes it away again; blocks, bounded.
   *
   * @return whether none of the hosts' commands is in the device any more, now and whenever it is
   *     asked: until then it must not be closed
   */
  BooleanSupplier unpublish(String nqn);

  /** The address and port that hosts are told, for people. */
  ExportAddress address();

  /** The serial number under which hosts see a device of this identity. */
  String serial(DeviceInfo info);

  /** Hosts' connections to {@code nqn} now. */
  int associations(String nqn);

  /**
   * Where hosts connect.
   *
   * @param address numeric
   */
  record ExportAddress(String address, int port) {}
}
