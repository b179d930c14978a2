package dev.isthmus.benchmarks.wire;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;

/**
 * A non-blocking socket with a buffer for each direction: many requests leave with one system call,
 * and many answers come with one. Every host here uses it, so that none has the better socket code.
 * Threading: one thread.
 */
final class SocketBuffers implements AutoCloseable {

  /** All that {@link Wire#MAX_IN_FLIGHT} requests of 128 KiB and their answers take: 8.2 MB. */
  private static final int CAPACITY_BYTES = 9 << 20;

  /** A peer that says nothing for so long is broken. */
  private static final long SILENCE_NANOS = 30_000_000_000L;

  private final SocketChannel channel;
  final ByteBuffer in = direct().limit(0);
  final ByteBuffer out = direct();
  private long heardNanos = System.nanoTime();

  SocketBuffers(int port) throws IOException {
    channel = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    channel.configureBlocking(false);
  }

  private static ByteBuffer direct() {
    return ByteBuffer.allocateDirect(CAPACITY_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Gives the kernel what it takes of {@link #out} now. */
  void send() throws IOException {
    if (out.position() > 0) {
      out.flip();
      channel.write(out);
      out.compact();
    }
  }

  /** Adds what has arrived to {@link #in}, which stays ready to be read from. */
  void receive() throws IOException {
    if (in.hasRemaining()) {
      in.compact();
    } else {
      in.clear();
    }
    int count = channel.read(in);
    in.flip();
    if (count < 0) {
      throw new EOFException("the peer closed the connection");
    }
    if (count > 0) {
      heardNanos = System.nanoTime();
    } else if (System.nanoTime() - heardNanos > SILENCE_NANOS) {
      throw new IOException("the peer has said nothing for 30 s");
    }
  }

  /** The silence that counts begins now: nothing was asked before. */
  void expectAnswers() {
    heardNanos = System.nanoTime();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
