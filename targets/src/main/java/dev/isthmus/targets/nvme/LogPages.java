package dev.isthmus.targets.nvme;

import java.lang.foreign.MemorySegment;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The contents of log pages (Base 2.0, 5.16.1). Threading: stateless. */
final class LogPages {

  static final int SUPPORTED_PAGES = 0x00;
  static final int ERRORS = 0x01;
  static final int HEALTH = 0x02;
  static final int FIRMWARE_SLOTS = 0x03;
  static final int CHANGED_NAMESPACES = 0x04;
  static final int COMMAND_EFFECTS = 0x05;
  static final int ANA = 0x0C;
  static final int FEATURE_EFFECTS = 0x12;
  static final int MANAGEMENT_EFFECTS = 0x13;
  static final int DISCOVERY = 0x70;

  private static final int[] IO_PAGES = {
    SUPPORTED_PAGES,
    ERRORS,
    HEALTH,
    FIRMWARE_SLOTS,
    CHANGED_NAMESPACES,
    COMMAND_EFFECTS,
    ANA,
    FEATURE_EFFECTS,
    MANAGEMENT_EFFECTS
  };
  private static final int[] DISCOVERY_PAGES = {SUPPORTED_PAGES, ERRORS, DISCOVERY};

  private static final int DISCOVERY_ENTRY_BYTES = 1024;
  private static final int SUBTYPE_NVM = 2;
  private static final int SUBTYPE_CURRENT_DISCOVERY = 3;

  /** Unit of data read and written in the health page: 1000 × 512 bytes. */
  private static final long DATA_UNIT_BYTES = 512_000;

  private LogPages() {}

  static boolean isKnown(int page, boolean discovery) {
    for (int known : discovery ? DISCOVERY_PAGES : IO_PAGES) {
      if (known == page) {
        return true;
      }
    }
    return false;
  }

  /** The whole page; {@code clear} says that reading it ends the event it belongs to. */
  static byte[] content(TargetState target, Command c, int page, boolean clear) {
    Association association = c.queue.connectedAssociation();
    SubsystemState subsystem = association.subsystem();
    return switch (page) {
      case SUPPORTED_PAGES -> supportedPages(subsystem.isDiscovery());
      case ERRORS -> new byte[64];
      case HEALTH -> health(subsystem);
      case FIRMWARE_SLOTS -> firmwareSlots();
      case CHANGED_NAMESPACES -> changedNamespaces(association.controller(), clear);
      case COMMAND_EFFECTS -> commandEffects();
      // Log specific parameter, bit 0: groups without their namespaces.
      case ANA -> ana(subsystem, (c.cdw10 >>> 8 & 1) == 0);
      case FEATURE_EFFECTS -> featureEffects();
      case MANAGEMENT_EFFECTS -> new byte[1024];
      default -> discovery(target, association.hostNqn());
    };
  }

  private static byte[] supportedPages(boolean discovery) {
    byte[] page = new byte[1024];
    for (int known : discovery ? DISCOVERY_PAGES : IO_PAGES) {
      page[known * 4] = 1;
    }
    return page;
  }

  /** Figure 207. Temperature and wear have no meaning here and stay at values that alarm no one. */
  private static byte[] health(SubsystemState subsystem) {
    byte[] page = new byte[512];
    MemorySegment s = MemorySegment.ofArray(page);
    Map<NvmeOperation, NvmeTargetStatistics.Operation> operations = subsystem.counters().snapshot();
    Wire.put16(s, 1, 293);
    Wire.put8(s, 3, 100);
    Wire.put8(s, 4, 10);
    var read = operations.get(NvmeOperation.READ);
    if (read != null) {
      Wire.put64(s, 32, units(read.bytes()));
      Wire.put64(s, 64, read.count());
    }
    var write = operations.get(NvmeOperation.WRITE);
    if (write != null) {
      Wire.put64(s, 48, units(write.bytes()));
      Wire.put64(s, 80, write.count());
    }
    return page;
  }

  private static long units(long bytes) {
    return (bytes + DATA_UNIT_BYTES - 1) / DATA_UNIT_BYTES;
  }

  private static byte[] firmwareSlots() {
    byte[] page = new byte[512];
    MemorySegment s = MemorySegment.ofArray(page);
    Wire.put8(s, 0, 1);
    Wire.putPadded(s, 8, 8, IdentifyData.FIRMWARE);
    return page;
  }

  private static byte[] changedNamespaces(Controller controller, boolean clear) {
    byte[] page = new byte[4096];
    MemorySegment s = MemorySegment.ofArray(page);
    long at = 0;
    for (int nsid : controller.changedNamespaces()) {
      Wire.put32(s, at, nsid);
      at += 4;
    }
    if (clear) {
      controller.changedNamespaces().clear();
    }
    return page;
  }

  /** Figure 213: bit 0 supported, bit 1 changes data. */
  private static byte[] commandEffects() {
    byte[] page = new byte[4096];
    int[] admin = {
      Opcode.GET_LOG_PAGE,
      Opcode.IDENTIFY,
      Opcode.ABORT,
      Opcode.SET_FEATURES,
      Opcode.GET_FEATURES,
      Opcode.ASYNC_EVENT_REQUEST,
      Opcode.KEEP_ALIVE
    };
    for (int opcode : admin) {
      page[opcode * 4] = 1;
    }
    int io = 1024;
    for (int opcode : new int[] {Opcode.FLUSH, Opcode.READ, Opcode.COMPARE, Opcode.VERIFY}) {
      page[io + opcode * 4] = 1;
    }
    for (int opcode : new int[] {Opcode.WRITE, Opcode.WRITE_ZEROES, Opcode.DATASET_MANAGEMENT}) {
      page[io + opcode * 4] = 3;
    }
    return page;
  }

  private static byte[] featureEffects() {
    byte[] page = new byte[1024];
    for (int feature : Features.KNOWN) {
      page[feature * 4] = 1;
    }
    return page;
  }

  /** Figures 226 and 227: one group. */
  private static byte[] ana(SubsystemState subsystem, boolean withNamespaces) {
    List<Namespace> namespaces = withNamespaces ? subsystem.namespaces() : List.of();
    byte[] page = new byte[16 + 32 + 4 * namespaces.size()];
    MemorySegment s = MemorySegment.ofArray(page);
    Wire.put64(s, 0, subsystem.anaChanges());
    Wire.put16(s, 8, 1);
    int group = 16;
    Wire.put32(s, group, SubsystemState.ANA_GROUP);
    Wire.put32(s, group + 4, namespaces.size());
    Wire.put64(s, group + 8, subsystem.anaChanges());
    Wire.put8(s, group + 16, subsystem.ana().code);
    int at = group + 32;
    for (Namespace namespace : namespaces) {
      Wire.put32(s, at, namespace.nsid());
      at += 4;
    }
    return page;
  }

  // ---- discovery (figures 264 and 265)

  private static byte[] discovery(TargetState target, String hostNqn) {
    // The generation first: a change while we look makes the host look again.
    long generation = target.discoveryGeneration();
    List<InetSocketAddress> portals = target.advertised();
    var names = new ArrayList<String>();
    for (SubsystemState subsystem : target.subsystems()) {
      if (subsystem.access().allows(hostNqn)) {
        names.add(subsystem.nqn());
      }
    }
    int records = portals.size() * (names.size() + 1);
    byte[] page = new byte[DISCOVERY_ENTRY_BYTES * (records + 1)];
    MemorySegment s = MemorySegment.ofArray(page);
    Wire.put64(s, 0, generation);
    Wire.put64(s, 8, records);
    long at = DISCOVERY_ENTRY_BYTES;
    for (int port = 0; port < portals.size(); port++) {
      // EFLAGS: what any portal says is the same, and a persistent connection is welcome.
      entry(s, at, portals.get(port), port + 1, Nqn.DISCOVERY, SUBTYPE_CURRENT_DISCOVERY, 3);
      at += DISCOVERY_ENTRY_BYTES;
      for (String name : names) {
        entry(s, at, portals.get(port), port + 1, name, SUBTYPE_NVM, 0);
        at += DISCOVERY_ENTRY_BYTES;
      }
    }
    return page;
  }

  private static void entry(
      MemorySegment s,
      long at,
      InetSocketAddress portal,
      int portId,
      String nqn,
      int subtype,
      int flags) {
    String address = portal.getAddress().getHostAddress();
    int scope = address.indexOf('%');
    Wire.put8(s, at, 3);
    Wire.put8(s, at + 1, portal.getAddress() instanceof Inet6Address ? 2 : 1);
    Wire.put8(s, at + 2, subtype);
    // TREQ: nothing said of a secure channel; flow control may be switched off.
    Wire.put8(s, at + 3, 1 << 2);
    Wire.put16(s, at + 4, portId);
    Wire.put16(s, at + 6, 0xFFFF);
    Wire.put16(s, at + 8, FabricsCommands.ADMIN_QUEUE_ENTRIES);
    Wire.put16(s, at + 10, flags);
    Wire.putPadded(s, at + 32, 32, String.valueOf(portal.getPort()));
    Wire.putName(s, at + 256, nqn);
    Wire.putPadded(s, at + 512, 256, scope < 0 ? address : address.substring(0, scope));
  }
}
