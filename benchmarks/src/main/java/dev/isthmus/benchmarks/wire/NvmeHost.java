package dev.isthmus.benchmarks.wire;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A host connected to a subsystem: an admin queue with an enabled controller, and one I/O queue
 * (NVMe over Fabrics, section 3.3). Threading: one thread.
 */
public final class NvmeHost implements AutoCloseable {

  private static final String HOST_NQN =
      "nqn.2014-08.org.nvmexpress:uuid:b0e1c2d3-1111-4222-8333-444455556666";

  private static final int FABRICS = 0x7F;
  private static final int CONTROLLER_CONFIGURATION = 0x14;

  /** Entries of 64 and 16 bytes, pages of 4 KiB, enabled. */
  private static final int ENABLE = 1 | 6 << 16 | 4 << 20;

  private static final int KEEP_ALIVE = 0x18;

  private final NvmeWire admin;
  private final NvmeWire io;

  /**
   * Connects.
   *
   * @param requestBytes length of each read and write
   * @param keepAliveMillis within which {@link #keepAlive} has to be called, or 0
   */
  public NvmeHost(int port, String nqn, int requestBytes, int keepAliveMillis) throws IOException {
    admin = new NvmeWire(port, requestBytes);
    int controller = (int) connect(admin, nqn, 0, 0xFFFF, keepAliveMillis) & 0xFFFF;
    admin.execute(
        NvmeWire.entry(FABRICS, 0).putInt(44, CONTROLLER_CONFIGURATION).putLong(48, ENABLE),
        new byte[0]);
    io = new NvmeWire(port, requestBytes);
    connect(io, nqn, 1, controller, 0);
  }

  private static long connect(
      NvmeWire queue, String nqn, int queueId, int controller, int keepAliveMillis)
      throws IOException {
    byte[] data = new byte[1024];
    ByteBuffer.wrap(data)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(0, ProcessHandle.current().pid())
        .putShort(16, (short) controller)
        .put(256, nqn.getBytes(US_ASCII))
        .put(512, HOST_NQN.getBytes(US_ASCII));
    return queue.execute(
        NvmeWire.entry(FABRICS, 1)
            .putShort(42, (short) queueId)
            .putShort(44, (short) (queueId == 0 ? 31 : Wire.MAX_IN_FLIGHT))
            .putInt(48, keepAliveMillis),
        data);
  }

  /** The I/O queue. */
  public Wire io() {
    return io;
  }

  /** Says that this host lives. */
  public void keepAlive() throws IOException {
    admin.execute(NvmeWire.entry(KEEP_ALIVE, 0), new byte[0]);
  }

  @Override
  public void close() throws IOException {
    io.close();
    admin.close();
  }
}
