package dev.isthmus.targets.nvme;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A subsystem while it is served: its namespaces, associations and counters. The discovery service
 * is one without namespaces.
 *
 * <p>Threading: thread-safe; the associations are guarded by this.
 */
final class SubsystemState {

  /** NN and MNAN: few, for Linux sizes its ANA log by it. */
  static final int MAX_NAMESPACES = 32;

  /** The one ANA group. */
  static final int ANA_GROUP = 1;

  /** Base 2.0, figure 275: FFF0h and on are reserved. */
  private static final int MAX_CNTLID = 0xFFEF;

  private final String nqn;
  private final String serial;
  private final String model;
  private final List<Namespace> namespaces = new ArrayList<>();
  private final HostQueues hosts = new HostQueues();
  private final Map<Integer, Association> associations = new HashMap<>();
  private final AtomicLong anaChanges = new AtomicLong();
  private final Counters counters;
  private volatile HostAccess access;
  private int nextCntlid = 1;
  private boolean withdrawn;

  SubsystemState(String nqn, String serial, String model, HostAccess access, int loops) {
    this.nqn = nqn;
    this.serial = serial;
    this.model = model;
    this.access = access;
    this.counters = new Counters(loops);
  }

  @SuppressWarnings("ThisEscape") // The namespace only keeps it until it is opened.
  SubsystemState(NvmeSubsystem published, int loops) {
    this(published.nqn(), published.serial(), published.model(), published.hosts(), loops);
    namespaces.add(new Namespace(this, 1, published.device()));
  }

  String nqn() {
    return nqn;
  }

  String serial() {
    return serial;
  }

  String model() {
    return model;
  }

  HostAccess access() {
    return access;
  }

  Counters counters() {
    return counters;
  }

  boolean isDiscovery() {
    return nqn.equals(Nqn.DISCOVERY);
  }

  HostQueues hosts() {
    return hosts;
  }

  /** Active namespaces in the order of their numbers. */
  List<Namespace> namespaces() {
    return namespaces;
  }

  /** The active namespace of this number, or null. */
  @Nullable Namespace namespace(int nsid) {
    return nsid >= 1 && nsid <= namespaces.size() ? namespaces.get(nsid - 1) : null;
  }

  // ---- associations

  /**
   * Makes the association of an admin Connect.
   *
   * @return null if there are {@code limit} already, or the subsystem is going
   */
  @Nullable Association associate(
      String hostNqn, HostId hostId, CommandQueue admin, long keepAliveMillis, int limit) {
    synchronized (this) {
      if (withdrawn || associations.size() >= limit) {
        return null;
      }
      while (associations.containsKey(nextCntlid)) {
        nextCntlid = nextCntlid % MAX_CNTLID + 1;
      }
      var made = new Association(this, nextCntlid, hostNqn, hostId, admin, keepAliveMillis);
      associations.put(nextCntlid, made);
      // A number is not given again soon: a late I/O Connect must not find a stranger.
      nextCntlid = nextCntlid % MAX_CNTLID + 1;
      hosts.add(hostNqn, admin);
      return made;
    }
  }

  synchronized @Nullable Association association(int cntlid) {
    return associations.get(cntlid);
  }

  synchronized List<Association> associations() {
    return List.copyOf(associations.values());
  }

  synchronized void forget(Association association) {
    associations.remove(association.cntlid(), association);
  }

  void setAccess(HostAccess value) {
    access = value;
    for (Association association : associations()) {
      if (!value.allows(association.hostNqn())) {
        association.end("the host is no longer allowed");
      }
    }
  }

  // ---- life

  void open() {
    namespaces.forEach(Namespace::open);
  }

  /** Ends every association and lets no more in. */
  void withdraw() {
    synchronized (this) {
      withdrawn = true;
    }
    namespaces.forEach(Namespace::close);
    associations().forEach(a -> a.end("the subsystem is withdrawn"));
  }

  // ---- changes

  void countAnaChange() {
    anaChanges.incrementAndGet();
  }

  long anaChanges() {
    return anaChanges.get();
  }

  /**
   * The group's state: that of the worst namespace in it. Exact with one namespace; with several,
   * each would get a group of its own.
   */
  AnaState ana() {
    AnaState worst = AnaState.OPTIMIZED;
    for (Namespace namespace : namespaces) {
      if (namespace.ana().code > worst.code) {
        worst = namespace.ana();
      }
    }
    return worst;
  }

  /** Tells every controller. */
  void raise(AsyncEvent event, int nsid) {
    for (Association association : associations()) {
      association.onAdminLoop(() -> association.controller().raise(event, nsid));
    }
  }
}
