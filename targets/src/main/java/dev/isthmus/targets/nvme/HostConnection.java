package dev.isthmus.targets.nvme;

import dev.isthmus.targets.loop.Buffer;
import dev.isthmus.targets.loop.BufferPool;
import dev.isthmus.targets.loop.Protocol;
import dev.isthmus.targets.loop.TimerHandle;
import dev.isthmus.targets.loop.Transport;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The receiving side of one TCP connection, which is one queue: takes PDUs apart, checks them, and
 * starts commands.
 *
 * <p>Threading: confined to its loop.
 */
final class HostConnection implements Protocol, BufferPool.Waiter {

  private static final Logger LOG = LoggerFactory.getLogger(HostConnection.class);

  /** {@link #handle} could not go on: the PDU stays unconsumed. */
  private static final int BLOCKED = -1;

  /** Payload that is left to receive from which on it is worth to receive it in place. */
  private static final int LEAST_DIRECT_BYTES = 4096;

  private final TargetState target;
  private final Transport transport;
  private final PduSender sender;
  private final CommandQueue queue;
  private final CRC32C crc = new CRC32C();
  private final TimerHandle handshakeTimer;
  private PduRules rules;
  private boolean initialized;
  private boolean ended;

  // The H2CData PDU that is being received.
  private @Nullable Command filling;
  private int payloadLeft;
  private int digestLeft;

  // In-capsule data waits for memory of this size, or has it.
  private int wantedBytes;
  private @Nullable Buffer reserved;

  HostConnection(TargetState target, Transport transport) {
    this.target = target;
    this.transport = transport;
    this.sender = new PduSender(transport.outbox());
    this.queue = new CommandQueue(target, transport, sender);
    NvmeLimits limits = target.settings().limits();
    this.rules =
        new PduRules(
            false,
            false,
            Math.max(limits.inCapsuleBytes(), NvmeLimits.ADMIN_IN_CAPSULE_BYTES),
            limits.maxH2cDataBytes());
    this.handshakeTimer =
        transport
            .loop()
            .schedule(target.settings().timeouts().handshakeNanos(), this::lateHandshake);
  }

  private void lateHandshake() {
    if (!ended && !initialized) {
      transport.close("no ICReq in time");
    } else if (!ended && queue.association() == null && queue.isIdle()) {
      transport.close("no Connect in time");
    }
  }

  // ---- bytes

  @Override
  public int maxUnconsumedBytes() {
    return rules.longestWholeBytes();
  }

  @Override
  public boolean awaitsPeer() {
    return queue.awaitsData();
  }

  @Override
  public int received(MemorySegment input, int lengthBytes) {
    int at = 0;
    try {
      while (!ended && at < lengthBytes) {
        int taken =
            filling != null
                ? takePayload(input, at, lengthBytes - at)
                : takePdu(input, at, lengthBytes - at);
        if (taken <= 0) {
          break;
        }
        at += taken;
      }
    } catch (PduException e) {
      fail(e, input, at, lengthBytes - at);
    }
    return ended ? lengthBytes : at;
  }

  private int takePdu(MemorySegment in, int at, int available) throws PduException {
    if (available < PduHeader.SIZE) {
      return 0;
    }
    PduHeader h = PduHeader.read(in, at);
    int needed = check(h);
    return available < needed ? 0 : handle(h, in, at);
  }

  /** Checks a header; gives how much of the PDU must be there before it can be handled. */
  private int check(PduHeader h) throws PduException {
    if (!initialized && h.type() != PduHeader.IC_REQ && h.type() != PduHeader.H2C_TERM_REQ) {
      throw new PduException(TermReq.SEQUENCE_ERROR, 0, "no ICReq first");
    }
    return switch (h.type()) {
      case PduHeader.IC_REQ -> {
        if (initialized) {
          throw new PduException(TermReq.SEQUENCE_ERROR, 0, "a second ICReq");
        }
        rules.checkIcReq(h);
        yield h.plen();
      }
      case PduHeader.CAPSULE_CMD -> {
        rules.checkCapsule(h);
        yield h.plen();
      }
      case PduHeader.H2C_DATA -> {
        rules.checkH2cData(h);
        yield h.pdo();
      }
      case PduHeader.H2C_TERM_REQ -> {
        rules.checkTermReq(h);
        yield h.plen();
      }
      default ->
          throw new PduException(
              TermReq.INVALID_HEADER_FIELD, 0, "PDU type " + h.type() + " from a host");
    };
  }

  private int handle(PduHeader h, MemorySegment in, int at) throws PduException {
    switch (h.type()) {
      case PduHeader.IC_REQ -> initialize(IcReq.read(in, at));
      case PduHeader.CAPSULE_CMD -> {
        checkHeaderDigest(h, in, at);
        return startCommand(h, in, at) ? h.plen() : BLOCKED;
      }
      case PduHeader.H2C_DATA -> {
        checkHeaderDigest(h, in, at);
        startPayload(h, DataPdu.read(in, at));
        return h.pdo();
      }
      default -> {
        TermReq reason = TermReq.read(in, at);
        transport.close("the host ended the connection, status " + reason.status());
      }
    }
    return h.plen();
  }

  private void checkHeaderDigest(PduHeader h, MemorySegment in, int at) throws PduException {
    if (rules.headerDigest()) {
      int found = Wire.i32(in, (long) at + h.hlen());
      if (found != Digest.of(crc, in, at, h.hlen())) {
        throw new PduException(TermReq.HEADER_DIGEST_ERROR, found, "wrong header digest");
      }
    }
  }

  // ---- ICReq

  private void initialize(IcReq request) throws PduException {
    if (request.pfv() != 0) {
      throw new PduException(TermReq.UNSUPPORTED_PARAMETER, IcReq.PFV_AT, "PFV " + request.pfv());
    }
    if (request.hpda() > IcReq.MAX_HPDA) {
      throw new PduException(TermReq.INVALID_HEADER_FIELD, IcReq.HPDA_AT, "HPDA " + request.hpda());
    }
    if (request.digests() > 3) {
      throw new PduException(
          TermReq.INVALID_HEADER_FIELD, IcReq.DGST_AT, "DGST " + request.digests());
    }
    boolean headerDigest = (request.digests() & 1) != 0;
    boolean dataDigest = (request.digests() & 2) != 0;
    rules = new PduRules(headerDigest, dataDigest, rules.inCapsuleBytes(), rules.maxH2cDataBytes());
    sender.icResp(new IcResp(request.digests(), rules.maxH2cDataBytes()));
    sender.agree(headerDigest, dataDigest, request.hpda());
    initialized = true;
  }

  // ---- commands

  /** Returns false if the capsule must wait for memory. */
  private boolean startCommand(PduHeader h, MemorySegment in, int at) throws PduException {
    Command c = queue.take();
    if (c == null) {
      throw new PduException(TermReq.SEQUENCE_ERROR, 0, "more commands than the queue's entries");
    }
    c.parse(in, (long) at + PduHeader.SIZE, transport.loop().nowNanos());
    c.handler = handler(c);
    int dataBytes = rules.dataBytes(h);
    int status =
        (c.flags & Sqe.PSDT_MASK) == Sqe.PSDT_SGL
            ? c.handler.check(c)
            : StatusCode.dnr(StatusCode.INVALID_FIELD);
    if (status != StatusCode.SUCCESS && queue.isEnding()) {
      queue.giveBack(c);
      return true;
    }
    if (status == StatusCode.SUCCESS) {
      status = checkSgl(c, dataBytes);
    }
    boolean inCapsule = c.hostBytes > 0 && c.sglType == Sqe.SGL_IN_CAPSULE;
    if (status == StatusCode.SUCCESS && inCapsule && !takeCapsuleMemory(c)) {
      queue.giveBack(c);
      return false;
    }
    queue.commandCame();
    if (status == StatusCode.SUCCESS && dataBytes > 0 && rules.dataDigest()) {
      status = checkDataDigest(h, in, at, dataBytes);
    }
    if (status != StatusCode.SUCCESS) {
      queue.respond(c, status, 0);
    } else if (inCapsule) {
      MemorySegment.copy(
          in, at + h.pdo() + c.sglAddress, c.buffer().whole(), Buffer.HEADROOM_BYTES, c.hostBytes);
      queue.execute(c);
    } else {
      queue.proceed(c);
    }
    return true;
  }

  private CommandHandler handler(Command c) {
    // An unconnected queue knows Fabrics commands only, and refuses the others by their type.
    if (c.opcode == Opcode.FABRICS || !queue.isConnected()) {
      return target.fabricsCommands();
    }
    return queue.isAdmin() ? target.adminCommands() : target.ioCommands();
  }

  private static int checkSgl(Command c, int dataBytes) {
    if (c.hostBytes == 0) {
      return c.bufferBytes == 0 || c.opcode == Opcode.VERIFY || c.sglType == Sqe.SGL_TRANSPORT
          ? StatusCode.SUCCESS
          : StatusCode.dnr(StatusCode.SGL_TYPE_INVALID);
    }
    return switch (c.sglType) {
      case Sqe.SGL_TRANSPORT -> StatusCode.SUCCESS;
      case Sqe.SGL_IN_CAPSULE ->
          c.sglAddress >= 0 && c.sglAddress <= (long) dataBytes - c.hostBytes
              ? StatusCode.SUCCESS
              : StatusCode.dnr(StatusCode.SGL_OFFSET_INVALID);
      default -> StatusCode.dnr(StatusCode.SGL_TYPE_INVALID);
    };
  }

  private int checkDataDigest(PduHeader h, MemorySegment in, int at, int dataBytes) {
    long dataAt = (long) at + h.pdo();
    return Digest.of(crc, in, dataAt, dataBytes) == Wire.i32(in, dataAt + dataBytes)
        ? StatusCode.SUCCESS
        : StatusCode.TRANSIENT_TRANSPORT_ERROR;
  }

  private boolean takeCapsuleMemory(Command c) {
    Buffer buffer = reserved;
    if (buffer == null) {
      // A control command does not wait behind I/O: without it no queue could be connected while a
      // device holds all memory. A queue has few of them, of at most 8 KiB.
      buffer =
          queue.isConnected() && !queue.isAdmin()
              ? transport.loop().capsuleBuffers().acquire(c.bufferBytes)
              : transport.loop().smallBuffers().acquire(c.bufferBytes);
    }
    reserved = null;
    c.buffer = buffer;
    if (buffer == null) {
      wantedBytes = c.bufferBytes;
      transport.loop().capsuleBuffers().await(this);
      transport.pauseReading();
    }
    return buffer != null;
  }

  @Override
  public BufferPool.Outcome memoryFreed() {
    reserved = transport.loop().capsuleBuffers().acquire(wantedBytes);
    if (reserved == null) {
      return BufferPool.Outcome.STARVED;
    }
    wantedBytes = 0;
    transport.resumeReading();
    return BufferPool.Outcome.SATISFIED;
  }

  // ---- H2CData

  private void startPayload(PduHeader h, DataPdu d) throws PduException {
    Command c = queue.receiving(d.ttag());
    if (c == null) {
      throw new PduException(
          TermReq.INVALID_HEADER_FIELD, DataPdu.TTAG_AT, "no R2T of tag " + d.ttag());
    }
    PduRules.requireField(d.cid() == c.cid, DataPdu.CCCID_AT, "CCCID");
    PduRules.requireField(d.lengthBytes() == rules.dataBytes(h), DataPdu.DATAL_AT, "DATAL");
    if (d.offsetBytes() != c.receivedBytes) {
      throw new PduException(TermReq.DATA_OUT_OF_RANGE, DataPdu.DATAO_AT, "H2CData out of order");
    }
    int left = c.hostBytes - c.receivedBytes;
    if (d.lengthBytes() > left) {
      throw new PduException(TermReq.DATA_OUT_OF_RANGE, DataPdu.DATAL_AT, "H2CData beyond the R2T");
    }
    boolean last = d.lengthBytes() == left;
    PduRules.requireField(h.has(PduHeader.FLAG_LAST) == last, PduHeader.FLAGS_AT, "LAST flag");
    filling = c;
    payloadLeft = d.lengthBytes();
    digestLeft = rules.dataDigestBytes(payloadLeft);
    crc.reset();
  }

  private int takePayload(MemorySegment in, int at, int available) {
    Command c = filling();
    if (payloadLeft > 0) {
      int taken = Math.min(payloadLeft, available);
      long to = Buffer.HEADROOM_BYTES + (long) c.receivedBytes;
      MemorySegment.copy(in, at, c.buffer().whole(), to, taken);
      advancePayload(c, taken);
      return taken;
    }
    // The digest, whole.
    if (available < digestLeft) {
      return 0;
    }
    if ((int) crc.getValue() != Wire.i32(in, at)) {
      c.transportStatus = StatusCode.TRANSIENT_TRANSPORT_ERROR;
    }
    int taken = digestLeft;
    digestLeft = 0;
    endPayload(c);
    return taken;
  }

  private Command filling() {
    Command c = filling;
    if (c == null) {
      throw new IllegalStateException("no H2CData is being received");
    }
    return c;
  }

  private void advancePayload(Command c, int taken) {
    if (digestLeft > 0) {
      Digest.add(crc, c.buffer().whole(), Buffer.HEADROOM_BYTES + (long) c.receivedBytes, taken);
    }
    c.receivedBytes += taken;
    payloadLeft -= taken;
    if (payloadLeft == 0 && digestLeft == 0) {
      endPayload(c);
    }
  }

  private void endPayload(Command c) {
    filling = null;
    if (c.receivedBytes == c.hostBytes) {
      queue.received(c);
    }
  }

  @Override
  public @Nullable ByteBuffer directTarget() {
    Command c = filling;
    return c == null || payloadLeft < LEAST_DIRECT_BYTES
        ? null
        : c.buffer().view(Buffer.HEADROOM_BYTES + c.receivedBytes, payloadLeft);
  }

  @Override
  public void directReceived(int lengthBytes) {
    advancePayload(filling(), lengthBytes);
  }

  // ---- the end

  private void fail(PduException e, MemorySegment in, int at, int available) {
    LOG.warn("{}: {}", transport.remoteAddress(), e.getMessage());
    target.connectionFailed();
    int echoBytes = Math.min(available, TermReq.MAX_ECHO_BYTES);
    sender.termReq(e.reason(), in, at, echoBytes);
    transport.finish();
  }

  @Override
  public void closed(String reason) {
    ended = true;
    handshakeTimer.cancel();
    filling = null;
    if (wantedBytes > 0) {
      transport.loop().capsuleBuffers().forget(this);
    }
    Buffer unused = reserved;
    if (unused != null) {
      reserved = null;
      unused.release();
    }
    Association association = queue.association();
    boolean lostCommands = !queue.isCancelled() && !queue.isIdle();
    LOG.debug("{}: queue {} ended: {}", transport.remoteAddress(), queue.qid(), reason);
    queue.cancel();
    if (association != null) {
      association.queueEnded(queue, lostCommands, reason);
    }
    queue.end();
  }
}
