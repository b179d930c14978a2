package dev.isthmus.blockdevice.simple;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Makes one fdatasync serve all who asked before it began. One runs at a time; who comes meanwhile
 * shares the next. Bounded by the device's commands in flight.
 *
 * <p>Threading: thread-safe, guarded by itself.
 */
final class FlushGroup {

  /** Who waits for durability. */
  interface Member {
    /** Whether it still wants it; asked right before the force. False ends its membership. */
    boolean wants();

    /** The force ended; null if it succeeded. */
    void forced(@Nullable IOException failure);
  }

  private final FileMedium medium;
  private final Executor executor;
  private List<Member> waiting = new ArrayList<>();
  private boolean running;

  FlushGroup(FileMedium medium, Executor executor) {
    this.medium = medium;
    this.executor = executor;
  }

  void join(Member member) {
    synchronized (this) {
      waiting.add(member);
      if (running) {
        return;
      }
      running = true;
    }
    executor.execute(this::rounds);
  }

  private void rounds() {
    for (List<Member> members = next(); !members.isEmpty(); members = next()) {
      members.removeIf(member -> !member.wants());
      if (members.isEmpty()) {
        continue;
      }
      IOException failure = null;
      try {
        medium.force();
      } catch (IOException e) {
        failure = e;
      }
      for (Member member : members) {
        member.forced(failure);
      }
    }
  }

  private synchronized List<Member> next() {
    List<Member> members = waiting;
    waiting = new ArrayList<>();
    running = !members.isEmpty();
    return members;
  }
}
