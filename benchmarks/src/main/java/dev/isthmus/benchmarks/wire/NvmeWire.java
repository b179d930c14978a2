package dev.isthmus.benchmarks.wire;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The host's end of one NVMe/TCP connection, for one namespace (NVMe over TCP 1.1, figures of PDUs
 * in section 3.6). No digests. Writes up to 8 KiB go in the capsule, longer ones wait for R2T.
 *
 * <p>Each block that is written begins with its own number, and what is read is checked for it: a
 * target that answers fast and wrong is not measured. Threading: one thread.
 */
public final class NvmeWire implements Wire {

  private static final int IC_REQ = 0;
  private static final int IC_RESP = 1;
  private static final int CAPSULE = 4;
  private static final int RESPONSE = 5;
  private static final int H2C_DATA = 6;
  private static final int C2H_DATA = 7;
  private static final int R2T = 9;

  private static final int CAPSULE_BYTES = 72;
  private static final int HEADER_BYTES = 24;
  private static final int IC_BYTES = 128;
  private static final int LAST = 4;
  private static final int SUCCESS = 8;
  private static final int MAX_IN_CAPSULE_BYTES = 8192;
  private static final int BLOCK_BYTES = 4096;

  /** Admin queue commands use tags above those of {@link Wire}. */
  private static final int CONTROL_TAG = MAX_IN_FLIGHT;

  private final SocketBuffers socket;
  private final int requestBlocks;
  private final ByteBuffer payload;
  private final long[] blocks = new long[MAX_IN_FLIGHT + 1];
  private final Operation[] operations = new Operation[MAX_IN_FLIGHT + 1];
  private final int[] readBytes = new int[MAX_IN_FLIGHT + 1];
  private int inFlight;
  private int maxDataBytes;
  private long result;

  /**
   * Connected, with the connection initialized and nothing more.
   *
   * @param requestBytes length of each read and write
   */
  NvmeWire(int port, int requestBytes) throws IOException {
    this.requestBlocks = requestBytes / BLOCK_BYTES;
    this.payload = ByteBuffer.allocateDirect(requestBytes).order(ByteOrder.LITTLE_ENDIAN);
    // Neither zeroes nor anything that compresses well.
    var random = new java.util.Random(requestBytes);
    while (payload.remaining() >= 8) {
      payload.putLong(random.nextLong());
    }
    Arrays.fill(operations, Operation.FLUSH);
    this.socket = new SocketBuffers(port);
    initialize();
  }

  /** Bytes that the host sends for a request that needs no R2T. */
  static int requestBytes(Operation operation, int dataBytes) {
    return CAPSULE_BYTES + (operation == Operation.WRITE ? dataBytes : 0);
  }

  /** Bytes that the target sends for it: data and response are PDUs of their own. */
  static int answerBytes(Operation operation, int dataBytes) {
    return HEADER_BYTES + (operation == Operation.READ ? HEADER_BYTES + dataBytes : 0);
  }

  private void initialize() throws IOException {
    socket.out.put((byte) IC_REQ).put((byte) 0).put((byte) IC_BYTES).put((byte) 0);
    socket.out.putInt(IC_BYTES).put(new byte[IC_BYTES - 8]);
    while (socket.in.remaining() < IC_BYTES) {
      socket.send();
      socket.receive();
    }
    int at = socket.in.position();
    if (socket.in.get(at) != IC_RESP || socket.in.getInt(at + 4) != IC_BYTES) {
      throw new IOException("no ICResp");
    }
    maxDataBytes = socket.in.getInt(at + 12);
    socket.in.position(at + IC_BYTES);
  }

  // Commands of the control path, one at a time.

  /** An empty submission queue entry. */
  static ByteBuffer entry(int opcode, int namespace) {
    return ByteBuffer.allocate(64)
        .order(ByteOrder.LITTLE_ENDIAN)
        .put(0, (byte) opcode)
        .put(1, (byte) 0x40)
        .putInt(4, namespace);
  }

  /** Sends a command with data in the capsule, and waits; gives the result of its completion. */
  long execute(ByteBuffer entry, byte[] data) throws IOException {
    if (inFlight > 0) {
      throw new IllegalStateException("requests are in flight");
    }
    if (data.length > 0) {
      entry.putInt(32, data.length).put(39, (byte) 1);
    }
    operations[CONTROL_TAG] = Operation.FLUSH;
    capsule(CONTROL_TAG, entry, data.length);
    socket.out.put(data);
    while (inFlight > 0) {
      send();
      poll(_ -> {});
    }
    return result;
  }

  // Requests.

  @Override
  public void submit(int tag, Operation operation, long block) {
    blocks[tag] = block;
    operations[tag] = operation;
    readBytes[tag] = 0;
    switch (operation) {
      case FLUSH -> capsule(tag, entry(0, 1), 0);
      case READ -> capsule(tag, transfer(2, block).put(39, (byte) 0x5A), 0);
      case WRITE -> {
        boolean inCapsule = payload.capacity() <= MAX_IN_CAPSULE_BYTES;
        ByteBuffer entry = transfer(1, block).put(39, (byte) (inCapsule ? 1 : 0x5A));
        capsule(tag, entry, inCapsule ? payload.capacity() : 0);
        if (inCapsule) {
          data(tag, 0, payload.capacity());
        }
      }
    }
  }

  private ByteBuffer transfer(int opcode, long block) {
    return entry(opcode, 1)
        .putLong(40, block)
        .putInt(48, requestBlocks - 1)
        .putInt(32, payload.capacity());
  }

  private void capsule(int tag, ByteBuffer entry, int dataBytes) {
    if (inFlight++ == 0) {
      socket.expectAnswers();
    }
    entry.putShort(2, (short) tag);
    socket.out.put((byte) CAPSULE).put((byte) 0).put((byte) CAPSULE_BYTES);
    socket.out.put((byte) (dataBytes > 0 ? CAPSULE_BYTES : 0)).putInt(CAPSULE_BYTES + dataBytes);
    socket.out.put(entry.clear());
  }

  /** The payload, with each block's number at its begin. */
  private void data(int tag, int from, int length) {
    for (int at = from; at < from + length; at += BLOCK_BYTES) {
      payload.putLong(at, blocks[tag] + at / BLOCK_BYTES);
    }
    socket.out.put(payload.clear().position(from).limit(from + length));
  }

  @Override
  public void send() throws IOException {
    socket.send();
  }

  @Override
  public void poll(Ended ended) throws IOException {
    socket.receive();
    ByteBuffer in = socket.in;
    while (in.remaining() >= HEADER_BYTES) {
      int at = in.position();
      int length = in.getInt(at + 4);
      if (length < HEADER_BYTES || length > in.capacity()) {
        throw new IOException("a PDU of " + length + " bytes");
      }
      if (in.remaining() < length) {
        return;
      }
      in.position(at + length);
      switch (in.get(at)) {
        case RESPONSE -> completed(at, ended);
        case C2H_DATA -> arrived(at, ended);
        case R2T -> asked(at);
        default -> throw new IOException("a PDU of type " + in.get(at));
      }
    }
  }

  private int tag(int at) throws IOException {
    int tag = socket.in.getShort(at) & 0xFFFF;
    if (tag > CONTROL_TAG) {
      throw new IOException("an answer for command " + tag + ", which was not sent");
    }
    return tag;
  }

  private void completed(int at, Ended ended) throws IOException {
    int tag = tag(at + 20);
    int status = (socket.in.getShort(at + 22) & 0xFFFF) >> 1;
    if (status != 0) {
      throw new IOException(
          "%s of block %d ended with status 0x%04x"
              .formatted(operations[tag], blocks[tag], status));
    }
    result = socket.in.getLong(at + 8);
    end(tag, ended);
  }

  private void end(int tag, Ended ended) throws IOException {
    if (operations[tag] == Operation.READ && readBytes[tag] != payload.capacity()) {
      throw new IOException("a read ended after " + readBytes[tag] + " bytes");
    }
    inFlight--;
    ended.ended(tag);
  }

  private void arrived(int at, Ended ended) throws IOException {
    int tag = tag(at + 8);
    int offset = socket.in.getInt(at + 12);
    int length = socket.in.getInt(at + 16);
    int dataAt = at + (socket.in.get(at + 3) & 0xFF);
    if (offset != readBytes[tag] || offset + length > payload.capacity()) {
      throw new IOException("data out of order or beyond the command");
    }
    for (int i = 0; i < length; i += BLOCK_BYTES) {
      long expected = blocks[tag] + (offset + i) / BLOCK_BYTES;
      if (socket.in.getLong(dataAt + i) != expected) {
        throw new IOException("block " + expected + " reads wrong");
      }
    }
    readBytes[tag] += length;
    int flags = socket.in.get(at + 1);
    if ((flags & SUCCESS) != 0) {
      end(tag, ended);
    }
  }

  private void asked(int at) throws IOException {
    int tag = tag(at + 8);
    short transferTag = socket.in.getShort(at + 10);
    int from = socket.in.getInt(at + 12);
    int end = from + socket.in.getInt(at + 16);
    if (operations[tag] != Operation.WRITE || from < 0 || end > payload.capacity()) {
      throw new IOException("an R2T beyond the command");
    }
    while (from < end) {
      int length = Math.min(maxDataBytes, end - from);
      socket.out.put((byte) H2C_DATA).put((byte) (from + length == end ? LAST : 0));
      socket.out.put((byte) HEADER_BYTES).put((byte) HEADER_BYTES).putInt(HEADER_BYTES + length);
      socket.out.putShort((short) tag).putShort(transferTag).putInt(from).putInt(length).putInt(0);
      data(tag, from, length);
      from += length;
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
