package dev.isthmus.targets.nvme;

import java.util.Set;

/** Which hosts may use a subsystem, and see it in discovery. Immutable. */
public sealed interface HostAccess {

  /** Whether a host with this NQN may. */
  boolean allows(String hostNqn);

  /** Every host that reaches the target may. */
  record Any() implements HostAccess {
    @Override
    public boolean allows(String hostNqn) {
      return true;
    }
  }

  /** Only the hosts of these NQNs may: 0 to 1024. A host's NQN is what it says, not proven. */
  record Only(Set<String> hostNqns) implements HostAccess {
    public Only {
      hostNqns = Set.copyOf(hostNqns);
      if (hostNqns.size() > 1024) {
        throw new IllegalArgumentException("an allow-list has at most 1024 hosts");
      }
      hostNqns.forEach(Nqn::require);
    }

    @Override
    public boolean allows(String hostNqn) {
      return hostNqns.contains(hostNqn);
    }
  }

  /** Every host may. */
  static HostAccess any() {
    return new Any();
  }

  /** Only these hosts may. */
  static HostAccess only(String... hostNqns) {
    return new Only(Set.of(hostNqns));
  }
}
