package dev.isthmus.targets.nvme;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.Random;

/**
 * A closed loop of reads or writes over one queue, for a first look at speed: {@code NvmeClosedLoop
 * ADDRESS PORT NQN read|write BYTES DEPTH SECONDS}. It polls its socket, as SPDK's perf does; the
 * benchmarks module holds the comparisons that count.
 */
public final class NvmeClosedLoop {

  private static final int BLOCK = 4096;

  private final SocketChannel channel;
  private final boolean writes;
  private final int bytes;
  private final int depth;
  private final ByteBuffer in = ByteBuffer.allocateDirect(4 << 20).order(ByteOrder.LITTLE_ENDIAN);
  private final ByteBuffer out;
  private final Random random = new Random(1);
  private final long[] started;
  private final long[] latencies = new long[4 << 20];
  private int count;
  private int payloadLeft;

  private NvmeClosedLoop(SocketChannel channel, boolean writes, int bytes, int depth) {
    this.channel = channel;
    this.writes = writes;
    this.bytes = bytes;
    this.depth = depth;
    this.started = new long[depth];
    this.out = ByteBuffer.allocateDirect(depth * (bytes + 256)).order(ByteOrder.LITTLE_ENDIAN);
  }

  public static void main(String[] args) throws Exception {
    int port = Integer.parseInt(args[1]);
    if (!InetAddress.getByName(args[0]).isLoopbackAddress()) {
      throw new IllegalArgumentException("loopback only");
    }
    try (var host = TestHost.connect(port, args[2], 0);
        var channel = SocketChannel.open(new InetSocketAddress(args[0], port))) {
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      var loop =
          new NvmeClosedLoop(
              channel,
              args[3].equals("write"),
              Integer.parseInt(args[4]),
              Integer.parseInt(args[5]));
      loop.connect(host.ioConnect(1, 127));
      channel.configureBlocking(false);
      loop.run(Long.parseLong(args[6]) * 1_000_000_000L / 4);
      loop.count = 0;
      loop.run(Long.parseLong(args[6]) * 1_000_000_000L);
      loop.report(Double.parseDouble(args[6]));
    }
  }

  private void connect(HostQueue.Connect c) throws IOException {
    channel.write(ByteBuffer.wrap(HostQueue.icReq(0, 0, 0)));
    readFully(128);
    ByteBuffer pdu = ByteBuffer.allocate(72 + 1024).order(ByteOrder.LITTLE_ENDIAN);
    pdu.put((byte) 4).put((byte) 0).put((byte) 72).put((byte) 72).putInt(72 + 1024);
    pdu.put(HostQueue.inCapsule(c.entry(), 1024).position(0)).put(c.data()).flip();
    channel.write(pdu);
    readFully(24);
    if (in.getShort(22) != 0) {
      throw new IOException("Connect refused");
    }
    in.clear();
  }

  private void readFully(int length) throws IOException {
    in.clear().limit(length);
    while (in.hasRemaining()) {
      if (channel.read(in) < 0) {
        throw new IOException("the target ended the connection");
      }
    }
    in.flip();
  }

  private void run(long nanos) throws IOException {
    long end = System.nanoTime() + nanos;
    for (int cid = 0; cid < depth; cid++) {
      submit(cid);
    }
    int outstanding = depth;
    in.clear();
    while (outstanding > 0) {
      flush();
      if (channel.read(in) < 0) {
        throw new IOException("the target ended the connection");
      }
      in.flip();
      boolean more = System.nanoTime() < end;
      for (int cid = next(); cid >= 0; cid = next()) {
        if (count < latencies.length) {
          latencies[count++] = System.nanoTime() - started[cid];
        }
        if (more) {
          submit(cid);
        } else {
          outstanding--;
        }
      }
      in.compact();
    }
  }

  /** Takes PDUs until one completes a command; its identifier, or -1. */
  private int next() {
    while (true) {
      int skipped = Math.min(payloadLeft, in.remaining());
      in.position(in.position() + skipped);
      payloadLeft -= skipped;
      if (payloadLeft > 0 || in.remaining() < 24) {
        return -1;
      }
      int at = in.position();
      int type = in.get(at);
      in.position(at + 24);
      if (type == 5) {
        if (in.getShort(at + 22) != 0) {
          throw new IllegalStateException("status " + in.getShort(at + 22));
        }
        return in.getShort(at + 20);
      }
      if (type == 9) {
        answer(in.getShort(at + 8), in.getShort(at + 10));
      } else {
        payloadLeft = in.getInt(at + 4) - 24;
      }
    }
  }

  private void submit(int cid) {
    started[cid] = System.nanoTime();
    boolean inCapsule = writes && bytes <= 8192;
    int length = 72 + (inCapsule ? bytes : 0);
    out.put((byte) 4).put((byte) 0).put((byte) 72).put((byte) (inCapsule ? 72 : 0)).putInt(length);
    ByteBuffer entry =
        TestHost.rw(writes ? 1 : 2, random.nextLong(1024) * (bytes / BLOCK), bytes / BLOCK);
    entry.putShort(2, (short) cid).putInt(32, bytes).put(39, (byte) (inCapsule ? 1 : 0x5A));
    out.put(entry.position(0));
    if (inCapsule) {
      out.position(out.position() + bytes);
    }
  }

  private void answer(int cid, int tag) {
    out.put((byte) 6).put((byte) 4).put((byte) 24).put((byte) 24).putInt(24 + bytes);
    out.putShort((short) cid).putShort((short) tag).putInt(0).putInt(bytes).putInt(0);
    out.position(out.position() + bytes);
  }

  private void flush() throws IOException {
    out.flip();
    channel.write(out);
    out.compact();
  }

  private void report(double seconds) {
    long[] sorted = Arrays.copyOf(latencies, count);
    Arrays.sort(sorted);
    System.out.printf(
        "%s %d QD%d: %.0f IOPS, p50 %.1f us, p99 %.1f us%n",
        writes ? "write" : "read",
        bytes,
        depth,
        count / seconds,
        sorted[count / 2] / 1e3,
        sorted[count * 99 / 100] / 1e3);
  }
}
