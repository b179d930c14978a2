package dev.isthmus.targets.nvme;

import dev.isthmus.targets.RamDevice;
import dev.isthmus.targets.loop.LoopSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Random;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;

/** A target on a free port with one disk in memory. Threading: one thread. */
final class TargetFixture implements AutoCloseable {

  static final String NQN = "nqn.2026-01.dev.isthmus:test";
  static final int BLOCK = 4096;

  final RamDevice device;
  final NvmeTcpTarget target;

  TargetFixture() {
    this(s -> s);
  }

  TargetFixture(UnaryOperator<NvmeTargetSettings> change) {
    this(new RamDevice(64L << 20, BLOCK), change);
  }

  TargetFixture(RamDevice device, UnaryOperator<NvmeTargetSettings> change) {
    this.device = device;
    this.target = NvmeTcpTarget.start(change.apply(settings()));
    target.publish(new NvmeSubsystem(NQN, HostAccess.any(), device));
  }

  static NvmeTargetSettings settings() {
    // Two loops, so that queues of one controller lie on different ones.
    return NvmeTargetSettings.defaults(
            new NvmePortal(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)))
        .withLoop(LoopSettings.defaults().withThreads(2).withSpinNanos(0));
  }

  int port() {
    return target.port();
  }

  TestHost host() throws IOException {
    return TestHost.connect(port(), NQN, 1);
  }

  static byte[] bytes(int length, long seed) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  /** Waits for something that happens soon. */
  static void eventually(String what, BooleanSupplier holds) throws InterruptedException {
    long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
    while (!holds.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("did not come true: " + what);
      }
      Thread.sleep(5);
    }
  }

  @Override
  public void close() {
    device.release();
    long defects = target.statistics().defects();
    target.close();
    if (defects > 0) {
      throw new AssertionError(defects + " defects, see the log");
    }
  }
}
