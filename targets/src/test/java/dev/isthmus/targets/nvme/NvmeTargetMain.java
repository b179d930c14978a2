package dev.isthmus.targets.nvme;

import dev.isthmus.blockdevice.DeviceIdentity;
import dev.isthmus.targets.RamDevice;
import dev.isthmus.targets.loop.LoopSettings;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.UUID;

/**
 * Serves a disk in memory until it is killed, for judges that are processes of their own: {@code
 * NvmeTargetMain ADDRESS PORT NQN MIB [INCARNATION [SPIN_NANOS]]}.
 */
public final class NvmeTargetMain {

  private NvmeTargetMain() {}

  public static void main(String[] args) throws Exception {
    var address = InetAddress.getByName(args[0]);
    long mebibytes = Long.parseLong(args[3]);
    long incarnation = args.length > 4 ? Long.parseLong(args[4]) : 1;
    var settings =
        NvmeTargetSettings.defaults(
            new NvmePortal(new InetSocketAddress(address, Integer.parseInt(args[1]))));
    if (args.length > 5) {
      settings = settings.withLoop(LoopSettings.defaults().withSpinNanos(Long.parseLong(args[5])));
    }
    var identity = new DeviceIdentity(UUID.nameUUIDFromBytes(new byte[] {1, 2, 3}), incarnation);
    var device = new RamDevice(identity, mebibytes << 20, 4096).withoutRecording();
    try (var target = NvmeTcpTarget.start(settings)) {
      target.publish(new NvmeSubsystem(args[2], HostAccess.any(), device));
      System.out.println("serving on port " + target.port());
      Thread.currentThread().join();
    }
  }
}
