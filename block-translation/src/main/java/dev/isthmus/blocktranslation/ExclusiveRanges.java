package dev.isthmus.blocktranslation;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Ranges in which a compare-and-write is between its compare and its write: other changes of them
 * wait. Bounded by the volume's commands in flight. Threading: confined to the volume's loop.
 */
final class ExclusiveRanges {

  private record Range(long offsetBytes, long endBytes) {
    boolean overlaps(long offset, long end) {
      return offset < endBytes && offsetBytes < end;
    }
  }

  private final List<Range> held = new ArrayList<>();
  private final Deque<Request> blocked = new ArrayDeque<>();

  /** Whether someone holds some of the range; cheap where nobody holds anything. */
  boolean isHeld(long offsetBytes, long lengthBytes) {
    for (Range range : held) {
      if (range.overlaps(offsetBytes, offsetBytes + lengthBytes)) {
        return true;
      }
    }
    return false;
  }

  void hold(long offsetBytes, long lengthBytes) {
    held.add(new Range(offsetBytes, offsetBytes + lengthBytes));
  }

  /** Keeps a request until a range is released. */
  void block(Request request) {
    blocked.add(request);
  }

  /** Releases a range; what it blocked is to be handed in again, in order. */
  List<Request> release(long offsetBytes, long lengthBytes) {
    held.remove(new Range(offsetBytes, offsetBytes + lengthBytes));
    List<Request> again = List.copyOf(blocked);
    blocked.clear();
    return again;
  }

  /** Takes out all that wait. */
  List<Request> drain() {
    List<Request> all = List.copyOf(blocked);
    blocked.clear();
    return all;
  }
}
