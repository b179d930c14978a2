package dev.isthmus.blocktranslation.map;

import dev.isthmus.blockdevice.DeviceException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Where each sector of a volume lies: a memtable of recent changes over immutable sorted runs in
 * the bucket, which are merged in the background.
 *
 * <h2>Use</h2>
 *
 * The engine calls {@link #put} for each segment as it commits, in order. When the memtable is over
 * its limit it is frozen by itself, always between two segments, and written out as a run. For a
 * checkpoint after segment n the engine calls {@link #freeze()} right after {@code put} of n; the
 * future completes with what the checkpoint names, and later segments are not in it. While {@link
 * #congested()} the engine commits no further segment.
 *
 * <p>Threading: confined to the engine thread, which {@code engineThread} posts to; no method
 * blocks. Futures and handlers complete on the engine thread, possibly before the call returns.
 * Writing out and merging run on {@code background} in short stretches that never block either; a
 * direct executor makes everything deterministic.
 */
public final class BlockMap implements AutoCloseable {

  /**
   * What a map needs of its surroundings.
   *
   * @param volume the volume's UUID, written to each part
   * @param epoch of this owner, for the names of new parts
   * @param engineThread posts to the thread that the map is confined to, in order; thread-safe, and
   *     refuses nothing while the map is open
   * @param background runs the map's own work: building runs, at most three at once, in stretches
   *     that end where a read or PUT is not done yet; may be direct; refuses nothing while open
   * @param pages reads parts
   * @param parts stores parts
   * @param nonces random numbers for names; called on {@code background}
   * @param listener hears of background work
   */
  public record Environment(
      UUID volume,
      long epoch,
      Executor engineThread,
      Executor background,
      PageSource pages,
      PartStore parts,
      LongSupplier nonces,
      MapListener listener) {}

  /** Most sectors of one look-up: bounds what it collects. */
  public static final int MAX_LOOKUP_SECTORS = 65_536;

  /** A checkpoint that waits for a memtable. */
  private record Waiter(long throughSequence, CompletableFuture<MapDescription> future) {}

  /** A memtable that nothing is put into any more. */
  private static final class Frozen {
    final IntervalMap<Extent> table;
    final List<Waiter> waiters = new ArrayList<>();

    Frozen(IntervalMap<Extent> table) {
      this.table = table;
    }
  }

  private final MapSettings settings;
  private final Environment environment;
  private final PartCache cache;
  private final PartLoads loads;
  private final SegmentTable segments = new SegmentTable();
  private final RunMerger merger;
  private final Set<Lookup> lookups = Collections.newSetFromMap(new IdentityHashMap<>());

  private IntervalMap<Extent> active = new IntervalMap<>();

  /** Oldest first. */
  private final ArrayDeque<Frozen> frozen = new ArrayDeque<>();

  private long throughSequence;
  private @Nullable RunBuild flush;
  private boolean flushFailed;
  private boolean closed;

  private long lookupCount;
  long pageHits;
  long filterSkips;

  private BlockMap(List<RunInfo> runs, MapSettings settings, Environment environment) {
    this.settings = settings;
    this.environment = environment;
    this.cache = new PartCache(settings.cacheBytes());
    this.loads = new PartLoads(environment.pages(), environment.engineThread(), cache);
    this.merger =
        new RunMerger(runs, settings, environment, cache, segments, () -> frozen.isEmpty());
  }

  /**
   * A map as a checkpoint describes it; {@link MapDescription#EMPTY} for a new volume. Reads
   * nothing, unless it is {@link #congested()} and must merge first: indexes come with the first
   * look-ups. Segments after the checkpoint are then {@link #put}.
   *
   * @throws DeviceException.Corrupt if the description contradicts itself
   */
  public static BlockMap restore(
      MapDescription description, MapSettings settings, Environment environment) {
    description.requireConsistent();
    var map = new BlockMap(description.runs(), settings, environment);
    map.throughSequence = description.throughSequence();
    for (SegmentUsage segment : description.segments()) {
      map.segments.add(segment);
    }
    if (map.congested()) {
      // Nothing is put before this ends, so nothing that is put would begin it.
      map.schedule();
    }
    return map;
  }

  /**
   * Applies one committed segment. O(extents); a discard of the whole disk is one extent.
   *
   * @param sequence above that of every segment put before
   * @param epoch of the segment's writer, at least 1
   * @param totalLengthBytes of the segment
   * @param extents its writes, zeroes and discards in LSN order: a later one wins. Data extents
   *     name this segment. What a shrinking resize cuts off comes as zeroes
   * @throws IllegalArgumentException if the arguments break these rules; nothing is applied
   */
  public void put(long sequence, long epoch, int totalLengthBytes, List<Extent> extents) {
    requireOpen();
    if (sequence <= throughSequence) {
      throw new IllegalArgumentException(
          "segment " + sequence + " comes after segment " + throughSequence);
    }
    long dataSectors = 0;
    for (Extent extent : extents) {
      if (!extent.isZeroes()) {
        if (extent.segment() != sequence || extent.source() != 0) {
          throw new IllegalArgumentException(extent + " is not of segment " + sequence);
        }
        dataSectors += extent.sectorCount();
      }
    }
    var usage =
        new SegmentUsage(
            sequence, epoch, dataSectors, totalLengthBytes, Math.toIntExact(dataSectors));
    String flaw = usage.flaw();
    if (flaw != null) {
      throw new IllegalArgumentException(flaw);
    }
    segments.add(usage);
    throughSequence = sequence;
    for (Extent extent : extents) {
      active.put(extent, this::displaced);
    }
    if (active.size() >= settings.memtableEntries()) {
      freezeActive();
      schedule();
    }
  }

  private void displaced(Extent old) {
    if (!old.isZeroes() && old.source() == 0) {
      segments.release(old.segment(), old.sectorCount());
    }
  }

  /**
   * Finds out where a range lies, as of this moment: what is put while the look-up waits for a page
   * does not change its answer.
   *
   * @param sector first sector
   * @param sectorCount at least 1; at most {@link #MAX_LOOKUP_SECTORS} (32 MiB)
   * @param handler hears the pieces
   * @return whether all was in memory, so that the handler was called before this returned
   */
  public boolean lookup(long sector, long sectorCount, LookupHandler handler) {
    requireOpen();
    if (sector < 0
        || sectorCount < 1
        || sectorCount > MAX_LOOKUP_SECTORS
        || sector > Extent.MAX_END_SECTOR - sectorCount) {
      throw new IllegalArgumentException(sectorCount + " sectors at sector " + sector);
    }
    lookupCount++;
    var lookup = new Lookup(sector, sector + sectorCount, handler, merger.runs(), loads, this);
    lookup.ask(active);
    for (var newest = frozen.descendingIterator(); newest.hasNext(); ) {
      lookup.ask(newest.next().table);
    }
    if (lookup.start()) {
      return true;
    }
    lookups.add(lookup);
    return false;
  }

  void lookupEnded(Lookup lookup) {
    if (!lookups.isEmpty()) {
      lookups.remove(lookup);
    }
  }

  /**
   * Freezes the memtable, for a checkpoint after the segment put last.
   *
   * <p>The checkpoint dooms what {@link MapListener#partsDropped} told and the description does not
   * name, and {@link MapDescription#emptySegments()} if it leaves those out. What is dropped after
   * this completed waits for the next checkpoint: this one still names it.
   *
   * @return completes on the engine thread once everything put so far is stored in the bucket. It
   *     does not fail while work can be retried; {@link #close()} cancels it
   */
  public CompletableFuture<MapDescription> freeze() {
    requireOpen();
    freezeActive();
    Frozen newest = frozen.peekLast();
    if (newest == null) {
      return CompletableFuture.completedFuture(describe(throughSequence));
    }
    var future = new CompletableFuture<MapDescription>();
    newest.waiters.add(new Waiter(throughSequence, future));
    schedule();
    return future;
  }

  private void freezeActive() {
    if (!active.isEmpty()) {
      frozen.addLast(new Frozen(active));
      active = new IntervalMap<>();
    }
  }

  /**
   * Runs and segment table of this one moment. Later segments are in memtables only, so leaving
   * their rows out makes it the map after {@code through}; and what merges released is released in
   * both or in neither, so that a restored map never releases it twice.
   */
  private MapDescription describe(long through) {
    var infos = new ArrayList<RunInfo>();
    for (Run run : merger.runs()) {
      infos.add(run.info());
    }
    return new MapDescription(through, infos, segments.list(through));
  }

  /**
   * Whether writing out or merging lags so far that the engine should commit no further segment. It
   * turns false with work done, of which {@link MapListener#workDone} tells; never again only where
   * about {@link MapSettings#MAX_RUNS} / 2 runs are damaged.
   */
  public boolean congested() {
    return frozen.size() >= settings.maxFrozen() || merger.isCrowded();
  }

  /** Starts again what {@link MapListener#workFailed} reported. */
  public void retryWork() {
    flushFailed = false;
    merger.retry();
    schedule();
  }

  /**
   * Merges everything put so far into one run, in the background, after what is under way; where
   * runs are damaged, into one between each two of them.
   *
   * @return completes on the engine thread; {@link #close()} cancels it
   */
  public CompletableFuture<Void> mergeAll() {
    requireOpen();
    freezeActive();
    CompletableFuture<Void> future = merger.mergeAll();
    schedule();
    return future;
  }

  /** Starts what is to be done and not under way. Work may end before this returns. */
  private void schedule() {
    Frozen oldest = frozen.peekFirst();
    if (!closed && oldest != null && flush == null && !flushFailed) {
      startFlush(oldest);
    }
    merger.schedule();
  }

  private void startFlush(Frozen oldest) {
    var source = new TableSource(oldest.table, merger.runs().length == 0);
    flush =
        new RunBuild(
            source,
            oldest.table.size(),
            settings.partPages(),
            environment,
            RunBuild.Completion.on(
                environment.engineThread(), () -> closed, this::flushed, this::flushFailed));
    flush.start();
  }

  private void flushed(RunBuild build) {
    flush = null;
    Frozen written = frozen.removeFirst();
    merger.add(build.parts());
    // All before any is told: who hears of one may put, and so change what the next would say.
    var descriptions =
        written.waiters.stream().map(waiter -> describe(waiter.throughSequence())).toList();
    for (int i = 0; i < descriptions.size(); i++) {
      written.waiters.get(i).future().complete(descriptions.get(i));
    }
    environment.listener().workDone();
    schedule();
  }

  private void flushFailed(RunBuild build, DeviceException failure) {
    flush = null;
    flushFailed = true;
    build.tellDropped();
    environment.listener().workFailed(failure);
  }

  /** Live sectors by segment. */
  public SegmentTable segments() {
    return segments;
  }

  /** The last segment put, 0 if none. */
  public long throughSequence() {
    return throughSequence;
  }

  /** Levels and counters. */
  public MapStatistics statistics() {
    long entries = active.size();
    for (Frozen waiting : frozen) {
      entries += waiting.table.size();
    }
    long runEntries = 0;
    long runBytes = 0;
    for (Run run : merger.runs()) {
      runEntries += run.entryCount;
      runBytes += run.totalLengthBytes;
    }
    return new MapStatistics(
        entries * MapSettings.MEMTABLE_ENTRY_BYTES + cache.heapBytes(),
        active.size(),
        frozen.size(),
        merger.runs().length,
        merger.damagedRuns(),
        runEntries,
        runBytes,
        lookupCount,
        pageHits,
        loads.pageLoads,
        loads.indexLoads,
        filterSkips,
        merger.bytesWritten(),
        merger.entriesWritten(),
        merger.mergesDone());
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the map is closed");
    }
  }

  /**
   * Stops: look-ups under way fail {@code Unavailable}, freezes are cancelled, background work ends
   * at its next step. What was not written out is in the segments. Idempotent.
   */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (flush != null) {
      flush.cancel();
    }
    merger.close();
    for (Lookup lookup : List.copyOf(lookups)) {
      lookup.fail(new DeviceException.Unavailable("the volume is being closed"));
    }
    for (Frozen waiting : frozen) {
      waiting.waiters.forEach(waiter -> waiter.future().cancel(false));
    }
  }
}
