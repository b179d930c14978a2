package dev.isthmus.targets.nvme;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoCompletion;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.targets.loop.Buffer;
import dev.isthmus.targets.loop.HandoverNode;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One slot of a queue, and the command in it. Reused for command after command.
 *
 * <p>Threading: confined to its loop, but for {@link #complete} and {@link #isCancelled}, which the
 * device calls from any thread.
 */
final class Command extends HandoverNode implements IoCompletion {

  private static final Logger LOG = LoggerFactory.getLogger(Command.class);

  /** Where a command is. */
  enum Stage {
    FREE,
    PARSED,
    WAITS_FOR_MEMORY,
    RECEIVING,
    EXECUTING
  }

  final CommandQueue queue;
  final int slot;

  int opcode;
  int flags;
  int cid;
  int nsid;
  long sglAddress;
  int sglLength;
  int sglType;
  int cdw10;
  int cdw11;
  int cdw12;
  int cdw13;
  int cdw14;
  int cdw15;

  Stage stage = Stage.FREE;
  long arrivedNanos;

  /** Data that comes from the host with this command. */
  int hostBytes;

  /** Memory that the command needs. */
  int bufferBytes;

  /** Of {@link #hostBytes}, how much came. */
  int receivedBytes;

  /** A status that the transport found (a wrong digest), given once all data came. */
  int transportStatus;

  @Nullable Buffer buffer;
  @Nullable Namespace namespace;
  CommandHandler handler;

  /** Whether the device holds it, or handed it back and the loop did not see it yet. */
  boolean inFlight;

  /** How far a command of several steps is; its handler's. */
  long progress;

  /** The status code of the last answer in this slot. */
  int lastCode;

  /** What waits for this command's end: the answer to an Abort. */
  @Nullable Runnable onEnd;

  private volatile boolean aborted;
  private final AtomicBoolean inDevice = new AtomicBoolean();
  private IoStatus deviceStatus = IoStatus.INTERNAL;

  Command(CommandQueue queue, int slot, CommandHandler handler) {
    this.queue = queue;
    this.slot = slot;
    this.handler = handler;
  }

  void parse(MemorySegment s, long at, long nowNanos) {
    opcode = Wire.u8(s, at);
    flags = Wire.u8(s, at + Sqe.FLAGS_AT);
    cid = Wire.u16(s, at + Sqe.CID_AT);
    nsid = Wire.i32(s, at + Sqe.NSID_AT);
    sglAddress = Wire.i64(s, at + Sqe.SGL_ADDRESS_AT);
    sglLength = Wire.i32(s, at + Sqe.SGL_LENGTH_AT);
    sglType = Wire.u8(s, at + Sqe.SGL_TYPE_AT);
    cdw10 = Wire.i32(s, at + Sqe.CDW10_AT);
    cdw11 = Wire.i32(s, at + Sqe.CDW10_AT + 4);
    cdw12 = Wire.i32(s, at + Sqe.CDW10_AT + 8);
    cdw13 = Wire.i32(s, at + Sqe.CDW10_AT + 12);
    cdw14 = Wire.i32(s, at + Sqe.CDW10_AT + 16);
    cdw15 = Wire.i32(s, at + Sqe.CDW10_AT + 20);
    stage = Stage.PARSED;
    arrivedNanos = nowNanos;
    hostBytes = 0;
    bufferBytes = 0;
    receivedBytes = 0;
    transportStatus = StatusCode.SUCCESS;
    namespace = null;
    progress = 0;
    lastCode = StatusCode.SUCCESS;
    onEnd = null;
    aborted = false;
  }

  /** The command specific type of a Fabrics command (byte 4). */
  int fabricsType() {
    return nsid & 0xFF;
  }

  /** cdw10 and cdw11 as a starting block. */
  long startBlock() {
    return Integer.toUnsignedLong(cdw10) | (long) cdw11 << 32;
  }

  /** The buffer of a command that asked for one. */
  Buffer buffer() {
    Buffer held = buffer;
    if (held == null) {
      throw new IllegalStateException("a command without memory");
    }
    return held;
  }

  /** The namespace that the handler found. */
  Namespace namespace() {
    Namespace found = namespace;
    if (found == null) {
      throw new IllegalStateException("a command without a namespace");
    }
    return found;
  }

  MemorySegment payload(int lengthBytes) {
    return buffer().payload(lengthBytes);
  }

  void abort() {
    aborted = true;
  }

  boolean isAborted() {
    return aborted;
  }

  // ---- the device's side

  void submit(BlockDevice device, IoCommand command) {
    queue.entersDevice(this);
    inDevice.set(true);
    try {
      device.submit(command, this);
    } catch (RuntimeException e) {
      LOG.error("a device threw on submit", e);
      if (inDevice.get()) {
        complete(IoStatus.INTERNAL);
      }
    }
  }

  @Override
  public void complete(IoStatus status) {
    if (!inDevice.compareAndSet(true, false)) {
      LOG.error("a device completed a command twice: {}", status);
      return;
    }
    deviceStatus = status;
    queue.loop().handOver(this);
  }

  @Override
  public boolean isCancelled() {
    return aborted || queue.isCancelled();
  }

  @Override
  protected void onLoop() {
    queue.leftDevice(this, deviceStatus);
  }
}
