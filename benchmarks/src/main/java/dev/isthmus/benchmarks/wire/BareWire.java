package dev.isthmus.benchmarks.wire;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The same traffic without a protocol: requests and answers of an NVMe/TCP command's size, answered
 * in order. Threading: one thread.
 */
public final class BareWire implements Wire {

  private final SocketBuffers socket;
  private final ByteBuffer request;
  private final int answerBytes;
  private final int[] tags = new int[MAX_IN_FLIGHT];
  private long submitted;
  private long ended;

  /** Connected to a {@link BareResponder}, for requests of one kind. */
  public BareWire(int port, Operation operation, int blockBytes) throws IOException {
    int requestBytes = NvmeWire.requestBytes(operation, blockBytes);
    this.answerBytes = NvmeWire.answerBytes(operation, blockBytes);
    this.request = ByteBuffer.allocateDirect(requestBytes);
    this.socket = new SocketBuffers(port);
    socket.out.putInt(requestBytes).putInt(answerBytes);
  }

  @Override
  public void submit(int tag, Operation operation, long block) {
    if (submitted == ended) {
      socket.expectAnswers();
    }
    tags[(int) (submitted++ % MAX_IN_FLIGHT)] = tag;
    socket.out.put(request.clear());
  }

  @Override
  public void send() throws IOException {
    socket.send();
  }

  @Override
  public void poll(Ended listener) throws IOException {
    socket.receive();
    while (socket.in.remaining() >= answerBytes) {
      socket.in.position(socket.in.position() + answerBytes);
      if (ended == submitted) {
        throw new IOException("an answer that nobody asked for");
      }
      listener.ended(tags[(int) (ended++ % MAX_IN_FLIGHT)]);
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
