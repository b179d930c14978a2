package dev.isthmus.blocktranslation.scrub;

import dev.isthmus.blockdevice.DeviceException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Whose turn it is: the scrubs of one process run one after the other, first come, first served.
 *
 * <p>A scrub is bounded by itself, and so is what one volume asks for; many volumes that are
 * scrubbed at the same time are not, and the heap that they would fill is the one that serves
 * disks. Threading: thread-safe; nothing here blocks.
 */
public final class ScrubQueue {

  /** Scrubs that read at once: each may hold an {@link EntryWindow} and three segments. */
  static final int MAX_RUNNING = 1;

  /** Scrubs that wait; each has a thread. Far more volumes than one process serves. */
  static final int MAX_WAITING = 1024;

  /** A place in the queue, and then the right to run. {@link #close} gives back either. */
  final class Turn implements AutoCloseable {
    private final String where;
    private final CompletableFuture<Boolean> come = new CompletableFuture<>();

    private Turn(String where) {
      this.where = where;
    }

    /** Done when the scrub may run. */
    CompletableFuture<?> come() {
      return come;
    }

    /** Whom it waits for, in words. */
    String ahead() {
      return wordsAhead(this);
    }

    /** Lets the next one run; the second call does nothing. */
    @Override
    public void close() {
      leave(this);
    }
  }

  private final Deque<Turn> running = new ArrayDeque<>();
  private final Deque<Turn> waiting = new ArrayDeque<>();

  /**
   * Takes the last place.
   *
   * @param where the volume, for the words of those behind it
   * @throws DeviceException.Exhausted if too many wait
   */
  Turn enter(String where) {
    var turn = new Turn(where);
    synchronized (this) {
      if (running.size() == MAX_RUNNING) {
        if (waiting.size() == MAX_WAITING) {
          throw new DeviceException.Exhausted(
              where + ": " + MAX_WAITING + " scrubs wait for their turn already; try again later");
        }
        waiting.add(turn);
        return turn;
      }
      running.add(turn);
    }
    turn.come.complete(true);
    return turn;
  }

  private void leave(Turn turn) {
    Turn next = removed(turn);
    if (next != null) {
      // Not under the lock: whoever waits may go on in this very call.
      next.come.complete(true);
    }
  }

  private synchronized @Nullable Turn removed(Turn turn) {
    if (!running.remove(turn)) {
      waiting.remove(turn);
      return null;
    }
    Turn next = waiting.poll();
    if (next != null) {
      running.add(next);
    }
    return next;
  }

  private synchronized String wordsAhead(Turn turn) {
    if (!waiting.contains(turn)) {
      return "";
    }
    long before = waiting.stream().takeWhile(other -> other != turn).count();
    return "one scrub runs at a time: now that of %s%s"
        .formatted(running.getFirst().where, before == 0 ? "" : ", then " + before + " more");
  }
}
