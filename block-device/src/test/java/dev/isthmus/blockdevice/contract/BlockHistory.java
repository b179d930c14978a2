package dev.isthmus.blockdevice.contract;

import dev.isthmus.blockdevice.IoStatus;
import java.util.ArrayList;
import java.util.List;

/**
 * What one block may hold, from the commands that touched it and from what was read of it.
 *
 * <p>Times are ticks of the {@link DiskModel}. A version V is out of the question for reads
 * submitted after W completed, where W was submitted after V completed. Reading V while X had
 * completed before says that V came after X; so X is out once V has completed too. A command that
 * ended retryably never was; one that failed otherwise may or may not have been.
 *
 * <p>Threading: guarded by its model.
 */
final class BlockHistory {

  private static final long NEVER = Long.MAX_VALUE;

  /** One value the block had, may have, or may get. */
  static final class Version {
    final long id;
    final long submittedTick;

    /** Whether it hides the versions before it; a discard that promises nothing does not. */
    final boolean overwrites;

    long completedTick = NEVER;
    long deadTick = NEVER;
    boolean durable;

    /** A version behind this one that is durable, or durably overwritten. */
    boolean durablyDead;

    /** Newest submit tick of a read that returned it while it was in flight, or -1. */
    long seenTick = -1;

    Version(long id, long submittedTick, boolean overwrites) {
      this.id = id;
      this.submittedTick = submittedTick;
      this.overwrites = overwrites;
    }

    @Override
    public String toString() {
      return "id %d [%d..%s]%s"
          .formatted(
              id,
              submittedTick,
              completedTick == NEVER ? "?" : completedTick,
              deadTick == NEVER ? "" : " until " + deadTick);
    }
  }

  private List<Version> versions = new ArrayList<>(4);

  BlockHistory() {
    var fresh = new Version(BlockStamp.ZEROES, 0, true);
    fresh.completedTick = 0;
    fresh.durable = true;
    versions.add(fresh);
  }

  Version begin(long id, boolean overwrites, long tick) {
    var version = new Version(id, tick, overwrites);
    versions.add(version);
    return version;
  }

  /** The command of {@code version} ended. */
  void end(Version version, IoStatus status, boolean fua, long tick) {
    if (status == IoStatus.OK) {
      version.completedTick = tick;
      if (version.overwrites) {
        overwriteBefore(version, version.submittedTick, tick);
      }
      if (version.seenTick >= 0) {
        overwriteBefore(version, version.seenTick, tick);
      }
      if (fua) {
        makeDurable(version);
      }
    } else if (status.isRetryable() || status == IoStatus.MISCOMPARE) {
      versions.remove(version);
      if (version.seenTick >= 0) {
        throw new AssertionError(version + " was read, yet it ended as " + status);
      }
    }
  }

  private void overwriteBefore(Version by, long beforeTick, long tick) {
    for (Version other : versions) {
      if (other != by && other.completedTick < beforeTick) {
        other.deadTick = Math.min(other.deadTick, tick);
      }
    }
  }

  /** A read submitted at {@code submittedTick} that ended now returned {@code id}. */
  void read(long id, long submittedTick, long tick) {
    Version only = null;
    boolean allComplete = true;
    int matches = 0;
    for (Version version : versions) {
      if (version.id == id && version.deadTick >= submittedTick) {
        matches++;
        only = version;
        allComplete &= version.completedTick != NEVER;
      }
    }
    if (only == null) {
      throw new AssertionError(
          "a read of ["
              + submittedTick
              + ".."
              + tick
              + "] returned id "
              + id
              + ", which is none of "
              + versions);
    }
    if (allComplete) {
      for (Version other : versions) {
        if (other.id != id && other.completedTick < submittedTick) {
          other.deadTick = Math.min(other.deadTick, tick);
        }
      }
    } else if (matches == 1) {
      only.seenTick = Math.max(only.seenTick, submittedTick);
    }
  }

  /** Whether a read of that span may return {@code id}. */
  boolean allows(long id, long submittedTick) {
    return versions.stream().anyMatch(v -> v.id == id && v.deadTick >= submittedTick);
  }

  /** Whether a read of that span can return nothing but {@code id}. */
  boolean allowsOnly(long id, long submittedTick) {
    return versions.stream().allMatch(v -> v.id == id || v.deadTick < submittedTick);
  }

  /** A flush that was submitted at {@code flushTick} succeeded. */
  void flushed(long flushTick) {
    for (Version version : versions) {
      if (version.completedTick < flushTick && !version.durable) {
        makeDurable(version);
      }
    }
  }

  private void makeDurable(Version version) {
    version.durable = true;
    if (version.overwrites) {
      for (Version other : versions) {
        other.durablyDead |= other.completedTick < version.submittedTick;
      }
    }
  }

  /** Forgets what no read in flight and no crash can bring back. */
  void prune(long oldestReadTick) {
    versions.removeIf(v -> v.durablyDead && v.deadTick < oldestReadTick);
  }

  /** The process crashed: what had completed is there, what was in flight may be. */
  void crashedProcess(long tick) {
    versions.removeIf(v -> v.deadTick != NEVER);
    restart(tick);
  }

  /** The power went: what a flush or FUA covered is there, the rest may be. */
  void crashedPower(long tick) {
    versions.removeIf(v -> v.durablyDead);
    restart(tick);
  }

  private void restart(long tick) {
    var survivors = new ArrayList<Version>();
    for (Version version : versions) {
      var survivor = new Version(version.id, tick, true);
      survivor.completedTick = tick;
      survivor.durable = true;
      survivors.add(survivor);
    }
    versions = survivors;
  }

  @Override
  public String toString() {
    return versions.toString();
  }
}
