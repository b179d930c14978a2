package dev.isthmus.targets.nvme;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;

/**
 * A host with one I/O queue, for tests of other modules that reach a target by its port on the
 * loopback interface. Every call waits for its answer, but those that only submit. Threading: one
 * thread.
 */
public final class NvmeTestInitiator implements AutoCloseable {

  private static final int IDENTIFY_NAMESPACE = 0x00;
  private static final int IDENTIFY_CONTROLLER = 0x01;
  private static final int NSZE = 0;
  private static final int NGUID = 104;
  private static final int VWC = 525;

  private final TestHost host;
  private final int blockSizeBytes;

  private NvmeTestInitiator(TestHost host, int blockSizeBytes) {
    this.host = host;
    this.blockSizeBytes = blockSizeBytes;
  }

  /**
   * What a read gave. Never compared.
   *
   * @param code status code type × 256 + status code; 0 is success
   * @param data what was read; undefined unless {@code code} is 0
   */
  @SuppressWarnings("ArrayRecordComponent")
  public record ReadResult(int code, byte[] data) {}

  /** Connects as Linux does, and reads the identity of namespace 1 as Linux does before any I/O. */
  public static NvmeTestInitiator connect(int port, String nqn, int blockSizeBytes)
      throws IOException {
    TestHost host = TestHost.connect(port, nqn, 1);
    var initiator = new NvmeTestInitiator(host, blockSizeBytes);
    boolean done = false;
    try {
      assertEquals(0, host.identify(IDENTIFY_NAMESPACE, 1).status(), "identify namespace");
      done = true;
      return initiator;
    } finally {
      if (!done) {
        host.close();
      }
    }
  }

  private byte[] identity() throws IOException {
    HostQueue.Completion identified = host.identify(IDENTIFY_NAMESPACE, 1);
    assertEquals(0, identified.status(), "identify namespace");
    return identified.data();
  }

  /** The namespace's globally unique identifier, in hexadecimal digits. */
  public String nguid() throws IOException {
    return java.util.HexFormat.of().formatHex(identity(), NGUID, NGUID + 16);
  }

  /** Whether the controller says that it has a volatile write cache. */
  public boolean hasVolatileCache() throws IOException {
    HostQueue.Completion identified = host.identify(IDENTIFY_CONTROLLER, 0);
    assertEquals(0, identified.status(), "identify controller");
    return (identified.data()[VWC] & 1) != 0;
  }

  /** The namespace's size. */
  public long blocks() throws IOException {
    return HostQueue.le(identity()).getLong(NSZE);
  }

  /**
   * Writes whole blocks, at most 128 KiB.
   *
   * @return status code type × 256 + status code; 0 is success
   */
  public int write(long block, byte[] data) throws IOException {
    return host.write(block, data, blockSizeBytes).code();
  }

  /** Reads whole blocks, at most 128 KiB. */
  public ReadResult read(long block, int blocks) throws IOException {
    HostQueue.Completion read = host.read(block, blocks, blockSizeBytes);
    return new ReadResult(read.code(), read.data());
  }

  /** Flushes; gives the status as {@link #write} does. */
  public int flush() throws IOException {
    return await(submitFlush());
  }

  /** Begins a write of whole blocks, at most 128 KiB; gives what {@link #await} takes. */
  public int submitWrite(long block, byte[] data) throws IOException {
    return TestHost.submitWrite(host.io(), block, data, blockSizeBytes);
  }

  /** Begins a flush; gives what {@link #await} takes. */
  public int submitFlush() throws IOException {
    return host.io().submit(HostQueue.entry(0x00, 1), 0);
  }

  /** Waits, up to 20 s, for the end of what was submitted; gives its status, once. */
  public int await(int submitted) throws IOException {
    return host.io().await(submitted).code();
  }

  @Override
  public void close() throws IOException {
    host.close();
  }
}
