package dev.isthmus.targets.nvme;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.isthmus.blockdevice.DeviceIdentity;
import dev.isthmus.blockdevice.DeviceInfo;
import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.targets.RamDevice;
import dev.isthmus.targets.loop.LoopSettings;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.UUID;

/**
 * Serves a disk in memory, for judges that are processes of their own: {@code NvmeTargetMain
 * ADDRESS PORT NQN MIB [SPIN_NANOS [THREADS]]}. Lines on standard input change the world: {@code
 * down}, {@code up}, {@code stall}, {@code hold}, {@code ready}, {@code incarnation}; its end ends
 * nothing.
 */
public final class NvmeTargetMain {

  private final NvmeTargetSettings settings;
  private final NvmeSubsystem subsystem;
  private final RamDevice device;
  private NvmeTcpTarget target;

  private NvmeTargetMain(NvmeTargetSettings settings, String nqn, RamDevice device) {
    this.settings = settings;
    this.device = device;
    this.subsystem = new NvmeSubsystem(nqn, HostAccess.any(), device);
    this.target = start();
  }

  private NvmeTcpTarget start() {
    var started = NvmeTcpTarget.start(settings);
    started.publish(subsystem);
    System.out.println("serving on port " + started.port());
    return started;
  }

  public static void main(String[] args) throws Exception {
    var address = InetAddress.getByName(args[0]);
    var loop = LoopSettings.defaults();
    if (args.length > 4) {
      loop = loop.withSpinNanos(Long.parseLong(args[4]));
    }
    if (args.length > 5) {
      loop = loop.withThreads(Integer.parseInt(args[5]));
    }
    var settings =
        NvmeTargetSettings.defaults(
                new NvmePortal(new InetSocketAddress(address, Integer.parseInt(args[1]))))
            .withLoop(loop);
    var identity = new DeviceIdentity(UUID.nameUUIDFromBytes(new byte[] {1, 2, 3}), 1);
    var device = new RamDevice(identity, Long.parseLong(args[3]) << 20, 4096).withoutRecording();
    var main = new NvmeTargetMain(settings, args[2], device);
    try (var input = new BufferedReader(new InputStreamReader(System.in, UTF_8))) {
      for (String line = input.readLine(); line != null; line = input.readLine()) {
        main.obey(line);
      }
    }
    Thread.currentThread().join();
  }

  private void obey(String line) {
    switch (line) {
      case "down" -> target.close();
      case "up" -> target = start();
      case "stall" -> device.setState(DeviceState.Kind.STALLED);
      case "hold" -> device.hold(c -> c instanceof IoCommand.Write);
      case "ready" -> {
        device.setState(DeviceState.Kind.READY);
        device.release();
      }
      case "incarnation" -> device.setInfo(NvmeTargetMain::nextLife);
      default -> System.out.println("what is " + line + "?");
    }
    System.out.println("done " + line);
  }

  private static DeviceInfo nextLife(DeviceInfo i) {
    return new DeviceInfo(
        new DeviceIdentity(i.identity().uuid(), i.identity().incarnation() + 1),
        i.name(),
        i.sizeBytes(),
        i.blockSizeBytes(),
        i.maxTransferBytes(),
        i.optimalIoBytes(),
        i.readOnly(),
        i.volatileWriteCache(),
        i.discards(),
        i.zeroesAfterDiscard());
  }
}
