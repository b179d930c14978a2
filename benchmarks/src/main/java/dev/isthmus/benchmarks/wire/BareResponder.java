package dev.isthmus.benchmarks.wire;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/**
 * The limit of a network target in Java on this machine: answers each request of a fixed size with
 * an answer of a fixed size, and knows no protocol and no device. It drains the socket, answers all
 * that came with one write, and looks for more for a while before it blocks, as the target does.
 *
 * <p>A connection begins with both sizes (32 bits each, little-endian). A process of its own, one
 * connection at a time. Threading: one thread.
 */
public final class BareResponder {

  private static final int BUFFER_BYTES = 1 << 20;

  /** As the target's default. */
  private static final long SPIN_NANOS = 50_000;

  /** A request and an answer fit the buffers. */
  private static final int MAX_MESSAGE_BYTES = BUFFER_BYTES / 2;

  private final ByteBuffer in =
      ByteBuffer.allocateDirect(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  private final ByteBuffer out = ByteBuffer.allocateDirect(BUFFER_BYTES);

  private BareResponder() {}

  /** Listens on a free port of the loopback interface, and says which on standard output. */
  public static void main(String[] args) throws IOException {
    try (ServerSocketChannel server = ServerSocketChannel.open()) {
      server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      System.out.println(((InetSocketAddress) server.getLocalAddress()).getPort());
      endWithStandardInput();
      var responder = new BareResponder();
      while (true) {
        try (SocketChannel connection = server.accept()) {
          responder.serve(connection);
        }
      }
    }
  }

  /** Whoever started this process holds its standard input: no responder is left behind. */
  private static void endWithStandardInput() {
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try {
            while (System.in.read() >= 0) {
              // Nothing is said there.
            }
          } catch (IOException e) {
            // As good as its end.
          }
          Runtime.getRuntime().halt(0);
        });
  }

  private void serve(SocketChannel connection) throws IOException {
    connection.setOption(StandardSocketOptions.TCP_NODELAY, true);
    in.clear().limit(8);
    while (in.hasRemaining()) {
      if (connection.read(in) < 0) {
        return;
      }
    }
    int requestBytes = in.getInt(0);
    int answerBytes = in.getInt(4);
    if (requestBytes < 1
        || requestBytes > MAX_MESSAGE_BYTES
        || answerBytes < 1
        || answerBytes > MAX_MESSAGE_BYTES) {
      return;
    }
    connection.configureBlocking(false);
    try (Selector selector = Selector.open()) {
      connection.register(selector, SelectionKey.OP_READ);
      answer(connection, selector, requestBytes, answerBytes);
    } catch (IOException e) {
      // A host that goes away in the middle of a request is the host's business.
    }
  }

  private void answer(
      SocketChannel connection, Selector selector, int requestBytes, int answerBytes)
      throws IOException {
    long asked = 0; // bytes of requests that came
    long owed = 0; // bytes of answers to be sent
    long lastNanos = System.nanoTime();
    while (true) {
      int count = connection.read(in.clear());
      if (count < 0) {
        return;
      }
      asked += count;
      owed += asked / requestBytes * answerBytes;
      asked %= requestBytes;
      if (owed > 0) {
        out.clear().limit((int) Math.min(owed, BUFFER_BYTES));
        owed -= connection.write(out);
      }
      if (count > 0 || owed > 0) {
        lastNanos = System.nanoTime();
      } else if (System.nanoTime() - lastNanos > SPIN_NANOS) {
        int _ = selector.select();
        selector.selectedKeys().clear();
        lastNanos = System.nanoTime();
      } else {
        Thread.onSpinWait();
      }
    }
  }
}
