package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blocktranslation.format.Frame;
import dev.isthmus.blocktranslation.map.IntervalMap;
import dev.isthmus.wal.LogException;
import dev.isthmus.wal.LogFullException;
import dev.isthmus.wal.RecordType;
import dev.isthmus.wal.WriteAheadLog;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Changes of the disk: each takes its place in the order by being appended to the log, is seen by
 * reads from then on, and completes at its tier.
 *
 * <p>As the log fills, writers are slowed down; at its end, and where the bucket lags behind by
 * more than an enforced {@link Rpo}, they wait, in order, for at most {@link #MAX_WAIT_NANOS}, and
 * are then refused retryably without any effect. Threading: confined to the volume's loop.
 */
final class WritePath {

  /** A host gives a command up after 30 s; an answer that it may retry has to come well before. */
  static final long MAX_WAIT_NANOS = TimeUnit.SECONDS.toNanos(10);

  /**
   * A write that is in the log in part can't be refused as if nothing had happened, so it waits
   * longer for its rest; then it fails, as it is there in part.
   */
  private static final long MAX_BEGUN_WAIT_NANOS = 2 * MAX_WAIT_NANOS;

  /** How often waiting writes are looked at: for time-outs, cancels and room. */
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  /** How often a log that had no room is asked again while no write waits. */
  private static final long PROBE_NANOS = TimeUnit.SECONDS.toNanos(1);

  /** What the rest of the volume has to do with writes. Called on the loop. */
  interface Owner {
    /** Why changes are refused now, or OK. */
    IoStatus writable();

    /** Records were appended. */
    void appended();

    /** Writers were refused since they waited too long, and why; empty if no longer. */
    void stalled(String why);

    /** What is kept to now. */
    Tiers tiers();

    /** The log failed for good. */
    void logFailed(LogException failure);
  }

  private final WriteAheadLog log;
  private final EngineLoop loop;
  private final IntervalMap<DirtyRange> dirty;
  private final Backlog backlog;
  private final Durability durability;
  private final ReadPath reads;
  private final Owner owner;
  private final RpoWatch rpo;
  private final long backlogLimitBytes;
  private final long largestBytes;
  private final Pacer pacer = new Pacer();
  private final ExclusiveRanges exclusive = new ExclusiveRanges();
  private final Deque<Request> held = new ArrayDeque<>();
  private EngineLoop.@Nullable Timer lookTimer;
  private long lookAtNanos;
  private long lastLsn;
  private long lastTimeNanos;
  private long payloadBytes;
  private long throttledNanos;
  private volatile int heldCount;
  private boolean logFailed;
  private boolean closed;
  // Why the log itself took no record the last time, though the backlog had room; empty if it did.
  private String logFullWhy = "";
  // Of the first of those held: bytes that are in the log already, which only a full file system
  // beside a log with room can cause.
  private long headAppliedBytes;
  private boolean stalled;

  /**
   * Goes on behind the log's newest record.
   *
   * @param backlogLimitBytes most bytes that may wait for the bucket
   * @param largestBytes most data of one command
   * @param lastTimeNanos newest time of a record, in the log or in the bucket
   */
  WritePath(
      WriteAheadLog log,
      EngineLoop loop,
      IntervalMap<DirtyRange> dirty,
      Backlog backlog,
      Durability durability,
      ReadPath reads,
      RpoWatch rpo,
      long backlogLimitBytes,
      long largestBytes,
      long lastTimeNanos,
      Owner owner) {
    this.log = log;
    this.loop = loop;
    this.dirty = dirty;
    this.backlog = backlog;
    this.durability = durability;
    this.reads = reads;
    this.rpo = rpo;
    this.backlogLimitBytes = backlogLimitBytes;
    this.largestBytes = largestBytes;
    this.lastLsn = log.appendedLsn();
    this.lastTimeNanos = lastTimeNanos;
    this.owner = owner;
  }

  /** Applies a change, now or as soon as there is room. */
  void admit(Request request) {
    if (!held.isEmpty()) {
      hold(request);
    } else if (!tryApply(request)) {
      hold(request);
      look();
    }
  }

  /**
   * Writes a stretch anew that is there already, now or not at all: behind a write that waits it
   * would undo that one.
   *
   * @param data at most one record's payload
   * @return whether it is applied
   */
  boolean tryRewrite(long offsetBytes, MemorySegment data) {
    long length = data.byteSize();
    if (owner.writable() != IoStatus.OK
        || logFailed
        || rpo.holdsWriters()
        || !held.isEmpty()
        || headAppliedBytes > 0
        || exclusive.isHeld(offsetBytes, length)
        || !hasRoom(length, 1)) {
      return false;
    }
    try {
      append(RecordType.WRITE, false, offsetBytes, length, data);
    } catch (LogFullException e) {
      return false;
    } catch (LogException e) {
      owner.logFailed(e);
      return false;
    }
    pacer.admitted(fill(), length, loop.nanoTime());
    owner.appended();
    return true;
  }

  /** A segment was committed: there may be room. */
  void committed(long segmentPayloadBytes) {
    pacer.committed(segmentPayloadBytes, loop.nanoTime());
    roomChanged();
  }

  /** There may be room in the log, or the bucket may be near enough again. */
  void roomChanged() {
    if (closed) {
      return;
    }
    admitHeld();
    // Hosts send nothing to a stalled device, so it has to recover without a write.
    if (held.isEmpty() && !logFailed && !rpo.holdsWriters() && fitsLargest() && logHasRoom()) {
      goOn();
    } else if (stalled) {
      owner.stalled(whyStalled());
    }
  }

  private boolean logHasRoom() {
    if (logFullWhy.isEmpty()) {
      return true;
    }
    try {
      log.requireRoom();
      logFullWhy = "";
      return true;
    } catch (LogFullException e) {
      logFullWhy = String.valueOf(e.getMessage());
      return false;
    } catch (LogException e) {
      owner.logFailed(e);
      return false;
    }
  }

  /**
   * The log failed: no change is applied any more. What waits and what comes is held for its time
   * and then refused retryably: the disk is whole, and can be opened over another log.
   */
  void logFailed() {
    logFailed = true;
    if (headAppliedBytes > 0) {
      headAppliedBytes = 0;
      held.remove().finish(IoStatus.MEDIA_ERROR);
      heldCount = held.size();
    }
  }

  private void stall() {
    stalled = true;
    owner.stalled(whyStalled());
  }

  private void goOn() {
    if (stalled) {
      stalled = false;
      owner.stalled("");
    }
  }

  private String whyStalled() {
    if (logFailed) {
      return "the log failed";
    }
    if (!logFullWhy.isEmpty()) {
      return logFullWhy + ", and writers go on by themselves";
    }
    return rpo.holdsWriters()
        ? "no change is completed, it waits for the bucket: rpo " + owner.tiers().rpo()
        : "the log is full and waits for the bucket";
  }

  /** Ends all that wait. */
  void refuseHeld(IoStatus status) {
    Request request;
    while ((request = held.poll()) != null) {
      // A part of the first may be on the disk already, which no retryable status may hide.
      request.finish(headAppliedBytes > 0 ? IoStatus.MEDIA_ERROR : status);
      headAppliedBytes = 0;
    }
    heldCount = 0;
    exclusive.drain().forEach(blocked -> blocked.finish(status));
  }

  /** The log is about to be closed: all that wait end, and nothing looks for room any more. */
  void close() {
    closed = true;
    refuseHeld(IoStatus.CLOSED);
    if (lookTimer != null) {
      lookTimer.cancel();
      lookTimer = null;
    }
  }

  private void hold(Request request) {
    held.add(request);
    heldCount = held.size();
    lookAfter(LOOK_NANOS);
  }

  private void lookAfter(long delayNanos) {
    long atNanos = loop.nanoTime() + delayNanos;
    if (lookTimer != null && atNanos - lookAtNanos < 0) {
      lookTimer.cancel();
      lookTimer = null;
    }
    if (lookTimer == null) {
      lookAtNanos = atNanos;
      lookTimer =
          loop.schedule(
              delayNanos,
              () -> {
                lookTimer = null;
                look();
              });
    }
  }

  /** Sweeps those that wait: cancelled ones go at once, late ones retryably. */
  private void look() {
    roomChanged();
    long now = loop.nanoTime();
    for (Iterator<Request> waiting = held.iterator(); waiting.hasNext(); ) {
      Request request = waiting.next();
      boolean begun = headAppliedBytes > 0 && request == held.peek();
      long waitedNanos = now - request.submittedNanos();
      if (begun) {
        if (waitedNanos >= MAX_BEGUN_WAIT_NANOS) {
          waiting.remove();
          headAppliedBytes = 0;
          stall();
          request.finish(IoStatus.MEDIA_ERROR);
        }
      } else if (request.isCancelled()) {
        waiting.remove();
        request.finish(IoStatus.CANCELLED);
      } else if (waitedNanos >= MAX_WAIT_NANOS) {
        waiting.remove();
        // Before the refusal, so that a target knows by what path status to refuse.
        stall();
        request.finish(IoStatus.UNAVAILABLE);
      }
    }
    heldCount = held.size();
    if (!held.isEmpty()) {
      lookAfter(Math.min(LOOK_NANOS, Math.max(100_000, pacer.delayNanos(fill(), now))));
    } else if (!logFullWhy.isEmpty() && !logFailed) {
      lookAfter(PROBE_NANOS);
    }
  }

  private void admitHeld() {
    long now = loop.nanoTime();
    Request first;
    while ((first = held.peek()) != null && tryApply(first)) {
      throttledNanos += now - first.submittedNanos();
      // A log that failed meanwhile has ended the one that was begun.
      if (held.peek() == first) {
        held.remove();
      }
    }
    heldCount = held.size();
  }

  private double fill() {
    return Math.max(
        (double) backlog.logBytes() / backlogLimitBytes,
        (double) backlog.uncommitted() / Backlog.MAX_RECORDS);
  }

  /** Applies or ends a request; false if it has to wait for room. */
  private boolean tryApply(Request request) {
    IoStatus writable = owner.writable();
    if (writable != IoStatus.OK) {
      request.finish(writable);
      return true;
    }
    if (request.isCancelled() && headAppliedBytes == 0) {
      request.finish(IoStatus.CANCELLED);
      return true;
    }
    if (logFailed) {
      return false;
    }
    // A write that is in the log in part is an old one by its age, and has to come to its end.
    if (headAppliedBytes == 0 && rpo.holdsWriters()) {
      return false;
    }
    return switch (request.command()) {
      case IoCommand.Write w ->
          tryWrite(request, w.offsetBytes(), w.data(), w.fua(), /* exclusiveHeld= */ false);
      case IoCommand.WriteZeroes z ->
          tryRange(request, RecordType.ZEROES, z.offsetBytes(), z.lengthBytes(), z.fua());
      case IoCommand.Discard d ->
          tryRange(request, RecordType.DISCARD, d.offsetBytes(), d.lengthBytes(), false);
      case IoCommand.CompareAndWrite c -> {
        compare(request, c);
        yield true;
      }
      default -> throw new IllegalArgumentException("not a change: " + request.command());
    };
  }

  private boolean tryWrite(
      Request request, long offsetBytes, MemorySegment data, boolean fua, boolean exclusiveHeld) {
    long length = data.byteSize();
    if (!exclusiveHeld && exclusive.isHeld(offsetBytes, length)) {
      exclusive.block(request);
      return true;
    }
    long records = (length + Frame.MAX_RAW_BYTES - 1) / Frame.MAX_RAW_BYTES;
    if (headAppliedBytes == 0 && !hasRoom(length, records)) {
      return false;
    }
    long done = headAppliedBytes;
    try {
      while (done < length) {
        long piece = Math.min(Frame.MAX_RAW_BYTES, length - done);
        append(RecordType.WRITE, fua, offsetBytes + done, piece, data.asSlice(done, piece));
        done += piece;
      }
    } catch (LogFullException e) {
      logFullWhy = String.valueOf(e.getMessage());
      headAppliedBytes = done;
      // What is in the log already goes to the bucket, whatever becomes of the rest.
      owner.appended();
      return false;
    } catch (LogException e) {
      headAppliedBytes = 0;
      if (done > 0) {
        // It is there in part, which no retryable status may hide.
        request.finish(IoStatus.MEDIA_ERROR);
      }
      owner.logFailed(e);
      return done > 0;
    }
    headAppliedBytes = 0;
    payloadBytes += length;
    pacer.admitted(fill(), length, loop.nanoTime());
    applied(request, fua);
    return true;
  }

  private boolean tryRange(
      Request request, RecordType type, long offsetBytes, long lengthBytes, boolean fua) {
    if (exclusive.isHeld(offsetBytes, lengthBytes)) {
      exclusive.block(request);
      return true;
    }
    if (!hasRoom(0, 1)) {
      return false;
    }
    try {
      append(type, fua, offsetBytes, lengthBytes, MemorySegment.NULL);
    } catch (LogFullException e) {
      logFullWhy = String.valueOf(e.getMessage());
      return false;
    } catch (LogException e) {
      owner.logFailed(e);
      return false;
    }
    applied(request, fua);
    return true;
  }

  private boolean hasRoom(long bytes, long records) {
    return !rpo.holdsWriters()
        && fits(bytes, records)
        && pacer.delayNanos(fill(), loop.nanoTime()) == 0;
  }

  /**
   * Whether the largest command fits. A full log that takes a small one is still full: if the
   * volume went on for that, hosts would come back with their larger ones, and each would wait and
   * be refused again.
   */
  private boolean fitsLargest() {
    return fits(largestBytes, (largestBytes + Frame.MAX_RAW_BYTES - 1) / Frame.MAX_RAW_BYTES);
  }

  private boolean fits(long bytes, long records) {
    return backlog.logBytes() + BacklogRecord.logBytes(bytes, records) <= backlogLimitBytes
        && backlog.uncommitted() + records <= Backlog.MAX_RECORDS;
  }

  private void append(
      RecordType type, boolean fua, long offsetBytes, long lengthBytes, MemorySegment payload) {
    int length = (int) payload.byteSize();
    int crc = 0;
    if (length > 0) {
      var crc32c = new CRC32C();
      crc32c.update(payload.asByteBuffer());
      crc = (int) crc32c.getValue();
    }
    long lsn = lastLsn + 1;
    long time = Math.max(lastTimeNanos, loop.wallNanos());
    long sector = offsetBytes / 512;
    long sectors = lengthBytes / 512;
    long position =
        log.append(
            type, fua ? WriteAheadLog.FLAG_FUA : 0, lsn, time, sector, sectors, payload, crc);
    lastLsn = lsn;
    lastTimeNanos = time;
    dirty.put(new DirtyRange(sector, sectors, lsn, position, length, crc, 0));
    backlog.add(
        new BacklogRecord(
            type, lsn, time, sector, sectors, position, length, crc, loop.nanoTime()));
  }

  private void applied(Request request, boolean fua) {
    logFullWhy = "";
    if (fitsLargest()) {
      goOn();
    }
    Tiers tiers = owner.tiers();
    if (fua && tiers.flush() == Tier.UPLOADED) {
      durability.awaitUploaded(lastLsn, request);
    } else if (fua || tiers.ack() == Tier.LOCAL_DURABLE) {
      durability.awaitLocal(lastLsn, request);
    } else {
      request.finish(IoStatus.OK);
    }
    owner.appended();
  }

  private void compare(Request request, IoCommand.CompareAndWrite command) {
    long offset = command.offsetBytes();
    long length = command.data().byteSize();
    if (exclusive.isHeld(offset, length)) {
      exclusive.block(request);
      return;
    }
    exclusive.hold(offset, length);
    Arena arena = Arena.ofConfined();
    MemorySegment found = arena.allocate(length);
    reads.read(
        offset,
        found,
        status -> {
          compared(request, command, status, found);
          arena.close();
        });
  }

  private void compared(
      Request request, IoCommand.CompareAndWrite command, IoStatus status, MemorySegment found) {
    long offset = command.offsetBytes();
    long length = command.data().byteSize();
    long difference = status == IoStatus.OK ? found.mismatch(command.expected()) : -1;
    IoStatus writable = owner.writable();
    if (status != IoStatus.OK) {
      request.finish(status);
    } else if (difference >= 0) {
      request.finishMiscompare(difference);
    } else if (writable != IoStatus.OK) {
      request.finish(writable);
    } else if (request.isCancelled()) {
      request.finish(IoStatus.CANCELLED);
    } else if (headAppliedBytes > 0) {
      request.finish(IoStatus.BUSY);
    } else if (!tryWrite(
        request, offset, command.data(), command.fua(), /* exclusiveHeld= */ true)) {
      // The compare is worth nothing later, so it does not wait for room.
      request.finish(headAppliedBytes == 0 ? IoStatus.BUSY : IoStatus.MEDIA_ERROR);
      headAppliedBytes = 0;
    }
    exclusive.release(offset, length).forEach(this::admit);
  }

  long lastLsn() {
    return lastLsn;
  }

  long lastTimeNanos() {
    return lastTimeNanos;
  }

  /** Payload bytes of completed writes. */
  long payloadBytes() {
    return payloadBytes;
  }

  /** Any thread. */
  int heldCount() {
    return heldCount;
  }

  long throttledNanos() {
    return throttledNanos;
  }
}
