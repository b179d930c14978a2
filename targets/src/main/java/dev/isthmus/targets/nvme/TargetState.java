package dev.isthmus.targets.nvme;

import dev.isthmus.targets.loop.EventLoopGroup;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What all connections of a target share.
 *
 * <p>Threading: thread-safe; the subsystems are guarded by this.
 */
final class TargetState {

  private final NvmeTargetSettings settings;
  private final SubsystemState discovery;
  private final Map<String, SubsystemState> subsystems = new LinkedHashMap<>();
  private final AtomicLong discoveryGeneration = new AtomicLong(1);
  private final AtomicLong failedConnections = new AtomicLong();
  private final FabricsCommands fabricsCommands;
  private final AdminCommands adminCommands;
  private final IoCommands ioCommands;
  private volatile List<InetSocketAddress> advertised = List.of();

  @SuppressWarnings("ThisEscape") // The handlers only keep it.
  TargetState(NvmeTargetSettings settings, EventLoopGroup loops) {
    this.settings = settings;
    this.fabricsCommands = new FabricsCommands(this);
    this.adminCommands = new AdminCommands(this);
    this.ioCommands = new IoCommands(settings.limits());
    this.discovery =
        new SubsystemState(
            Nqn.DISCOVERY, "DISCOVERY", "Isthmus", HostAccess.any(), loops.loops().size());
  }

  NvmeTargetSettings settings() {
    return settings;
  }

  FabricsCommands fabricsCommands() {
    return fabricsCommands;
  }

  AdminCommands adminCommands() {
    return adminCommands;
  }

  IoCommands ioCommands() {
    return ioCommands;
  }

  /** Addresses that discovery reports, in the order of the portals. */
  List<InetSocketAddress> advertised() {
    return advertised;
  }

  void advertise(List<InetSocketAddress> addresses) {
    advertised = List.copyOf(addresses);
  }

  SubsystemState discovery() {
    return discovery;
  }

  synchronized @Nullable SubsystemState subsystem(String nqn) {
    return nqn.equals(Nqn.DISCOVERY) ? discovery : subsystems.get(nqn);
  }

  /** Published ones, in order. */
  synchronized List<SubsystemState> subsystems() {
    return new ArrayList<>(subsystems.values());
  }

  synchronized void add(SubsystemState subsystem) {
    if (subsystems.putIfAbsent(subsystem.nqn(), subsystem) != null) {
      throw new IllegalArgumentException(subsystem.nqn() + " is published already");
    }
  }

  synchronized SubsystemState remove(String nqn) {
    SubsystemState removed = subsystems.remove(nqn);
    if (removed == null) {
      throw new IllegalArgumentException(nqn + " is not published");
    }
    return removed;
  }

  long discoveryGeneration() {
    return discoveryGeneration.get();
  }

  /** What discovery tells changed. */
  void discoveryChanged() {
    discoveryGeneration.incrementAndGet();
    discovery.raise(AsyncEvent.DISCOVERY_CHANGE, 0);
  }

  void connectionFailed() {
    failedConnections.incrementAndGet();
  }

  long failedConnections() {
    return failedConnections.get();
  }

  /** Counts a command that is answered. */
  void count(Command command, int status, long bytes) {
    Association association = command.queue.association();
    if (association == null) {
      return;
    }
    NvmeOperation operation =
        command.queue.isAdmin() || command.opcode == Opcode.FABRICS
            ? NvmeOperation.ADMIN
            : IoCommands.operation(command.opcode);
    association
        .subsystem()
        .counters()
        .count(
            command.queue.loop().index(),
            operation,
            status,
            (status & StatusCode.CODE_MASK) == 0 ? Math.max(bytes, command.hostBytes) : 0,
            System.nanoTime() - command.arrivedNanos);
  }
}
