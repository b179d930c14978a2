package dev.isthmus.targets.nvme;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * A host that goes through the whole of connecting, as Linux does: admin queue, enable, I/O queues.
 * Threading: one thread.
 */
final class TestHost implements AutoCloseable {

  static final int ENABLE = 1 | 6 << 16 | 4 << 20;
  static final int CC = 0x14;
  static final int CSTS = 0x1C;

  final int port;
  final HostQueue admin;
  final int cntlid;
  final List<HostQueue> io = new ArrayList<>();
  private final HostQueue.Connect template;
  private final boolean headerDigest;
  private final boolean dataDigest;

  private TestHost(int port, HostQueue.Connect template, boolean hdgst, boolean ddgst)
      throws IOException {
    this.port = port;
    this.template = template;
    this.headerDigest = hdgst;
    this.dataDigest = ddgst;
    this.admin = HostQueue.initialized(port, hdgst, ddgst);
    HostQueue.Completion connected = admin.connect(template);
    if (connected.status() != 0) {
      admin.close();
      throw new RefusedException(connected);
    }
    this.cntlid = (int) connected.result() & 0xFFFF;
  }

  /** With an enabled controller and {@code ioQueues} I/O queues. */
  static TestHost connect(
      int port, HostQueue.Connect to, int ioQueues, boolean hdgst, boolean ddgst)
      throws IOException {
    var host = new TestHost(port, to, hdgst, ddgst);
    host.enable();
    for (int i = 0; i < ioQueues; i++) {
      host.addQueue(i + 1, 63);
    }
    return host;
  }

  static TestHost connect(int port, String nqn, int ioQueues) throws IOException {
    return connect(port, HostQueue.Connect.to(nqn), ioQueues, false, false);
  }

  void enable() throws IOException {
    assertEquals(0, admin.propertySet(CC, ENABLE).status());
    assertEquals(1, admin.propertyGet(CSTS, 4).result());
  }

  HostQueue addQueue(int qid, int sqsize) throws IOException {
    HostQueue queue = HostQueue.initialized(port, headerDigest, dataDigest);
    HostQueue.Completion c = queue.connect(ioConnect(qid, sqsize));
    if (c.status() != 0) {
      queue.close();
      throw new RefusedException(c);
    }
    io.add(queue);
    return queue;
  }

  HostQueue.Connect ioConnect(int qid, int sqsize) {
    var c = HostQueue.Connect.to(template.subsystem);
    c.host = template.host;
    c.hostId = template.hostId;
    c.cattr = template.cattr;
    c.cntlid = cntlid;
    c.qid = qid;
    c.sqsize = sqsize;
    return c;
  }

  HostQueue io() {
    return io.getFirst();
  }

  // ---- admin

  HostQueue.Completion identify(int cns, int nsid) throws IOException {
    return admin.execute(HostQueue.entry(0x06, nsid).putInt(40, cns), 4096);
  }

  HostQueue.Completion logPage(int page, long offset, int length) throws IOException {
    return logPage(page, offset, length, false);
  }

  HostQueue.Completion logPage(int page, long offset, int length, boolean retain)
      throws IOException {
    int dwords = length / 4 - 1;
    return admin.execute(
        HostQueue.entry(0x02, 0)
            .putInt(40, page | (retain ? 1 << 15 : 0) | dwords << 16)
            .putInt(44, dwords >>> 16)
            .putLong(48, offset),
        length);
  }

  HostQueue.Completion getFeature(int feature) throws IOException {
    return admin.execute(HostQueue.entry(0x0A, 0).putInt(40, feature), 0);
  }

  HostQueue.Completion setFeature(int feature, int value) throws IOException {
    return admin.execute(HostQueue.entry(0x09, 0).putInt(40, feature).putInt(44, value), 0);
  }

  // ---- I/O

  static ByteBuffer rw(int opcode, long block, int blocks) {
    return HostQueue.entry(opcode, 1).putLong(40, block).putInt(48, blocks - 1);
  }

  HostQueue.Completion read(long block, int blocks, int blockSize) throws IOException {
    return io().execute(rw(0x02, block, blocks), blocks * blockSize);
  }

  /** In-capsule up to 8 KiB, by R2T beyond, as Linux does. */
  HostQueue.Completion write(long block, byte[] data, int blockSize) throws IOException {
    return io().await(submitWrite(io(), block, data, blockSize));
  }

  static int submitWrite(HostQueue queue, long block, byte[] data, int blockSize)
      throws IOException {
    ByteBuffer entry = rw(0x01, block, data.length / blockSize);
    return data.length <= 8192
        ? queue.submitInCapsule(entry, data)
        : queue.submitByR2t(entry, data);
  }

  @Override
  public void close() throws IOException {
    for (HostQueue queue : io) {
      queue.close();
    }
    admin.close();
  }

  /** A Connect was refused. */
  static final class RefusedException extends IOException {
    private static final long serialVersionUID = 1;

    @SuppressWarnings("serial") // Never serialized.
    final HostQueue.Completion completion;

    RefusedException(HostQueue.Completion completion) {
      super("refused: status " + Integer.toHexString(completion.status()));
      this.completion = completion;
    }
  }
}
