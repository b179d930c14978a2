package dev.isthmus.blocktranslation.store;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * An HTTP proxy on the loopback interface that remembers what it was asked: CONNECT, or a request
 * with a whole URL, whose connection is then the server's.
 *
 * <p>Threading: thread-safe; a virtual thread for each direction of a connection.
 */
final class TestProxy implements AutoCloseable {

  private final ServerSocket listening;
  private final List<String> requests = new CopyOnWriteArrayList<>();

  TestProxy() throws IOException {
    listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(this::accept);
  }

  int port() {
    return listening.getLocalPort();
  }

  /** First lines so far. */
  List<String> requests() {
    return requests;
  }

  private void accept() {
    while (true) {
      try {
        Socket client = listening.accept();
        Thread.ofVirtual().start(() -> serve(client));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void serve(Socket client) {
    try (client) {
      byte[] head = head(client.getInputStream());
      String line = new String(head, StandardCharsets.ISO_8859_1).lines().findFirst().orElse("");
      requests.add(line);
      String target = line.split(" ", 3)[1];
      boolean connect = line.startsWith("CONNECT ");
      URI at = URI.create(connect ? "tcp://" + target : target);
      try (var server = new Socket(at.getHost(), at.getPort())) {
        if (connect) {
          client
              .getOutputStream()
              .write("HTTP/1.1 200 OK\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        } else {
          server.getOutputStream().write(head);
        }
        Thread back = Thread.ofVirtual().start(() -> pipe(server, client));
        pipe(client, server);
        back.join();
      }
    } catch (IOException e) {
      // The client sees its connection end.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static byte[] head(InputStream in) throws IOException {
    var head = new ByteArrayOutputStream();
    while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
      int b = in.read();
      if (b < 0) {
        throw new IOException("no request");
      }
      head.write(b);
    }
    return head.toByteArray();
  }

  private static void pipe(Socket from, Socket to) {
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      in.transferTo(out);
      to.shutdownOutput();
    } catch (IOException e) {
      // One end is gone: so is the other, soon.
    }
  }

  @Override
  public void close() throws IOException {
    listening.close();
  }
}
