package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.Durations;
import org.jspecify.annotations.Nullable;

/**
 * Tells when the oldest record that is not in the bucket is older than the volume's {@link Rpo}.
 *
 * <p>Ages are of the loop's monotonic clock, from the moment a record was applied; of records that
 * a log brought back, from the open. Threading: confined to the volume's loop; {@link #words} from
 * any thread.
 */
final class RpoWatch {

  private final EngineLoop loop;
  private final Backlog backlog;
  private final Runnable onChange;
  private volatile Rpo rpo;
  private EngineLoop.@Nullable Timer timer;
  private boolean exceeded;
  // While it is exceeded: since when. Else the end of what was counted, before which no more is.
  private long exceededFromNanos;
  private long exceededBeforeNanos;

  /**
   * @param onChange hears that {@link #isExceeded} changed
   */
  RpoWatch(EngineLoop loop, Backlog backlog, Rpo rpo, Runnable onChange) {
    this.loop = loop;
    this.backlog = backlog;
    this.rpo = rpo;
    this.onChange = onChange;
    this.exceededFromNanos = loop.nanoTime();
  }

  /** Goes by another limit from now on. */
  void set(Rpo newRpo) {
    if (newRpo.equals(rpo)) {
      return;
    }
    boolean before = exceeded;
    // What was late by the old limit stays counted; the new one counts from here.
    endOfExcess(loop.nanoTime());
    rpo = newRpo;
    disarm();
    look();
    if (before && !exceeded) {
      onChange.run();
    }
  }

  /** Looks again: records were applied or committed. */
  void look() {
    long now = loop.nanoTime();
    boolean late = !rpo.isNone() && isOlder(rpo.alarmNanos(), now);
    if (late && !exceeded) {
      exceeded = true;
      exceededFromNanos = Math.max(exceededFromNanos, backlog.oldestNanos() + rpo.alarmNanos());
      onChange.run();
    } else if (!late && exceeded) {
      endOfExcess(now);
      onChange.run();
    }
    arm(now);
  }

  private void endOfExcess(long now) {
    if (exceeded) {
      exceeded = false;
      exceededBeforeNanos += now - exceededFromNanos;
    }
    exceededFromNanos = now;
  }

  /** One timer at most, which comes when the oldest record of now would be too old. */
  private void arm(long now) {
    long oldest = backlog.oldestNanos();
    if (timer == null && !exceeded && !rpo.isNone() && oldest != Long.MAX_VALUE) {
      timer =
          loop.schedule(
              oldest + rpo.alarmNanos() + 1 - now,
              () -> {
                timer = null;
                look();
              });
    }
  }

  private void disarm() {
    if (timer != null) {
      timer.cancel();
      timer = null;
    }
  }

  /** Records were applied. */
  void appended() {
    if (timer == null && !exceeded && !rpo.isNone()) {
      arm(loop.nanoTime());
    }
  }

  private boolean isOlder(long limitNanos, long now) {
    long oldest = backlog.oldestNanos();
    return oldest != Long.MAX_VALUE && now - oldest > limitNanos;
  }

  /** Whether writers have to wait for the bucket. */
  boolean holdsWriters() {
    Rpo now = rpo;
    return now.isEnforced() && isOlder(now.holdNanos(), loop.nanoTime());
  }

  boolean isExceeded() {
    return exceeded;
  }

  /** Time so far in which the limit was exceeded. */
  long exceededNanos() {
    return exceededBeforeNanos + (exceeded ? loop.nanoTime() - exceededFromNanos : 0);
  }

  /** How long it is exceeded now; 0 while it is not. */
  long exceededForNanos() {
    return exceeded ? loop.nanoTime() - exceededFromNanos : 0;
  }

  /** The limit and how it stands, for people. */
  String words() {
    long oldest = backlog.oldestNanos();
    long ageNanos = oldest == Long.MAX_VALUE ? 0 : Math.max(0, loop.nanoTime() - oldest);
    return "rpo "
        + rpo
        + " is exceeded: "
        + backlog.bytes()
        + " bytes are not in the bucket, the oldest for "
        + Durations.format(ageNanos);
  }

  /** The volume is closed. */
  void close() {
    endOfExcess(loop.nanoTime());
    rpo = Rpo.NONE;
    disarm();
  }
}
