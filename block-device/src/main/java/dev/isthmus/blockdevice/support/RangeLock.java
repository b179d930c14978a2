package dev.isthmus.blockdevice.support;

import org.jspecify.annotations.Nullable;

/**
 * Locks byte ranges for commands without parking a thread: a hold that must wait is told later.
 *
 * <p>Holds are granted in the order in which they came, as far as they conflict: two conflict if
 * they overlap and one is exclusive. A hold waits for all earlier ones that conflict, waiting ones
 * included, so none starves and there is no cycle. Each hold has one range; a command that needs
 * several takes one after the other was released, or one that covers them.
 *
 * <p>The cost is one comparison per hold that exists, at acquire and at release: for the tens to
 * hundreds of commands that a device has in flight a list is quicker than a tree.
 *
 * <p>Threading: thread-safe; nothing blocks. {@link Hold#granted} is called without the lock held,
 * on the thread that acquires, or on the one that releases what stood in the way.
 */
public final class RangeLock {

  /** One range, to be held once at a time. Made to be extended by a command's state. */
  public abstract static class Hold {
    private long offsetBytes;
    private long endBytes;
    private boolean exclusive;

    /** Earlier holds that conflict and are not released yet. */
    private int blockers;

    private boolean listed;
    private @Nullable Hold previous;
    private @Nullable Hold next;

    /** Next of those that one release granted. */
    private @Nullable Hold nextGranted;

    /**
     * The range is held now. Called once for each {@link RangeLock#acquire} that returned true; it
     * hands the work on, or does it if it is short.
     */
    protected abstract void granted();

    private boolean conflicts(Hold other) {
      return (exclusive || other.exclusive)
          && offsetBytes < other.endBytes
          && other.offsetBytes < endBytes;
    }
  }

  private final int maxHolds;
  private final Object lock = new Object();
  private @Nullable Hold first;
  private @Nullable Hold last;
  private int holds;

  /**
   * @param maxHolds most holds, granted and waiting together
   */
  public RangeLock(int maxHolds) {
    if (maxHolds < 1) {
      throw new IllegalArgumentException("max holds " + maxHolds);
    }
    this.maxHolds = maxHolds;
  }

  /**
   * Asks for a range.
   *
   * @param exclusive for what changes it; false lets other readers in
   * @return false if there are {@code maxHolds} already, and nothing was done
   */
  public boolean acquire(Hold hold, long offsetBytes, long lengthBytes, boolean exclusive) {
    if (offsetBytes < 0 || lengthBytes <= 0 || offsetBytes > Long.MAX_VALUE - lengthBytes) {
      throw new IllegalArgumentException("range " + offsetBytes + " + " + lengthBytes);
    }
    boolean now;
    synchronized (lock) {
      if (hold.listed) {
        throw new IllegalStateException("this hold is in use");
      }
      if (holds == maxHolds) {
        return false;
      }
      hold.offsetBytes = offsetBytes;
      hold.endBytes = offsetBytes + lengthBytes;
      hold.exclusive = exclusive;
      hold.blockers = 0;
      for (Hold other = first; other != null; other = other.next) {
        if (hold.conflicts(other)) {
          hold.blockers++;
        }
      }
      append(hold);
      now = hold.blockers == 0;
    }
    if (now) {
      hold.granted();
    }
    return true;
  }

  /** Gives a granted range back, and grants what waited for it alone. */
  public void release(Hold hold) {
    Hold granted = null;
    Hold lastGranted = null;
    synchronized (lock) {
      if (!hold.listed || hold.blockers != 0) {
        throw new IllegalStateException("this hold was not granted");
      }
      // Only later ones can wait for it.
      for (Hold other = hold.next; other != null; other = other.next) {
        if (hold.conflicts(other) && --other.blockers == 0) {
          if (lastGranted == null) {
            granted = other;
          } else {
            lastGranted.nextGranted = other;
          }
          lastGranted = other;
        }
      }
      remove(hold);
    }
    while (granted != null) {
      Hold following = granted.nextGranted;
      granted.nextGranted = null;
      granted.granted();
      granted = following;
    }
  }

  /** Holds, granted and waiting. */
  public int size() {
    synchronized (lock) {
      return holds;
    }
  }

  private void append(Hold hold) {
    hold.listed = true;
    hold.previous = last;
    hold.next = null;
    if (last == null) {
      first = hold;
    } else {
      last.next = hold;
    }
    last = hold;
    holds++;
  }

  private void remove(Hold hold) {
    if (hold.previous == null) {
      first = hold.next;
    } else {
      hold.previous.next = hold.next;
    }
    if (hold.next == null) {
      last = hold.previous;
    } else {
      hold.next.previous = hold.previous;
    }
    hold.previous = null;
    hold.next = null;
    hold.listed = false;
    holds--;
  }
}
