package dev.isthmus.targets.nvme;

import dev.isthmus.blockdevice.IoStatus;
import java.lang.foreign.MemorySegment;

/** Admin commands (Base 2.0, 5). Threading: stateless; called on the admin queue's loop. */
final class AdminCommands implements CommandHandler {

  private static final int IDENTIFY_BYTES = 4096;
  private static final int HOST_BEHAVIOR_BYTES = 512;
  private static final int SAVE = 1 << 31;
  private static final int RETAIN_EVENT = 1 << 15;

  private final TargetState target;
  private final IdentifyData identify;

  AdminCommands(TargetState target) {
    this.target = target;
    this.identify = new IdentifyData(target.settings());
  }

  // ---- checks

  @Override
  public int check(Command c) {
    if ((c.flags & Sqe.FUSED_MASK) != 0) {
      return StatusCode.dnr(StatusCode.INVALID_FIELD);
    }
    if (!c.queue.connectedAssociation().isReady() && c.opcode != Opcode.KEEP_ALIVE) {
      return StatusCode.dnr(StatusCode.COMMAND_SEQUENCE_ERROR);
    }
    return switch (c.opcode) {
      case Opcode.IDENTIFY -> wantsBuffer(c, IDENTIFY_BYTES);
      case Opcode.GET_LOG_PAGE -> checkLogPage(c);
      case Opcode.GET_FEATURES -> checkGetFeatures(c);
      case Opcode.SET_FEATURES -> checkSetFeatures(c);
      case Opcode.ABORT, Opcode.ASYNC_EVENT_REQUEST, Opcode.KEEP_ALIVE -> StatusCode.SUCCESS;
      default -> StatusCode.dnr(StatusCode.INVALID_OPCODE);
    };
  }

  private static int wantsBuffer(Command c, int lengthBytes) {
    if (c.sglLength < lengthBytes) {
      return StatusCode.dnr(StatusCode.DATA_SGL_LENGTH_INVALID);
    }
    c.bufferBytes = lengthBytes;
    return StatusCode.SUCCESS;
  }

  private static long logBytes(Command c) {
    return ((c.cdw10 >>> 16) + ((c.cdw11 & 0xFFFFL) << 16) + 1) * 4;
  }

  private static long logOffset(Command c) {
    return Integer.toUnsignedLong(c.cdw12) | (long) c.cdw13 << 32;
  }

  private int checkLogPage(Command c) {
    long length = logBytes(c);
    if (length > target.settings().limits().maxTransferBytes()
        || logOffset(c) < 0
        || logOffset(c) % 4 != 0) {
      return StatusCode.dnr(StatusCode.INVALID_FIELD);
    }
    boolean discovery = c.queue.connectedAssociation().subsystem().isDiscovery();
    if (!LogPages.isKnown(c.cdw10 & 0xFF, discovery)) {
      return StatusCode.dnr(StatusCode.INVALID_LOG_PAGE);
    }
    return wantsBuffer(c, (int) length);
  }

  private static int checkGetFeatures(Command c) {
    int select = c.cdw10 >>> 8 & 7;
    if (!Features.isKnown(c.cdw10 & 0xFF) || select == 2 || select > 3) {
      return StatusCode.dnr(StatusCode.INVALID_FIELD);
    }
    if (select == 3) {
      return StatusCode.SUCCESS;
    }
    return switch (c.cdw10 & 0xFF) {
      case Features.HOST_BEHAVIOR -> wantsBuffer(c, HOST_BEHAVIOR_BYTES);
      // Over Fabrics an identifier has 128 bits: EXHID (dword 11, bit 0) must ask for them.
      case Features.HOST_IDENTIFIER ->
          (c.cdw11 & 1) == 0
              ? StatusCode.dnr(StatusCode.INVALID_FIELD)
              : wantsBuffer(c, HostId.BYTES);
      default -> StatusCode.SUCCESS;
    };
  }

  private static int checkSetFeatures(Command c) {
    int feature = c.cdw10 & 0xFF;
    if ((c.cdw10 & SAVE) != 0) {
      return StatusCode.dnr(StatusCode.FEATURE_NOT_SAVEABLE);
    }
    if (!Features.isKnown(feature)) {
      return StatusCode.dnr(StatusCode.INVALID_FIELD);
    }
    if (feature == Features.HOST_BEHAVIOR) {
      if (c.sglLength != HOST_BEHAVIOR_BYTES) {
        return StatusCode.dnr(StatusCode.DATA_SGL_LENGTH_INVALID);
      }
      c.hostBytes = HOST_BEHAVIOR_BYTES;
      c.bufferBytes = HOST_BEHAVIOR_BYTES;
    }
    return StatusCode.SUCCESS;
  }

  // ---- execution

  @Override
  public void execute(Command c) {
    switch (c.opcode) {
      case Opcode.IDENTIFY -> identify(c);
      case Opcode.GET_LOG_PAGE -> getLogPage(c);
      case Opcode.GET_FEATURES -> getFeatures(c);
      case Opcode.SET_FEATURES -> setFeatures(c);
      case Opcode.ABORT -> abort(c);
      case Opcode.ASYNC_EVENT_REQUEST -> {
        if (!controller(c).addEventRequest(c)) {
          c.queue.respond(c, StatusCode.dnr(StatusCode.ASYNC_EVENT_LIMIT_EXCEEDED), 0);
        }
      }
      default -> c.queue.respond(c, StatusCode.SUCCESS, 0);
    }
  }

  @Override
  public void deviceDone(Command c, IoStatus status) {
    throw new IllegalStateException("admin commands do not reach a device");
  }

  private static Controller controller(Command c) {
    return c.queue.connectedAssociation().controller();
  }

  private void identify(Command c) {
    MemorySegment into = c.payload(IDENTIFY_BYTES).fill((byte) 0);
    int status = identify.fill(into, c);
    if (status == StatusCode.SUCCESS) {
      c.queue.respondWithData(c, IDENTIFY_BYTES);
    } else {
      c.queue.respond(c, status, 0);
    }
  }

  private void getLogPage(Command c) {
    int length = (int) logBytes(c);
    int page = c.cdw10 & 0xFF;
    boolean retain = (c.cdw10 & RETAIN_EVENT) != 0;
    byte[] content = LogPages.content(target, c, page, !retain);
    long offset = logOffset(c);
    if (offset > content.length) {
      c.queue.respond(c, StatusCode.dnr(StatusCode.INVALID_FIELD), 0);
      return;
    }
    // Hosts get exactly what they asked for, zeroes beyond the page's end: the newest Linux resets
    // a controller that sends less.
    MemorySegment into = c.payload(length).fill((byte) 0);
    int available = (int) Math.min(length, content.length - offset);
    MemorySegment.copy(content, (int) offset, into, Wire.U8, 0, available);
    c.queue.respondWithData(c, length);
    if (!retain) {
      controller(c).logRead(page);
    }
  }

  // ---- features

  private void getFeatures(Command c) {
    int feature = c.cdw10 & 0xFF;
    int select = c.cdw10 >>> 8 & 7;
    Association association = c.queue.connectedAssociation();
    if (select == 3) {
      // Changeable, not saveable, not per namespace.
      c.queue.respond(c, StatusCode.SUCCESS, 1 << 2);
      return;
    }
    boolean current = select == 0;
    switch (feature) {
      case Features.HOST_BEHAVIOR -> {
        MemorySegment into = c.payload(HOST_BEHAVIOR_BYTES).fill((byte) 0);
        Wire.put8(into, 0, current && association.takesRetryDelays() ? 1 : 0);
        c.queue.respondWithData(c, HOST_BEHAVIOR_BYTES);
      }
      case Features.HOST_IDENTIFIER -> {
        association.hostId().write(c.payload(HostId.BYTES), 0);
        c.queue.respondWithData(c, HostId.BYTES);
      }
      case Features.VOLATILE_WRITE_CACHE -> {
        if (!identify.hasVolatileCache(association.subsystem())) {
          c.queue.respond(c, StatusCode.dnr(StatusCode.INVALID_FIELD), 0);
        } else {
          c.queue.respond(c, StatusCode.SUCCESS, current && association.isWriteCacheOff() ? 0 : 1);
        }
      }
      case Features.NUMBER_OF_QUEUES -> c.queue.respond(c, StatusCode.SUCCESS, queues(maxQueues()));
      case Features.KEEP_ALIVE_TIMER ->
          c.queue.respond(
              c, StatusCode.SUCCESS, current ? controller(c).keepAliveMillis() & 0xFFFF_FFFFL : 0);
      default -> {
        int value =
            current
                ? controller(c).features().get(feature, c.cdw11)
                : Features.defaultOf(feature, c.cdw11);
        c.queue.respond(c, StatusCode.SUCCESS, Integer.toUnsignedLong(value));
      }
    }
  }

  private int maxQueues() {
    return target.settings().limits().ioQueuesPerController();
  }

  /** Submission and completion queues, zero-based. */
  private static long queues(int count) {
    return (count - 1L) | (count - 1L) << 16;
  }

  private void setFeatures(Command c) {
    int feature = c.cdw10 & 0xFF;
    Association association = c.queue.connectedAssociation();
    long result = 0;
    int status = StatusCode.SUCCESS;
    switch (feature) {
      case Features.HOST_BEHAVIOR ->
          association.setRetryDelays(Wire.u8(c.payload(HOST_BEHAVIOR_BYTES), 0) == 1);
      // Given by Connect (Base 2.0, 5.27.1.25: not to be set over Fabrics).
      case Features.HOST_IDENTIFIER -> status = StatusCode.dnr(StatusCode.COMMAND_SEQUENCE_ERROR);
      case Features.VOLATILE_WRITE_CACHE -> {
        if (identify.hasVolatileCache(association.subsystem())) {
          association.setWriteCacheOff((c.cdw11 & 1) == 0);
        } else {
          status = StatusCode.dnr(StatusCode.INVALID_FIELD);
        }
      }
      case Features.NUMBER_OF_QUEUES -> {
        int asked = Math.min(c.cdw11 & 0xFFFF, c.cdw11 >>> 16);
        if ((c.cdw11 & 0xFFFF) == 0xFFFF || c.cdw11 >>> 16 == 0xFFFF) {
          status = StatusCode.dnr(StatusCode.INVALID_FIELD);
        } else {
          result = queues(Math.min(asked + 1, maxQueues()));
        }
      }
      case Features.KEEP_ALIVE_TIMER -> controller(c).setKeepAlive(Integer.toUnsignedLong(c.cdw11));
      case Features.ASYNC_EVENTS -> {
        if (Features.areAsyncEvents(c.cdw11)) {
          controller(c).features().set(feature, c.cdw11);
        } else {
          status = StatusCode.dnr(StatusCode.INVALID_FIELD);
        }
      }
      // There is one power state and no interrupt to shape.
      case Features.POWER_MANAGEMENT -> {
        if ((c.cdw11 & 0x1F) != 0) {
          status = StatusCode.dnr(StatusCode.INVALID_FIELD);
        }
      }
      case Features.INTERRUPT_COALESCING, Features.INTERRUPT_VECTOR ->
          status = StatusCode.dnr(StatusCode.FEATURE_NOT_CHANGEABLE);
      default -> controller(c).features().set(feature, c.cdw11);
    }
    c.queue.respond(c, status, result);
    controller(c).report();
  }

  // ---- Abort

  /**
   * Aborts are answered when the other command ended: then it is known whether it was aborted, and
   * once the host has both answers nothing of it can happen any more.
   */
  private static void abort(Command c) {
    int sqid = c.cdw10 & 0xFFFF;
    int cid = c.cdw10 >>> 16;
    CommandQueue queue = sqid == 0 ? c.queue : c.queue.connectedAssociation().ioQueue(sqid);
    if (queue == null) {
      answerAbort(c, false);
      return;
    }
    if (!controller(c).beginAbort()) {
      c.queue.respond(c, StatusCode.dnr(StatusCode.ABORT_LIMIT_EXCEEDED), 0);
      return;
    }
    queue.loop().execute(() -> abortOn(queue, cid, c));
  }

  private static void abortOn(CommandQueue queue, int cid, Command abort) {
    Command victim = queue.isEnded() ? null : queue.find(cid, abort);
    if (victim == null || victim.onEnd != null) {
      finishAbort(abort, false);
      return;
    }
    if (queue.isAdmin() && controller(victim).removeEventRequest(victim)) {
      queue.respond(victim, StatusCode.ABORT_REQUESTED, 0);
      finishAbort(abort, true);
      return;
    }
    victim.abort();
    victim.onEnd = () -> finishAbort(abort, victim.lastCode == StatusCode.ABORT_REQUESTED);
    queue.dropIfWaiting(victim);
  }

  private static void finishAbort(Command abort, boolean done) {
    CommandQueue admin = abort.queue;
    admin
        .loop()
        .execute(() -> {
          if (!admin.isEnded()) {
            controller(abort).endAbort();
            answerAbort(abort, done);
          }
        });
  }

  /** Bit 0 of the result is set where the command was not aborted. */
  private static void answerAbort(Command abort, boolean done) {
    abort.queue.respond(abort, StatusCode.SUCCESS, done ? 0 : 1);
  }
}
