package dev.isthmus.blocktranslation;

import dev.isthmus.blocktranslation.format.SegmentBuilder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Records of the log that are not yet committed in the bucket, in LSN order: those still to be
 * packed, and the bytes of all. Threading: confined to the volume's loop; {@link #bytes} and {@link
 * #oldestNanos} from any thread.
 */
final class Backlog {

  /** Most uncommitted records: about 100 bytes of heap each. */
  static final int MAX_RECORDS = 1 << 20;

  private final Deque<BacklogRecord> waiting = new ArrayDeque<>();
  private long waitingPayloadBytes;
  private int waitingFrames;
  private int taken;
  private volatile long bytes;
  private volatile long logBytes;
  private volatile long oldestNanos = Long.MAX_VALUE;

  void add(BacklogRecord record) {
    if (bytes == 0 && logBytes == 0) {
      oldestNanos = record.appliedNanos();
    }
    waiting.add(record);
    waitingPayloadBytes += record.length();
    waitingFrames += record.length() == 0 ? 0 : 1;
    setBytes(bytes + record.length(), logBytes + record.logBytes());
  }

  boolean isEmpty() {
    return waiting.isEmpty();
  }

  /** Records that wait to be packed. */
  int size() {
    return waiting.size();
  }

  /** Records that are not committed. */
  int uncommitted() {
    return waiting.size() + taken;
  }

  BacklogRecord first() {
    return waiting.element();
  }

  /** Time of the newest record that waits to be packed, nanoseconds since 1970; 0 for none. */
  long newestTimeNanos() {
    return waiting.isEmpty() ? 0 : waiting.getLast().timeNanos();
  }

  /** Length of the segment that would hold all that waits. */
  long freeSegmentBytes() {
    return SegmentBuilder.totalBytes(waiting.size(), waitingFrames, waitingPayloadBytes);
  }

  /** Takes records for one segment of at most {@code segmentBytes}; at least one. */
  List<BacklogRecord> take(int segmentBytes, int maxRecords) {
    var records = new ArrayList<BacklogRecord>();
    int frames = 0;
    long payloadBytes = 0;
    BacklogRecord next;
    while ((next = waiting.peek()) != null && records.size() < maxRecords) {
      int nextFrames = frames + (next.length() == 0 ? 0 : 1);
      long total =
          SegmentBuilder.totalBytes(records.size() + 1, nextFrames, payloadBytes + next.length());
      if (total > segmentBytes && !records.isEmpty()) {
        break;
      }
      records.add(waiting.remove());
      frames = nextFrames;
      payloadBytes += next.length();
    }
    waitingPayloadBytes -= payloadBytes;
    waitingFrames -= frames;
    taken += records.size();
    return records;
  }

  /** Records that were taken are in the bucket. */
  void committed(List<BacklogRecord> records, @Nullable BacklogRecord oldestLeft) {
    long payload = 0;
    long inLog = 0;
    for (BacklogRecord record : records) {
      payload += record.length();
      inLog += record.logBytes();
    }
    taken -= records.size();
    setBytes(bytes - payload, logBytes - inLog);
    oldestNanos = oldestLeft == null ? Long.MAX_VALUE : oldestLeft.appliedNanos();
  }

  // One writer, the loop: volatile is for readers.
  @SuppressWarnings("NonAtomicVolatileUpdate")
  private void setBytes(long newBytes, long newLogBytes) {
    bytes = newBytes;
    logBytes = newLogBytes;
  }

  /** Payload bytes that are not committed. */
  long bytes() {
    return bytes;
  }

  /** The same with what the log adds. */
  long logBytes() {
    return logBytes;
  }

  /** When the oldest uncommitted record was applied, monotonic clock; {@code MAX_VALUE} if none. */
  long oldestNanos() {
    return oldestNanos;
  }
}
