package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blocktranslation.format.FormatException;
import dev.isthmus.blocktranslation.format.Frame;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.store.ByteRange;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.Rereads;
import dev.isthmus.blocktranslation.store.StoreException;
import dev.isthmus.blocktranslation.store.StoredObject;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gets frames from the bucket: neighbours with one ranged GET, and one GET for all who miss the
 * same frame at once. What arrives is checked before anybody sees it. A frame that fails its checks
 * is fetched again by itself, a few times, then taken from the log, if that still holds it; else it
 * is corrupt. Threading: confined to the volume's loop.
 */
final class FrameFetcher {

  private static final Logger LOG = LoggerFactory.getLogger(FrameFetcher.class);

  /** Most bytes of one GET that joins neighbours. */
  private static final int MAX_SPAN_BYTES = 1 << 20;

  /** Bytes nobody asked for that are read rather than making another request. */
  private static final int MAX_HOLE_BYTES = 32 << 10;

  /** GETs under way; more wait here, where a cancelled volume can drop them. */
  private static final int MAX_PARALLEL = 32;

  /** A host gives a command up after 30 s; better an answer before. */
  private static final long TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(20);

  /** Until a frame that is absent is fetched again; doubled each time. */
  private static final long REFETCH_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /** Hears of one frame. Called on the loop; the data is only good within the call. */
  interface Waiter {
    void frame(FrameRef ref, MemorySegment data);

    void failed(FrameRef ref, IoStatus status);
  }

  private final VolumeIdentity identity;
  private final ObjectStore store;
  private final EngineLoop loop;
  private final FrameCache cache;
  private final @Nullable RecentFrames recent;
  private final int volumeTag;
  private final Map<FrameRef, List<Waiter>> wanted = new HashMap<>();
  private final Deque<Span> queued = new ArrayDeque<>();
  private int underWay;
  private boolean closed;
  private long refetched;
  private long servedFromLog;

  /**
   * Fetches frames of one volume.
   *
   * @param recent second copies of damaged ones; null for a reader without the log
   */
  FrameFetcher(
      VolumeIdentity identity,
      ObjectStore store,
      EngineLoop loop,
      FrameCache cache,
      @Nullable RecentFrames recent) {
    this.identity = identity;
    this.store = store;
    this.loop = loop;
    this.cache = cache;
    this.recent = recent;
    this.volumeTag = Frame.volumeTag(identity.volume());
  }

  /** Neighbouring frames of one segment, in order, and how often they were fetched before. */
  private record Span(List<FrameRef> frames, RequestPurpose purpose, int fetches) {
    long segment() {
      return frames.getFirst().segment();
    }

    int offset() {
      return frames.getFirst().offset();
    }

    int lengthBytes() {
      return (int) (frames.getLast().endOffset() - offset());
    }
  }

  /**
   * Fetches frames that are not cached.
   *
   * @param waiter told of each frame once; null to only fill the cache
   */
  void fetch(Collection<FrameRef> refs, RequestPurpose purpose, @Nullable Waiter waiter) {
    if (closed) {
      if (waiter != null) {
        refs.forEach(ref -> waiter.failed(ref, IoStatus.UNAVAILABLE));
      }
      return;
    }
    var missing = new ArrayList<FrameRef>();
    for (FrameRef ref : refs) {
      List<Waiter> waiters = wanted.get(ref);
      if (waiters == null) {
        waiters = new ArrayList<>(1);
        wanted.put(ref, waiters);
        missing.add(ref);
      }
      if (waiter != null) {
        waiters.add(waiter);
      }
    }
    missing.sort(Comparator.comparingLong(FrameRef::segment).thenComparingInt(FrameRef::offset));
    var neighbours = new ArrayList<FrameRef>();
    for (FrameRef ref : missing) {
      if (!neighbours.isEmpty() && !joins(neighbours, ref)) {
        queued.add(new Span(List.copyOf(neighbours), purpose, 0));
        neighbours.clear();
      }
      neighbours.add(ref);
    }
    if (!neighbours.isEmpty()) {
      queued.add(new Span(List.copyOf(neighbours), purpose, 0));
    }
    startQueued();
  }

  /** Nobody waits any longer; what arrives later touches nobody's buffer. */
  void close() {
    closed = true;
    queued.clear();
    for (FrameRef ref : List.copyOf(wanted.keySet())) {
      takeWaiters(ref).forEach(waiter -> waiter.failed(ref, IoStatus.UNAVAILABLE));
    }
  }

  private static boolean joins(List<FrameRef> neighbours, FrameRef next) {
    FrameRef last = neighbours.getLast();
    return next.segment() == last.segment()
        && next.offset() - last.endOffset() <= MAX_HOLE_BYTES
        && next.endOffset() - neighbours.getFirst().offset() <= MAX_SPAN_BYTES;
  }

  private void startQueued() {
    while (underWay < MAX_PARALLEL && !queued.isEmpty()) {
      Span span = queued.remove();
      underWay++;
      Futures.then(
          loop,
          store.get(
              key(span.segment()),
              ByteRange.span(span.offset(), span.lengthBytes()),
              RequestOptions.of(span.purpose).withTimeoutNanos(TIMEOUT_NANOS)),
          (object, failure) -> arrived(span, object, failure));
    }
  }

  private String key(long segment) {
    return identity.keyPrefix() + Keys.segment(identity.volume(), segment);
  }

  private void arrived(Span span, @Nullable StoredObject object, @Nullable Throwable failure) {
    underWay--;
    if (closed) {
      return;
    }
    for (FrameRef ref : span.frames) {
      if (object != null) {
        deliver(span, ref, object.body());
      } else {
        fail(span, ref, java.util.Objects.requireNonNull(failure));
      }
    }
    startQueued();
  }

  private void deliver(Span span, FrameRef ref, MemorySegment body) {
    try {
      if (ref.source() != 0) {
        throw new FormatException("the map names source volume " + ref.source() + ", not known");
      }
      int at = ref.offset() - span.offset();
      if (at + ref.totalBytes() > body.byteSize()) {
        throw new FormatException("the segment ends before the frame does");
      }
      MemorySegment bytes = body.asSlice(at, ref.totalBytes());
      Frame frame = Frame.decode(bytes, volumeTag, ref.segment());
      if (frame.storedLength() != ref.storedLength()) {
        throw new FormatException("the frame has another length than the map says");
      }
      if (frame.sector() != ref.sector()) {
        throw new FormatException("the frame holds sector " + frame.sector());
      }
      give(ref, bytes.asSlice(Frame.HEADER_BYTES, frame.rawLength()));
    } catch (FormatException e) {
      damaged(span, ref, false, e.getMessage() == null ? "" : e.getMessage());
    }
  }

  private void give(FrameRef ref, MemorySegment data) {
    for (Waiter waiter : takeWaiters(ref)) {
      waiter.frame(ref, data);
    }
    cache.put(ref, data);
  }

  private void fail(Span span, FrameRef ref, Throwable failure) {
    Throwable cause = Futures.cause(failure);
    if (cause instanceof StoreException.NotFound
        || cause instanceof StoreException.OutOfRange
        || cause instanceof StoreException.Corrupt) {
      boolean absent = cause instanceof StoreException.NotFound;
      damaged(span, ref, absent, String.valueOf(cause.getMessage()));
    } else {
      LOG.warn("{}: a read from the bucket failed: {}", identity.where(), cause.getMessage());
      takeWaiters(ref).forEach(waiter -> waiter.failed(ref, IoStatus.UNAVAILABLE));
    }
  }

  private void damaged(Span span, FrameRef ref, boolean absent, String why) {
    if (span.fetches + 1 < Rereads.MOST) {
      refetched++;
      var again = new Span(List.of(ref), span.purpose, span.fetches + 1);
      if (absent) {
        // A copy that lags behind needs time, if it is that.
        loop.schedule(loop.jittered(REFETCH_NANOS << span.fetches), () -> queueAgain(again));
      } else {
        queued.add(again);
      }
      return;
    }
    MemorySegment copy = recent == null ? null : recent.read(ref);
    LOG.error(
        "{}: {}: object {} at offset {}, {} bytes, for sector {}: {}{}",
        identity.where(),
        copy == null ? "CORRUPT" : "damaged",
        key(ref.segment()),
        ref.offset(),
        ref.totalBytes(),
        ref.sector(),
        why,
        copy == null ? "" : "; the log still has the data: scrub with repair writes it anew");
    if (copy != null) {
      servedFromLog++;
      give(ref, copy);
      return;
    }
    takeWaiters(ref).forEach(waiter -> waiter.failed(ref, IoStatus.CORRUPT));
  }

  private void queueAgain(Span span) {
    if (!closed) {
      queued.add(span);
      startQueued();
    }
  }

  private List<Waiter> takeWaiters(FrameRef ref) {
    List<Waiter> waiters = wanted.remove(ref);
    return waiters == null ? List.of() : waiters;
  }

  /** Fetches of frames that arrived damaged, or not at all, once more. */
  long refetched() {
    return refetched;
  }

  /** Frames that are damaged in the bucket and were taken from the log. */
  long servedFromLog() {
    return servedFromLog;
  }
}
