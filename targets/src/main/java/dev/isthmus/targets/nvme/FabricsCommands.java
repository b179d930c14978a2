package dev.isthmus.targets.nvme;

import dev.isthmus.blockdevice.IoStatus;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Connect, Property Get and Set, Disconnect (Base 2.0, 6). Threading: stateless. */
final class FabricsCommands implements CommandHandler {

  private static final Logger LOG = LoggerFactory.getLogger(FabricsCommands.class);

  private static final int CONNECT_DATA_BYTES = 1024;
  private static final int CNTLID_AT = 16;
  private static final int SUBSYSTEM_NQN_AT = 256;
  private static final int HOST_NQN_AT = 512;
  private static final int NQN_FIELD_BYTES = 256;
  private static final int DYNAMIC_CNTLID = 0xFFFF;

  // Where Connect's own fields stand in the entry: told to hosts that sent them wrong.
  private static final int QID_AT = 42;
  private static final int SQSIZE_AT = 44;

  /** Connect attributes, bit 2: no submission queue flow control. */
  private static final int CATTR_NO_FLOW_CONTROL = 1 << 2;

  /** Entries of an admin queue that we allow at most; ASQSZ in discovery. */
  static final int ADMIN_QUEUE_ENTRIES = 128;

  private static final int CAP = 0x00;
  private static final int VS = 0x08;
  private static final int CC = 0x14;
  private static final int CSTS = 0x1C;

  /** NVM Express 2.0.0. */
  static final int VERSION = 0x0002_0000;

  /** CAP.TO, in units of 500 ms: longest wait for CSTS.RDY. */
  private static final long READY_TIMEOUT = 60;

  private final TargetState target;

  FabricsCommands(TargetState target) {
    this.target = target;
  }

  @Override
  public int check(Command c) {
    if (c.opcode != Opcode.FABRICS) {
      return StatusCode.dnr(StatusCode.COMMAND_SEQUENCE_ERROR);
    }
    int type = c.fabricsType();
    if (type == Opcode.CONNECT) {
      if (c.queue.isConnected()) {
        return StatusCode.dnr(StatusCode.COMMAND_SEQUENCE_ERROR);
      }
      if ((c.cdw10 & 0xFFFF) != 0) {
        return StatusCode.dnr(StatusCode.CONNECT_INCOMPATIBLE_FORMAT);
      }
      if (c.sglLength != CONNECT_DATA_BYTES) {
        return StatusCode.dnr(StatusCode.DATA_SGL_LENGTH_INVALID);
      }
      c.hostBytes = CONNECT_DATA_BYTES;
      c.bufferBytes = CONNECT_DATA_BYTES;
      return StatusCode.SUCCESS;
    }
    if (!c.queue.isConnected()) {
      return StatusCode.dnr(StatusCode.COMMAND_SEQUENCE_ERROR);
    }
    return switch (type) {
      case Opcode.PROPERTY_GET, Opcode.PROPERTY_SET ->
          c.queue.isAdmin() ? StatusCode.SUCCESS : StatusCode.dnr(StatusCode.INVALID_OPCODE);
      case Opcode.DISCONNECT ->
          c.queue.isAdmin() ? StatusCode.dnr(StatusCode.INVALID_OPCODE) : StatusCode.SUCCESS;
      default -> StatusCode.dnr(StatusCode.INVALID_OPCODE);
    };
  }

  @Override
  public void execute(Command c) {
    switch (c.fabricsType()) {
      case Opcode.CONNECT -> connect(c);
      case Opcode.PROPERTY_GET -> propertyGet(c);
      case Opcode.PROPERTY_SET -> propertySet(c);
      default -> disconnect(c);
    }
  }

  @Override
  public void deviceDone(Command c, IoStatus status) {
    throw new IllegalStateException("Fabrics commands do not reach a device");
  }

  // ---- Connect

  private void connect(Command c) {
    MemorySegment data = c.payload(CONNECT_DATA_BYTES);
    int qid = c.cdw10 >>> 16;
    int sqsize = c.cdw11 & 0xFFFF;
    String subsystemNqn = Wire.name(data, SUBSYSTEM_NQN_AT, NQN_FIELD_BYTES);
    String hostNqn = Wire.name(data, HOST_NQN_AT, NQN_FIELD_BYTES);
    SubsystemState subsystem = target.subsystem(subsystemNqn);
    if (!Nqn.isValid(hostNqn)) {
      invalidData(c, HOST_NQN_AT, true);
    } else if (subsystem == null) {
      // Not "do not retry": after a restart hosts come before their volume is open.
      invalidData(c, SUBSYSTEM_NQN_AT, false);
    } else if (!subsystem.access().allows(hostNqn)) {
      LOG.warn("{} may not connect to {}", hostNqn, subsystemNqn);
      c.queue.respond(c, StatusCode.dnr(StatusCode.CONNECT_INVALID_HOST), 0);
    } else if (qid
        > (subsystem.isDiscovery() ? 0 : target.settings().limits().ioQueuesPerController())) {
      invalidEntry(c, QID_AT);
    } else if (sqsize == 0 || sqsize >= maxEntries(qid)) {
      invalidEntry(c, SQSIZE_AT);
    } else if (qid == 0 && Wire.u16(data, CNTLID_AT) != DYNAMIC_CNTLID) {
      invalidData(c, CNTLID_AT, true);
    } else {
      // Everything is read out of the data before the wait, which may be long.
      var wish =
          new Wish(
              subsystem,
              hostNqn,
              HostId.read(data, 0),
              Wire.u16(data, CNTLID_AT),
              qid,
              sqsize + 1,
              (c.cdw11 >>> 16 & CATTR_NO_FLOW_CONTROL) == 0,
              Integer.toUnsignedLong(c.cdw12));
      ConnectGate.pass(
          c.queue,
          past(wish),
          target.settings().timeouts().drainNanos(),
          () -> admit(c, wish),
          () -> {
            LOG.warn(
                "{}: commands of an earlier connection of {} are not out yet",
                subsystemNqn,
                hostNqn);
            c.queue.respond(c, StatusCode.CONNECT_CONTROLLER_BUSY, 0);
          });
    }
  }

  /**
   * Queues that may hold something of the host's past. Not those that live on beside a new I/O
   * queue in its own association.
   */
  private static List<CommandQueue> past(Wish wish) {
    return wish.subsystem.hosts().of(wish.hostNqn).stream()
        .filter(q ->
            wish.qid == 0
                || q.isCancelled()
                || q.qid() == wish.qid
                || q.connectedAssociation().cntlid() != wish.cntlid)
        .toList();
  }

  /** What a valid Connect asks for. */
  private record Wish(
      SubsystemState subsystem,
      String hostNqn,
      HostId hostId,
      int cntlid,
      int qid,
      int entries,
      boolean flowControl,
      long keepAliveMillis) {}

  private int maxEntries(int qid) {
    int depth = target.settings().limits().queueDepth();
    return qid == 0 ? Math.max(depth, ADMIN_QUEUE_ENTRIES) : depth;
  }

  private void admit(Command c, Wish wish) {
    if (wish.qid == 0) {
      admitController(c, wish);
    } else {
      admitIoQueue(c, wish);
    }
  }

  private void admitController(Command c, Wish wish) {
    Association made =
        wish.subsystem.associate(
            wish.hostNqn,
            wish.hostId,
            c.queue,
            wish.keepAliveMillis,
            target.settings().limits().controllersPerSubsystem());
    if (made == null) {
      c.queue.respond(c, StatusCode.CONNECT_CONTROLLER_BUSY, 0);
      return;
    }
    c.queue.connected(made, 0, wish.entries, wish.flowControl);
    LOG.info(
        "{} connected to {} as controller {} from {}",
        wish.hostNqn,
        wish.subsystem.nqn(),
        made.cntlid(),
        c.queue.transport().remoteAddress());
    made.controller().armKeepAlive();
    c.queue.respond(c, StatusCode.SUCCESS, made.cntlid());
  }

  private void admitIoQueue(Command c, Wish wish) {
    Association association = wish.subsystem.association(wish.cntlid);
    if (association == null) {
      invalidData(c, CNTLID_AT, true);
      return;
    }
    if (!association.hostNqn().equals(wish.hostNqn)) {
      invalidData(c, HOST_NQN_AT, true);
      return;
    }
    if (!association.hostId().equals(wish.hostId)) {
      invalidData(c, 0, true);
      return;
    }
    int status = association.addIoQueue(c.queue, wish.qid, wish.entries, wish.flowControl);
    if (status == StatusCode.SUCCESS) {
      wish.subsystem.hosts().add(wish.hostNqn, c.queue);
    }
    c.queue.respond(c, status, status == StatusCode.SUCCESS ? wish.cntlid : 0);
  }

  /** Base 2.0, figure 382: where the wrong parameter stands, in the entry or in the data. */
  private static void invalidEntry(Command c, int at) {
    c.queue.respond(c, StatusCode.dnr(StatusCode.CONNECT_INVALID_PARAMETERS), at);
  }

  private static void invalidData(Command c, int at, boolean doNotRetry) {
    int code = StatusCode.CONNECT_INVALID_PARAMETERS;
    c.queue.respond(c, doNotRetry ? StatusCode.dnr(code) : code, at | 1 << 16);
  }

  // ---- properties

  private void propertyGet(Command c) {
    Controller controller = c.queue.connectedAssociation().controller();
    boolean wide = (c.cdw10 & 7) == 1;
    long value =
        switch (c.cdw11) {
          case CAP -> capabilities();
          case VS -> VERSION;
          case CC -> Integer.toUnsignedLong(controller.configuration());
          case CSTS -> Integer.toUnsignedLong(controller.status());
          default -> -1;
        };
    if (value == -1 || wide != (c.cdw11 == CAP) || (c.cdw10 & 7) > 1) {
      c.queue.respond(c, StatusCode.dnr(StatusCode.INVALID_FIELD), 0);
    } else {
      c.queue.respond(c, StatusCode.SUCCESS, value);
    }
  }

  /** CAP: queue entries, contiguous queues, time-out, NVM command set and I/O command sets. */
  private long capabilities() {
    long mqes = target.settings().limits().queueDepth() - 1L;
    return mqes | 1L << 16 | READY_TIMEOUT << 24 | 1L << 37 | 1L << 43;
  }

  private static void propertySet(Command c) {
    if (c.cdw11 != CC || (c.cdw10 & 7) != 0) {
      c.queue.respond(c, StatusCode.dnr(StatusCode.INVALID_FIELD), 0);
      return;
    }
    c.queue.connectedAssociation().controller().configure(c.cdw12);
    c.queue.respond(c, StatusCode.SUCCESS, 0);
  }

  private static void disconnect(Command c) {
    c.queue.respond(c, StatusCode.SUCCESS, 0);
    // Deleted on purpose: what it still held is given up, and its association goes on.
    c.queue.cancel();
    c.queue.transport().finish();
  }
}
