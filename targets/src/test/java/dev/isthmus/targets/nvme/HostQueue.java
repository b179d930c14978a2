package dev.isthmus.targets.nvme;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A host's end of one connection, written from the specification alone: it shares no line with the
 * target, so that a mistake is not made twice. Strict: what a host must not accept throws.
 *
 * <p>Threading: one thread.
 */
final class HostQueue implements AutoCloseable {

  static final String HOST_NQN =
      "nqn.2014-08.org.nvmexpress:uuid:11111111-2222-4333-8444-555555555555";

  /** A received PDU. Never compared. */
  @SuppressWarnings("ArrayRecordComponent")
  record Pdu(int type, int flags, byte[] header, byte[] data) {
    int u16(int at) {
      return le(header).getShort(at) & 0xFFFF;
    }

    int u32(int at) {
      return le(header).getInt(at);
    }
  }

  /** A completed command. Never compared. */
  @SuppressWarnings("ArrayRecordComponent")
  record Completion(int status, long result, int sqhd, byte[] data) {
    /** Type × 256 + code, without flags. */
    int code() {
      return status & 0x7FF;
    }

    boolean doNotRetry() {
      return (status & 1 << 14) != 0;
    }

    int retryDelay() {
      return status >> 11 & 3;
    }
  }

  private static final class Pending {
    byte @Nullable [] toWrite;
    byte @Nullable [] read;
    int readBytes;
    @Nullable Completion done;
  }

  final Socket socket;
  private final DataInputStream in;
  private final OutputStream out;
  private final Map<Integer, Pending> pending = new HashMap<>();
  private boolean headerDigest;
  private boolean dataDigest;
  private int maxH2cData;
  private int nextCid = 1;
  boolean flowControlOff;

  /** Flips a bit in the next header digest or data digest sent. */
  boolean corruptHeaderDigest;

  boolean corruptDataDigest;

  HostQueue(int port) throws IOException {
    socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setTcpNoDelay(true);
    // A gateway that is paused, or waits for a key that MinIO keeps locked, is silent for half a
    // minute.
    socket.setSoTimeout(60_000);
    in = new DataInputStream(socket.getInputStream());
    out = socket.getOutputStream();
  }

  /** Connected and initialized. */
  static HostQueue initialized(int port, boolean headerDigest, boolean dataDigest)
      throws IOException {
    var queue = new HostQueue(port);
    queue.initialize(headerDigest, dataDigest);
    return queue;
  }

  static ByteBuffer le(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  // ---- the transport

  static byte[] icReq(int pfv, int hpda, int digests) {
    byte[] pdu = new byte[128];
    le(pdu)
        .put(0, (byte) 0)
        .put(2, (byte) 128)
        .putInt(4, 128)
        .putShort(8, (short) pfv)
        .put(10, (byte) hpda)
        .put(11, (byte) digests);
    return pdu;
  }

  void initialize(boolean withHeaderDigest, boolean withDataDigest) throws IOException {
    int digests = (withHeaderDigest ? 1 : 0) | (withDataDigest ? 2 : 0);
    sendRaw(icReq(0, 0, digests));
    byte[] response = new byte[128];
    in.readFully(response);
    check(response[0] == 1 && response[2] == (byte) 128, "ICResp type and HLEN");
    check(le(response).getInt(4) == 128, "ICResp PLEN");
    check(le(response).getShort(8) == 0, "ICResp PFV");
    check(response[10] == 0, "CPDA");
    check(response[11] == digests, "digests as asked");
    maxH2cData = le(response).getInt(12);
    check(maxH2cData >= 4096 && maxH2cData % 4 == 0, "MAXH2CDATA");
    headerDigest = withHeaderDigest;
    dataDigest = withDataDigest;
  }

  void sendRaw(byte[] bytes) throws IOException {
    out.write(bytes);
    out.flush();
  }

  private static void check(boolean holds, String what) throws IOException {
    if (!holds) {
      throw new IOException("a host would not accept this: " + what);
    }
  }

  static int crc(byte[] bytes, int from, int length) {
    var crc = new CRC32C();
    crc.update(bytes, from, length);
    return (int) crc.getValue();
  }

  /** A PDU of {@code header} (with type, flags and HLEN set by us) and {@code data}. */
  byte[] frame(int type, int flags, byte[] header, byte[] data) {
    int headerDigestBytes = headerDigest ? 4 : 0;
    int dataDigestBytes = dataDigest && data.length > 0 ? 4 : 0;
    int pdo = header.length + headerDigestBytes;
    byte[] pdu = Arrays.copyOf(header, pdo + data.length + dataDigestBytes);
    pdu[0] = (byte) type;
    pdu[1] = (byte) (flags | (headerDigest ? 1 : 0) | (dataDigestBytes > 0 ? 2 : 0));
    pdu[2] = (byte) header.length;
    pdu[3] = (byte) (data.length > 0 ? pdo : 0);
    le(pdu).putInt(4, pdu.length);
    if (headerDigest) {
      le(pdu).putInt(header.length, crc(pdu, 0, header.length) ^ (corruptHeaderDigest ? 1 : 0));
      corruptHeaderDigest = false;
    }
    System.arraycopy(data, 0, pdu, pdo, data.length);
    if (dataDigestBytes > 0) {
      int digest = crc(data, 0, data.length) ^ (corruptDataDigest ? 1 << 31 : 0);
      le(pdu).putInt(pdo + data.length, digest);
      corruptDataDigest = false;
    }
    return pdu;
  }

  /** The next PDU; null at the end of the stream. */
  @Nullable Pdu receive() throws IOException {
    byte[] common = new byte[8];
    try {
      in.readFully(common);
    } catch (EOFException e) {
      return null;
    }
    int type = common[0];
    int flags = common[1];
    int hlen = common[2] & 0xFF;
    int pdo = common[3] & 0xFF;
    int plen = le(common).getInt(4);
    check(hlen == 24, "HLEN " + hlen + " of PDU type " + type);
    byte[] pdu = Arrays.copyOf(common, plen);
    in.readFully(pdu, 8, plen - 8);
    if (type == 3) {
      return new Pdu(type, flags, Arrays.copyOf(pdu, 24), Arrays.copyOfRange(pdu, 24, plen));
    }
    check(((flags & 1) != 0) == headerDigest, "HDGST flag of PDU type " + type);
    if (headerDigest) {
      check(le(pdu).getInt(hlen) == crc(pdu, 0, hlen), "header digest");
    }
    byte[] data = new byte[0];
    if (type == 7) {
      check(((flags & 2) != 0) == dataDigest, "DDGST flag");
      int end = plen - (dataDigest ? 4 : 0);
      data = Arrays.copyOfRange(pdu, pdo, end);
      check(data.length == le(pdu).getInt(16), "C2HData DATAL");
      check(!dataDigest || le(pdu).getInt(end) == crc(data, 0, data.length), "data digest");
    } else {
      check(plen == hlen + (headerDigest ? 4 : 0), "PLEN of PDU type " + type);
    }
    return new Pdu(type, flags, Arrays.copyOf(pdu, 24), data);
  }

  // ---- commands

  /** An entry with opcode and namespace; the identifier is set when it is sent. */
  static ByteBuffer entry(int opcode, int nsid) {
    return le(new byte[64]).put(0, (byte) opcode).put(1, (byte) 0x40).putInt(4, nsid);
  }

  static ByteBuffer inCapsule(ByteBuffer entry, int length) {
    return entry.putLong(24, 0).putInt(32, length).put(39, (byte) 0x01);
  }

  static ByteBuffer byTransport(ByteBuffer entry, int length) {
    return entry.putLong(24, 0).putInt(32, length).put(39, (byte) 0x5A);
  }

  /** Sends a command without data from the host; {@code readBytes} come back. Gives its CID. */
  int submit(ByteBuffer entry, int readBytes) throws IOException {
    if (readBytes > 0) {
      byTransport(entry, readBytes);
    }
    return submit(entry, readBytes, new byte[0], null);
  }

  int submit(ByteBuffer entry, int readBytes, byte[] capsuleData, byte @Nullable [] laterData)
      throws IOException {
    int cid = nextCid++ & 0x7FFF;
    entry.putShort(2, (short) cid);
    var p = new Pending();
    p.read = readBytes > 0 ? new byte[readBytes] : null;
    p.toWrite = laterData;
    pending.put(cid, p);
    byte[] header = new byte[72];
    entry.get(0, header, 8, 64);
    sendRaw(frame(4, 0, header, capsuleData));
    return cid;
  }

  int submitInCapsule(ByteBuffer entry, byte[] data) throws IOException {
    return submit(inCapsule(entry, data.length), 0, data, null);
  }

  int submitByR2t(ByteBuffer entry, byte[] data) throws IOException {
    return submit(byTransport(entry, data.length), 0, new byte[0], data);
  }

  /** Handles what arrives until {@code cid} is complete. */
  Completion await(int cid) throws IOException {
    while (true) {
      Pending p = pending.get(cid);
      if (p == null) {
        throw new IllegalArgumentException("command " + cid + " is not outstanding");
      }
      Completion done = p.done;
      if (done != null) {
        pending.remove(cid);
        return done;
      }
      step();
    }
  }

  /** Whether {@code cid} completed already, without waiting for anything. */
  boolean isDone(int cid) {
    Pending p = pending.get(cid);
    return p == null || p.done != null;
  }

  Completion execute(ByteBuffer entry, int readBytes) throws IOException {
    return await(submit(entry, readBytes));
  }

  /** Handles one PDU. */
  void step() throws IOException {
    Pdu pdu = receive();
    if (pdu == null) {
      throw new EOFException("the target ended the connection");
    }
    switch (pdu.type()) {
      case 5 -> completed(pdu);
      case 7 -> data(pdu);
      case 9 -> r2t(pdu);
      case 3 -> throw new TerminatedException(pdu.u16(8), pdu.u32(10));
      default -> throw new IOException("PDU type " + pdu.type());
    }
  }

  private Pending outstanding(int cid) throws IOException {
    Pending p = pending.get(cid);
    check(p != null && p.done == null, "answer for a command that is not outstanding");
    return java.util.Objects.requireNonNull(p);
  }

  private void completed(Pdu pdu) throws IOException {
    int cid = pdu.u16(20);
    Pending p = outstanding(cid);
    int status = pdu.u16(22) >> 1;
    byte[] read = p.read;
    if (read != null && (status & 0x7FF) == 0) {
      check(p.readBytes == read.length, "data of " + p.readBytes + " bytes, not " + read.length);
    }
    p.done =
        new Completion(
            status, le(pdu.header()).getLong(8), pdu.u16(16), read == null ? new byte[0] : read);
  }

  private void data(Pdu pdu) throws IOException {
    int cid = pdu.u16(8);
    Pending p = outstanding(cid);
    byte[] read = p.read;
    check(read != null, "data for a command that reads none");
    java.util.Objects.requireNonNull(read);
    check(pdu.u32(12) == p.readBytes, "C2HData in order");
    check(p.readBytes + pdu.data().length <= read.length, "C2HData within the command");
    System.arraycopy(pdu.data(), 0, read, p.readBytes, pdu.data().length);
    p.readBytes += pdu.data().length;
    boolean last = (pdu.flags() & 4) != 0;
    if ((pdu.flags() & 8) != 0) {
      check(last && flowControlOff, "SUCCESS with LAST, and only without flow control");
      check(p.readBytes == read.length, "all data before success");
      p.done = new Completion(0, 0, 0, read);
    }
  }

  private void r2t(Pdu pdu) throws IOException {
    int cid = pdu.u16(8);
    byte[] data = outstanding(cid).toWrite;
    check(data != null, "R2T for a command that writes nothing");
    java.util.Objects.requireNonNull(data);
    int offset = pdu.u32(12);
    int length = pdu.u32(16);
    check(length > 0 && offset >= 0 && offset + length <= data.length, "R2T within the data");
    sendData(cid, pdu.u16(10), offset, length, data);
  }

  /** Sends H2CData in chunks of MAXH2CDATA. */
  void sendData(int cid, int ttag, int offset, int length, byte[] data) throws IOException {
    for (int at = offset; at < offset + length; ) {
      int chunk = Math.min(maxH2cData, offset + length - at);
      boolean last = at + chunk == offset + length;
      byte[] part = Arrays.copyOfRange(data, at, at + chunk);
      sendRaw(frame(6, last ? 4 : 0, dataHeader(cid, ttag, at, chunk), part));
      at += chunk;
    }
  }

  static byte[] dataHeader(int cid, int ttag, int offset, int length) {
    byte[] header = new byte[24];
    le(header)
        .putShort(8, (short) cid)
        .putShort(10, (short) ttag)
        .putInt(12, offset)
        .putInt(16, length);
    return header;
  }

  // ---- Fabrics

  /** A Connect's parameters; change what a test wants wrong. */
  static final class Connect {
    String subsystem = "";
    String host = HOST_NQN;
    long hostId = 1;
    int qid;
    int cntlid = 0xFFFF;
    int sqsize = 31;
    int recfmt;
    int cattr;
    int kato;

    static Connect to(String subsystem) {
      var c = new Connect();
      c.subsystem = subsystem;
      return c;
    }

    ByteBuffer entry() {
      return HostQueue.entry(0x7F, 1)
          .putShort(40, (short) recfmt)
          .putShort(42, (short) qid)
          .putShort(44, (short) sqsize)
          .put(46, (byte) cattr)
          .putInt(48, kato);
    }

    byte[] data() {
      byte[] data = new byte[1024];
      le(data).putLong(0, hostId).putShort(16, (short) cntlid);
      put(data, 256, subsystem);
      put(data, 512, host);
      return data;
    }

    private static void put(byte[] data, int at, String text) {
      byte[] bytes = text.getBytes(US_ASCII);
      System.arraycopy(bytes, 0, data, at, bytes.length);
    }
  }

  Completion connect(Connect c) throws IOException {
    flowControlOff = (c.cattr & 4) != 0;
    return await(submitInCapsule(c.entry(), c.data()));
  }

  Completion propertyGet(int offset, int size) throws IOException {
    return execute(entry(0x7F, 4).put(40, (byte) (size == 8 ? 1 : 0)).putInt(44, offset), 0);
  }

  Completion propertySet(int offset, long value) throws IOException {
    return execute(entry(0x7F, 0).putInt(44, offset).putLong(48, value), 0);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }

  /** Whether the target ended the connection. Waits for it. */
  boolean isEnded() throws IOException {
    try {
      while (receive() != null) {
        // What is still on its way.
      }
      return true;
    } catch (java.net.SocketException e) {
      return true;
    }
  }

  /** The target sent C2HTermReq. */
  static final class TerminatedException extends IOException {
    private static final long serialVersionUID = 1;
    final int status;
    final int information;

    TerminatedException(int status, int information) {
      super("C2HTermReq, status " + status + ", information " + information);
      this.status = status;
      this.information = information;
    }
  }
}
