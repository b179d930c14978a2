package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.DeviceInfo;
import dev.isthmus.blockdevice.DeviceListener;
import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoCompletion;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blockdevice.Positions;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blockdevice.support.InlineCalls;
import dev.isthmus.blocktranslation.format.SegmentEntry;
import dev.isthmus.blocktranslation.format.SegmentHeader;
import dev.isthmus.blocktranslation.map.BlockMap;
import dev.isthmus.blocktranslation.map.Extent;
import dev.isthmus.blocktranslation.map.IntervalMap;
import dev.isthmus.blocktranslation.map.PartInfo;
import dev.isthmus.blocktranslation.scrub.ScrubSettings;
import dev.isthmus.blocktranslation.scrub.VolumeScrub;
import dev.isthmus.blocktranslation.store.StoreStatistics;
import dev.isthmus.wal.LogException;
import dev.isthmus.wal.WriteAheadLog;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One open volume: its parts, wired, and the way of a command between them.
 *
 * <p>A command goes to the loop; a change through {@link WritePath} into the log and the dirty map,
 * a read through {@link ReadPath}, a flush through {@link Durability}. Beside them {@link
 * SegmentUploader} moves the backlog into the bucket and calls back here to commit: the map learns
 * of a segment before the dirty map forgets it. Threading: thread-safe; everything of the parts
 * happens on the loop.
 */
final class VolumeCore
    implements ObjectVolume,
        SegmentUploader.Owner,
        WritePath.Owner,
        Durability.Owner,
        TierChanger.Owner {

  private static final Logger LOG = LoggerFactory.getLogger(VolumeCore.class);

  /**
   * Commands in flight, beyond which they end {@code BUSY}: four of the deepest target queues, and
   * at 128 KiB each still less than 2 GiB of the callers' buffers.
   */
  private static final int MAX_IN_FLIGHT = 16_384;

  /** Most bytes of one read or write; NVMe's MDTS is set from it. */
  static final int MAX_TRANSFER_BYTES = 1 << 20;

  /**
   * How long a close waits for the bucket before it leaves the rest to the log: less than a service
   * manager waits for a daemon to stop.
   */
  private static final long CLOSE_UPLOAD_NANOS = TimeUnit.SECONDS.toNanos(20);

  /** Longest that who asks for figures waits for a loop; then they get those of the last time. */
  private static final long STATISTICS_WAIT_MILLIS = 2_000;

  private final VolumeParts parts;
  private final VolumeIdentity identity;
  private final EngineLoop loop;
  private final WriteAheadLog log;
  private final BlockMap map;
  private final VolumeState state;
  private final OpenOutcome outcome;
  private final Runnable onClosed;
  private final IntervalMap<DirtyRange> dirty;
  private final Backlog backlog;
  private final Durability durability;
  private final FrameCache cache;
  private final RecentFrames recent;
  private final ReadPath reads;
  private final WritePath writes;
  private final SegmentUploader uploader;
  private final LogDrain drain;
  private final OwnedManifest manifest;
  private final Checkpointer checkpointer;
  private final ScrubDesk scrubs;
  private final RpoWatch rpo;
  private final TierChanger tierChanger;
  private final AtomicInteger inFlight = new AtomicInteger();
  private final Object closeLock = new Object();
  private volatile DeviceInfo info;
  private volatile Tiers tiers;
  private ChainPosition position;
  private boolean trimming;
  private long segmentsUploaded;
  private long segmentBytesUploaded;
  private volatile boolean closing;
  private volatile VolumeStatistics lastStatistics = EMPTY;
  private boolean closed;
  private final CompletableFuture<Void> ended = new CompletableFuture<>();

  private static final VolumeStatistics EMPTY =
      new VolumeStatistics(
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          false,
          0,
          0,
          StoredBytes.NONE,
          ReadIntegrity.NONE);

  /**
   * On the loop.
   *
   * @param onClosed run when the volume has let go of everything
   */
  VolumeCore(VolumeParts parts, OpenOutcome outcome, Runnable onClosed) {
    this.parts = parts;
    this.identity = parts.identity();
    this.loop = parts.loop();
    this.log = parts.log();
    this.map = parts.map();
    this.outcome = outcome;
    this.onClosed = onClosed;
    this.position = parts.position();
    this.dirty = parts.dirty();
    this.backlog = parts.backlog();
    this.tiers = parts.manifest().manifest().tiers();
    this.rpo = new RpoWatch(loop, backlog, tiers.rpo(), this::rpoChanged);
    this.state = new VolumeState(identity.where(), rpo::words);
    ObjectVolumeSettings settings = parts.settings();
    this.info = info(tiers.needFlushes());
    this.durability = new Durability(log, loop, log.durableLsn(), position.lastLsn(), this);
    this.cache = new FrameCache(settings.cacheBytes());
    this.recent = new RecentFrames(log);
    this.reads =
        new ReadPath(
            identity,
            dirty,
            map,
            log,
            cache,
            new FrameFetcher(identity, parts.store(), loop, cache, recent),
            settings.cacheBytes());
    this.writes =
        new WritePath(
            log,
            loop,
            dirty,
            backlog,
            durability,
            reads,
            rpo,
            parts.sizes().backlogLimitBytes(),
            Math.min(MAX_TRANSFER_BYTES, identity.sizeBytes()),
            Math.max(position.lastTimeNanos(), backlog.newestTimeNanos()),
            this);
    this.uploader =
        new SegmentUploader(
            identity,
            parts.store(),
            log,
            loop,
            backlog,
            durability,
            parts.sizes().segmentBytes(),
            settings.sealAfter(),
            position.nextSequence(),
            this);
    this.drain = new LogDrain(identity.where(), loop, backlog, durability, uploader);
    this.manifest = new OwnedManifest(loop, parts.manifests(), parts.manifest(), this::fenced);
    this.checkpointer =
        new Checkpointer(
            identity,
            parts.store(),
            loop,
            manifest,
            parts.nonces(),
            map,
            parts.base(),
            parts.baseBytes(),
            parts.doomed(),
            parts.segmentsReplayed(),
            parts.sizes().segmentsBetweenCheckpoints());
    this.tierChanger =
        new TierChanger(
            identity.where(), loop, durability, uploader, manifest, parts.nonces(), this);
    this.scrubs =
        new ScrubDesk(
            identity,
            parts.name(),
            parts.store(),
            () ->
                Futures.await(
                    loop, identity.where(), Futures.onLoop(loop, _ -> position.sequence())),
            new ScrubCopies(
                loop, cache, recent, map, dirty, writes, durability, () -> closing, ended),
            ScrubDesk.host(loop, ended),
            parts.scrubs());
    uploader.keepTo(tiers.rpo());
    rpo.look();
    // Each open begins a roll file: many in a row without a write would fill the log.
    trim();
  }

  private DeviceInfo info(boolean volatileWriteCache) {
    return new DeviceInfo(
        identity.device(),
        parts.name(),
        identity.sizeBytes(),
        identity.blockSizeBytes(),
        MAX_TRANSFER_BYTES,
        4096,
        false,
        volatileWriteCache,
        true,
        true);
  }

  @Override
  public DeviceInfo info() {
    return info;
  }

  @Override
  public OpenOutcome openOutcome() {
    return outcome;
  }

  @Override
  public Positions positions() {
    return new Positions(log.appendedLsn(), durability.durableLsn(), durability.uploadedLsn());
  }

  @Override
  public DeviceState state() {
    return state.current();
  }

  @Override
  public void addListener(DeviceListener listener) {
    state.addListener(listener);
  }

  @Override
  public void removeListener(DeviceListener listener) {
    state.removeListener(listener);
  }

  @Override
  public VolumeSummary summary() {
    return parts.summaries().apply(manifest.current());
  }

  @Override
  public void submit(IoCommand command, IoCompletion completion) {
    Objects.requireNonNull(completion);
    IoStatus refused = info.check(command);
    if (refused == IoStatus.OK) {
      refused = enter();
    }
    if (refused == IoStatus.OK) {
      loop.execute(new Request(this, command, completion, loop.nanoTime()));
    } else {
      InlineCalls.complete(completion, refused);
    }
  }

  private IoStatus enter() {
    if (inFlight.incrementAndGet() > MAX_IN_FLIGHT) {
      inFlight.decrementAndGet();
      return IoStatus.BUSY;
    }
    if (closing) {
      inFlight.decrementAndGet();
      return IoStatus.CLOSED;
    }
    return IoStatus.OK;
  }

  /** On the loop. */
  void handle(Request request) {
    if (request.isCancelled()) {
      request.finish(IoStatus.CANCELLED);
      return;
    }
    if (state.kind() == DeviceState.Kind.CLOSED) {
      request.finish(IoStatus.CLOSED);
      return;
    }
    switch (request.command()) {
      case IoCommand.Read r -> reads.read(r.offsetBytes(), r.buffer(), request::finish);
      case IoCommand.Flush f -> flush(request);
      case IoCommand.Write w -> writes.admit(request);
      case IoCommand.WriteZeroes z -> writes.admit(request);
      case IoCommand.Discard d -> writes.admit(request);
      case IoCommand.CompareAndWrite c -> writes.admit(request);
    }
  }

  private void flush(Request request) {
    IoStatus writable = state.writable();
    if (writable != IoStatus.OK) {
      request.finish(writable);
    } else if (tiers.flush() == Tier.UPLOADED) {
      durability.awaitUploaded(writes.lastLsn(), request);
      uploader.poke();
    } else {
      durability.awaitLocal(writes.lastLsn(), request);
    }
  }

  void requestEnded(Request request) {
    inFlight.decrementAndGet();
  }

  // WritePath.Owner

  @Override
  public IoStatus writable() {
    return state.writable();
  }

  @Override
  public void appended() {
    uploader.poke();
    rpo.appended();
  }

  @Override
  public void stalled(String why) {
    state.stalled(this, why);
  }

  // Durability.Owner

  @Override
  public void bucketAwaited(String why) {
    state.bucketAwaited(this, flushesNeedBucket() ? why : "");
  }

  private boolean flushesNeedBucket() {
    return tiers.flush() == Tier.UPLOADED || drain.hasBegun();
  }

  private void rpoChanged() {
    state.lagging(this, rpo.isExceeded());
  }

  // TierChanger.Owner

  @Override
  public Tiers tiers() {
    return tiers;
  }

  @Override
  public void keepTo(Tiers newTiers) {
    tiers = newTiers;
    uploader.keepTo(newTiers.rpo());
    rpo.set(newTiers.rpo());
    writes.roomChanged();
    if (!flushesNeedBucket()) {
      state.bucketAwaited(this, "");
    }
  }

  @Override
  public boolean isCacheAnnounced() {
    return info.volatileWriteCache();
  }

  @Override
  public void announceCache(boolean isVolatile) {
    if (isVolatile != info.volatileWriteCache()) {
      info = info(isVolatile);
      state.tellListeners(this);
    }
  }

  @Override
  public long lastLsn() {
    return writes.lastLsn();
  }

  @Override
  public CompletableFuture<Tiers> setTiers(TierChange change, BooleanSupplier hostsConnected) {
    var result = new CompletableFuture<Tiers>();
    loop.execute(() -> tierChanger.change(change, hostsConnected, result));
    // After the end of the loop nothing that was handed in runs.
    var _ =
        ended.thenRun(() ->
            result.completeExceptionally(
                new DeviceException.Unavailable(identity.where() + " is closed")));
    return result;
  }

  @Override
  public void logFailed(LogException failure) {
    if (drain.begin(failure, writes.lastLsn())) {
      LOG.error("{}: the log failed", identity.where(), failure);
      state.logFailed(this, drain.reason());
      writes.logFailed();
      durability.logFailed();
    }
  }

  // SegmentUploader.Owner

  @Override
  public boolean canCommit() {
    return !map.congested();
  }

  @Override
  public void commit(
      SegmentHeader header, List<SegmentEntry> entries, List<BacklogRecord> records) {
    map.put(
        header.sequence(),
        header.epoch(),
        Math.toIntExact(header.totalLength()),
        extents(header.sequence(), entries));
    for (BacklogRecord record : records) {
      dirty.removeIf(
          record.sector(), record.sectorCount(), range -> range.lsn() <= header.lastLsn());
    }
    recent.committed(header.sequence(), entries, records);
    position = position.after(header);
    segmentsUploaded++;
    segmentBytesUploaded += header.totalLength();
    long before = backlog.bytes();
    backlog.committed(records, uploader.oldestUncommitted());
    durability.uploaded(header.lastLsn());
    rpo.look();
    checkpointer.committed(position);
    trim();
    writes.committed(before - backlog.bytes());
    if (drain.hasBegun()) {
      state.logFailed(this, drain.reason());
    }
  }

  /** The changes of a segment as the map takes them. */
  static List<Extent> extents(long sequence, List<SegmentEntry> entries) {
    var extents = new ArrayList<Extent>(entries.size());
    for (SegmentEntry entry : entries) {
      switch (entry.operation()) {
        case SegmentEntry.WRITE ->
            extents.add(
                Extent.data(
                    entry.sector(),
                    Math.toIntExact(entry.sectorCount()),
                    sequence,
                    entry.frameOffset(),
                    entry.storedLength()));
        case SegmentEntry.ZEROES, SegmentEntry.DISCARD ->
            extents.add(Extent.zeroes(entry.sector(), entry.sectorCount()));
        default -> {
          // Marks say nothing of where data lies.
        }
      }
    }
    return extents;
  }

  private void trim() {
    if (trimming || drain.hasBegun()) {
      return;
    }
    trimming = true;
    long through = position.lastLsn();
    loop.blocking()
        .execute(() -> {
          try {
            log.trim(through);
          } catch (LogException e) {
            // A file that can't be deleted only takes space; a failed force ends the log.
            if (log.hasFailed()) {
              loop.execute(() -> logFailed(e));
            } else {
              LOG.warn("{}: the log can't be trimmed: {}", identity.where(), e.getMessage());
            }
          }
          loop.execute(() -> {
            trimming = false;
            if (position.lastLsn() > through) {
              // Committed meanwhile, perhaps as the last for long.
              trim();
            }
            writes.roomChanged();
          });
        });
  }

  @Override
  public void fenced(String why) {
    state.fenced(this, fenceWords(why));
    // A slot that is taken says that somebody did it; the manifest says who, or that it was a
    // deletion. If it can't be read now, that must do.
    Futures.then(
        loop,
        parts.manifests().whyFenced(manifest.current()),
        (found, failure) -> {
          if (found != null) {
            found.ifPresent(
                known -> state.explainFence(this, fenceWords(String.valueOf(known.getMessage()))));
          }
        });
    uploader.stop();
    writes.refuseHeld(IoStatus.FENCED);
    durability.failAll(IoStatus.FENCED);
  }

  private String fenceWords(String why) {
    return why
        + "; this gateway no longer owns the volume: it serves reads only, and what was written"
        + " here after LSN "
        + position.lastLsn()
        + " is kept in the local log but is not part of the volume";
  }

  @Override
  public void backlogLost(long lsn, String why) {
    state.failed(
        this,
        "%s: LSN %d to %d can't be brought to the bucket, which keeps everything before"
            .formatted(why, lsn, writes.lastLsn()));
    writes.refuseHeld(IoStatus.MEDIA_ERROR);
    durability.failFrom(lsn, IoStatus.MEDIA_ERROR);
  }

  @Override
  public void uploadTrouble(@Nullable String why) {
    state.uploadTrouble(this, why == null ? "" : why);
  }

  /** The map's background work; wired by the opener. */
  void partsDropped(List<PartInfo> dropped) {
    checkpointer.partsDropped(dropped);
  }

  /** A part of it in the bucket can't be used. */
  void mapDamaged(String why) {
    state.mapDamaged(this, why);
  }

  /** The map may take segments again. */
  void mapWorkDone() {
    uploader.commitReady();
  }

  /** A task of the loop failed in a way that nobody foresaw. On the loop. */
  void defect(Throwable defect) {
    LOG.error("{}: a defect in the volume", identity.where(), defect);
    state.failed(this, "internal error: " + defect);
    // What is in memory is no longer trusted: nothing more of it goes to the bucket. Log and bucket
    // have all, and the next open puts it together again.
    uploader.stop();
    writes.refuseHeld(IoStatus.INTERNAL);
    durability.failAll(IoStatus.INTERNAL);
  }

  @Override
  public VolumeStatistics statistics() {
    if (closing) {
      return lastStatistics;
    }
    // A close that comes between ends the loop, and with it what was handed in. A loop that hangs,
    // with its log's disk, must not hang those who ask for all volumes.
    loop.await(
        CompletableFuture.anyOf(Futures.onLoop(loop, _ -> collect()), ended)
            .completeOnTimeout(null, STATISTICS_WAIT_MILLIS, TimeUnit.MILLISECONDS));
    return lastStatistics;
  }

  @Override
  public StoreStatistics storeStatistics() {
    return parts.store().statistics();
  }

  @Override
  public VolumeScrub startScrub(ScrubSettings settings) {
    return scrubs.start(settings);
  }

  @Override
  public @Nullable VolumeScrub scrub() {
    return scrubs.latest();
  }

  @Override
  public boolean isLogFailed() {
    return drain.hasBegun();
  }

  @Override
  public CompletableFuture<Void> drain(Duration limit) {
    var done =
        Futures.onLoop(loop, _ -> writes.lastLsn())
            .thenComposeAsync(lsn -> drain.through(lsn, limit.toNanos()), loop);
    return Futures.deviceFailures(
        identity.where(),
        CompletableFuture.anyOf(done, ended)
            .thenCompose(
                _ -> done.isDone() ? done : CompletableFuture.failedFuture(closedTooEarly())));
  }

  private DeviceException closedTooEarly() {
    return new DeviceException.Unavailable(
        identity.where() + " was closed before everything was known to be in the bucket");
  }

  private VolumeStatistics collect() {
    long oldest = backlog.oldestNanos();
    lastStatistics =
        new VolumeStatistics(
            log.sizeBytes(),
            log.capacityBytes(),
            backlog.bytes(),
            oldest == Long.MAX_VALUE ? 0 : Math.max(0, loop.nanoTime() - oldest),
            dirty.size(),
            writes.heldCount(),
            writes.throttledNanos(),
            segmentsUploaded,
            segmentBytesUploaded,
            writes.payloadBytes(),
            cache.weightBytes(),
            cache.hits(),
            cache.misses(),
            map.statistics().memoryBytes(),
            map.statistics().runs(),
            map.statistics().damagedRuns(),
            map.statistics().bytesWritten() + checkpointer.bytesWritten(),
            rpo.isExceeded(),
            rpo.exceededNanos(),
            rpo.exceededForNanos(),
            checkpointer.stored(),
            reads.integrity());
    return lastStatistics;
  }

  @Override
  public void close() {
    synchronized (closeLock) {
      if (closed) {
        return;
      }
      closed = true;
      if (!closing) {
        Futures.await(loop, identity.where(), Futures.onLoop(loop, _ -> collect()));
      }
      closing = true;
      scrubs.close();
      try {
        new VolumeCloser(loop, identity.where(), CLOSE_UPLOAD_NANOS).close(this);
      } finally {
        try {
          Futures.await(loop, identity.where(), Futures.onLoop(loop, _ -> release()));
        } finally {
          loop.shutdown();
          ended.complete(null);
          onClosed.run();
        }
      }
    }
  }

  private boolean release() {
    try {
      collect();
      stop();
      map.close();
      cache.clear();
    } finally {
      try {
        log.close();
      } finally {
        state.closed(this);
      }
    }
    return true;
  }

  // What VolumeCloser needs.

  int inFlight() {
    return inFlight.get();
  }

  void refuseHeld() {
    writes.refuseHeld(IoStatus.CLOSED);
  }

  /** Ends every command that still waits for the log or the bucket. */
  void giveUp() {
    tierChanger.close();
    writes.refuseHeld(IoStatus.CLOSED);
    durability.close();
    reads.close();
  }

  /** The log is about to be closed: nothing reads it or asks it for room any more. */
  void stop() {
    uploader.stop();
    giveUp();
    writes.close();
    rpo.close();
  }

  SegmentUploader uploader() {
    return uploader;
  }

  Checkpointer checkpointer() {
    return checkpointer;
  }

  WriteAheadLog log() {
    return log;
  }

  ChainPosition position() {
    return position;
  }

  /** Everything is in the bucket, and its manifest says so. Blocks. */
  void noteClosed() {
    parts.noteClosed().run();
  }

  ScrubDesk scrubs() {
    return scrubs;
  }

  FrameCache cache() {
    return cache;
  }

  /** What closing must not pass over in silence, whatever the bucket still takes; or null. */
  @Nullable DeviceException lost() {
    DeviceState now = state.current();
    return switch (now.kind()) {
      case FENCED -> new DeviceException.Fenced(identity.where() + ": " + now.reason());
      case FAILED -> new DeviceException.Unavailable(identity.where() + ": " + now.reason());
      default -> null;
    };
  }

  /** What it must not pass over unless everything is in the bucket, or null. */
  @Nullable DeviceException lostLog() {
    return drain.hasBegun()
        ? new DeviceException.Unavailable(identity.where() + ": " + drain.reason())
        : null;
  }
}
