package dev.isthmus.targets.nvme;

import dev.isthmus.blockdevice.DeviceInfo;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.UUID;

/** The data of Identify (Base 2.0, 5.17; NVM Command Set 1.0, 4.1.5). Threading: stateless. */
final class IdentifyData {

  private static final int CNS_NAMESPACE = 0x00;
  private static final int CNS_CONTROLLER = 0x01;
  private static final int CNS_ACTIVE_NAMESPACES = 0x02;
  private static final int CNS_NAMESPACE_DESCRIPTORS = 0x03;
  private static final int CNS_NVM_NAMESPACE = 0x05;
  private static final int CNS_NVM_CONTROLLER = 0x06;
  private static final int CNS_NVM_ACTIVE_NAMESPACES = 0x07;
  private static final int CNS_INDEPENDENT_NAMESPACE = 0x08;
  private static final int CNS_COMMAND_SETS = 0x1C;

  private static final int ALL_NAMESPACES = 0xFFFF_FFFF;
  private static final int PAGE_SHIFT = 12;
  static final String FIRMWARE = "1";

  private static final int NIDT_NGUID = 2;
  private static final int NIDT_UUID = 3;
  private static final int NIDT_CSI = 4;

  private final NvmeTargetSettings settings;

  IdentifyData(NvmeTargetSettings settings) {
    this.settings = settings;
  }

  /**
   * Fills zeroed 4096 bytes with what the command asks for.
   *
   * @return a status field
   */
  int fill(MemorySegment s, Command c) {
    SubsystemState subsystem = c.queue.connectedAssociation().subsystem();
    int cns = c.cdw10 & 0xFF;
    if (cns == CNS_CONTROLLER) {
      controller(s, c);
      return StatusCode.SUCCESS;
    }
    boolean needsCommandSet =
        cns == CNS_NVM_NAMESPACE || cns == CNS_NVM_CONTROLLER || cns == CNS_NVM_ACTIVE_NAMESPACES;
    if (subsystem.isDiscovery() || (needsCommandSet && c.cdw11 >>> 24 != 0)) {
      return StatusCode.dnr(StatusCode.INVALID_FIELD);
    }
    return switch (cns) {
      case CNS_NVM_CONTROLLER -> StatusCode.SUCCESS;
      case CNS_COMMAND_SETS -> {
        // One combination: the NVM command set alone.
        Wire.put64(s, 0, 1);
        yield StatusCode.SUCCESS;
      }
      case CNS_ACTIVE_NAMESPACES, CNS_NVM_ACTIVE_NAMESPACES -> activeNamespaces(s, c, subsystem);
      case CNS_NAMESPACE, CNS_NAMESPACE_DESCRIPTORS, CNS_NVM_NAMESPACE, CNS_INDEPENDENT_NAMESPACE ->
          ofNamespace(s, c, cns, subsystem);
      default -> StatusCode.dnr(StatusCode.INVALID_FIELD);
    };
  }

  private static int activeNamespaces(MemorySegment s, Command c, SubsystemState subsystem) {
    if (c.nsid == ALL_NAMESPACES || c.nsid == ALL_NAMESPACES - 1) {
      return StatusCode.dnr(StatusCode.INVALID_NAMESPACE);
    }
    long at = 0;
    for (Namespace namespace : subsystem.namespaces()) {
      if (Integer.compareUnsigned(namespace.nsid(), c.nsid) > 0) {
        Wire.put32(s, at, namespace.nsid());
        at += 4;
      }
    }
    return StatusCode.SUCCESS;
  }

  private int ofNamespace(MemorySegment s, Command c, int cns, SubsystemState subsystem) {
    Association association = c.queue.connectedAssociation();
    Namespace namespace = subsystem.namespace(c.nsid);
    if (namespace == null) {
      boolean exists =
          c.nsid > 0 && c.nsid <= SubsystemState.MAX_NAMESPACES && cns != CNS_NAMESPACE_DESCRIPTORS;
      // An inactive number gives zeroes; one beyond NN is wrong (Base 2.0, 5.17.2.1).
      return exists ? StatusCode.SUCCESS : StatusCode.dnr(StatusCode.INVALID_NAMESPACE);
    }
    DeviceInfo info = namespace.info();
    switch (cns) {
      case CNS_NAMESPACE -> {
        namespace(s, info, settings.limits());
        association.identityRead(namespace, info.identity().incarnation());
      }
      case CNS_NAMESPACE_DESCRIPTORS -> {
        descriptors(s, info);
        association.identityRead(namespace, info.identity().incarnation());
      }
      case CNS_INDEPENDENT_NAMESPACE -> independent(s, info);
      default -> {
        // NVM specific: no protection information, so all zero.
      }
    }
    return StatusCode.SUCCESS;
  }

  boolean hasVolatileCache(SubsystemState subsystem) {
    return subsystem.namespaces().stream().anyMatch(n -> n.info().volatileWriteCache());
  }

  // ---- controller (figure 275)

  private void controller(MemorySegment s, Command c) {
    Association association = c.queue.connectedAssociation();
    SubsystemState subsystem = association.subsystem();
    boolean discovery = subsystem.isDiscovery();
    Wire.putPadded(s, 4, 20, subsystem.serial());
    Wire.putPadded(s, 24, 40, subsystem.model());
    Wire.putPadded(s, 64, 8, FIRMWARE);
    Wire.put8(s, 77, maxTransferExponent(subsystem));
    Wire.put16(s, 78, association.cntlid());
    Wire.put32(s, 80, FabricsCommands.VERSION);
    // CTRATT: 128-bit host identifiers, traffic based keep alive.
    Wire.put32(s, 96, 1 | 1 << 6);
    Wire.put8(s, 111, discovery ? 2 : 1);
    Wire.put8(s, 258, Controller.MAX_ABORTS - 1);
    Wire.put8(s, 259, Controller.MAX_EVENT_REQUESTS - 1);
    // LPA: commands supported page, offsets and long lengths, and for I/O the pages 00h, 12h, 13h.
    Wire.put8(s, 261, discovery ? 1 << 2 : 1 << 1 | 1 << 2 | 1 << 5);
    Wire.put16(s, 320, Controller.KAS);
    Wire.put16(s, 514, settings.limits().queueDepth());
    // SGLS: SGLs without alignment, offsets into the capsule, transport descriptors.
    Wire.put32(s, 536, 1 | 1 << 20 | 1 << 21);
    Wire.putName(s, 768, subsystem.nqn());
    if (discovery) {
      Wire.put32(s, 92, AsyncEvent.DISCOVERY_CHANGE.enableBit);
    } else {
      ioController(s, subsystem);
    }
  }

  private void ioController(MemorySegment s, SubsystemState subsystem) {
    // CMIC: more ports, more controllers, ANA.
    Wire.put8(s, 76, 1 | 1 << 1 | 1 << 3);
    Wire.put32(s, 92, AsyncEvent.NAMESPACE_CHANGE.enableBit | AsyncEvent.ANA_CHANGE.enableBit);
    Wire.put16(s, 128, NvmeTimeouts.crdt(settings.timeouts().retryDelayNanos()));
    Wire.put16(s, 130, NvmeTimeouts.crdt(settings.timeouts().identityRetryDelayNanos()));
    // FRMW: one slot, read-only.
    Wire.put8(s, 260, 1 | 1 << 1);
    // ANATT in seconds; ANACAP: optimized, inaccessible, persistent loss. Not bit 6 (the group
    // never
    // changes): with it Linux before 5.9 and nvme-cli leave no room for namespaces in the log.
    Wire.put8(s, 342, 10);
    Wire.put8(s, 343, 1 | 1 << 2 | 1 << 3);
    Wire.put32(s, 344, SubsystemState.ANA_GROUP);
    Wire.put32(s, 348, 1);
    Wire.put8(s, 512, 0x66);
    Wire.put8(s, 513, 0x44);
    Wire.put32(s, 516, SubsystemState.MAX_NAMESPACES);
    // ONCS: Compare, Dataset Management, Write Zeroes, Verify.
    Wire.put16(s, 520, 1 | 1 << 2 | 1 << 3 | 1 << 7);
    // VWC: present or not; Flush takes the namespace number of all.
    Wire.put8(s, 525, (hasVolatileCache(subsystem) ? 1 : 0) | 3 << 1);
    Wire.put32(s, 540, SubsystemState.MAX_NAMESPACES);
    Wire.put32(s, 1792, (Sqe.SIZE + settings.limits().inCapsuleBytes()) / 16);
    Wire.put32(s, 1796, 1);
    // MSDBD: one descriptor. OFCS: Disconnect.
    Wire.put8(s, 1803, 1);
    Wire.put16(s, 1804, 1);
    // Power state 0, the only one: 1 W, in units of 0.01 W.
    Wire.put16(s, 2048, 100);
  }

  private int maxTransferExponent(SubsystemState subsystem) {
    int least = settings.limits().maxTransferBytes();
    for (Namespace namespace : subsystem.namespaces()) {
      least = Math.min(least, IoCommands.maxTransferBytes(namespace.info(), settings.limits()));
    }
    return Integer.numberOfTrailingZeros(least) - PAGE_SHIFT;
  }

  // ---- namespace (NVM Command Set 1.0, figure 97)

  private static void namespace(MemorySegment s, DeviceInfo info, NvmeLimits limits) {
    int optimalBlocks = Math.min(info.optimalIoBytes() / info.blockSizeBytes(), 0x10000);
    Wire.put64(s, 0, info.blocks());
    Wire.put64(s, 8, info.blocks());
    Wire.put64(s, 16, info.blocks());
    Wire.put8(s, 24, features(info, limits));
    Wire.put8(s, 30, 1);
    Wire.put8(s, 33, info.zeroesAfterDiscard() ? 1 | 1 << 3 : 1 << 3);
    putSize(s, 48, info.sizeBytes());
    // Preferred write and deallocate granularity and alignment, zero-based.
    for (int at = 64; at <= 72; at += 2) {
      Wire.put16(s, at, optimalBlocks - 1);
    }
    Wire.put32(s, 92, SubsystemState.ANA_GROUP);
    Wire.put8(s, 99, info.readOnly() ? 1 : 0);
    Wire.putBytes(s, 104, info.identity().nguid());
    // EUI64 stays zero: it would need a vendor number of ours, and hosts go by UUID and NGUID.
    Wire.put8(s, 128 + 2, Integer.numberOfTrailingZeros(info.blockSizeBytes()));
  }

  /** NSFEAT: thin, identifiers never used again, granularities told. */
  private static int features(DeviceInfo info, NvmeLimits limits) {
    boolean granularityFits = info.optimalIoBytes() <= IoCommands.maxTransferBytes(info, limits);
    return (info.discards() ? 1 : 0) | 1 << 3 | (granularityFits ? 1 << 4 : 0);
  }

  private static void putSize(MemorySegment s, long at, long bytes) {
    Wire.put64(s, at, bytes);
    Wire.put64(s, at + 8, 0);
  }

  /** Figure 276. */
  private static void descriptors(MemorySegment s, DeviceInfo info) {
    long at = descriptor(s, 0, NIDT_UUID, uuidBytes(info.identity().uuid()));
    at = descriptor(s, at, NIDT_NGUID, info.identity().nguid());
    descriptor(s, at, NIDT_CSI, new byte[1]);
  }

  private static long descriptor(MemorySegment s, long at, int type, byte[] id) {
    Wire.put8(s, at, type);
    Wire.put8(s, at + 1, id.length);
    Wire.putBytes(s, at + 4, id);
    return at + 4 + id.length;
  }

  private static byte[] uuidBytes(UUID uuid) {
    return ByteBuffer.allocate(16)
        .putLong(uuid.getMostSignificantBits())
        .putLong(uuid.getLeastSignificantBits())
        .array();
  }

  /** Figure 280. */
  private static void independent(MemorySegment s, DeviceInfo info) {
    Wire.put8(s, 0, 1 << 3);
    Wire.put8(s, 1, 1);
    Wire.put32(s, 4, SubsystemState.ANA_GROUP);
    Wire.put8(s, 8, info.readOnly() ? 1 : 0);
    // NSTAT: ready.
    Wire.put8(s, 14, 1);
  }
}
