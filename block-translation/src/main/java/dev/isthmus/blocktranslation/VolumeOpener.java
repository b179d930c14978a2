package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.format.SegmentHeader;
import dev.isthmus.blocktranslation.map.BlockMap;
import dev.isthmus.blocktranslation.map.IntervalMap;
import dev.isthmus.blocktranslation.scrub.ScrubQueue;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreException;
import dev.isthmus.wal.LogEpoch;
import dev.isthmus.wal.LogException;
import dev.isthmus.wal.LogRecord;
import dev.isthmus.wal.RecoveredLog;
import dev.isthmus.wal.WriteAheadLog;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens a volume: the steps of docs/adr/0003-ownership.md, in their order. Threading: confined to
 * the caller of {@link #open}; blocks.
 */
final class VolumeOpener {

  private static final Logger LOG = LoggerFactory.getLogger(VolumeOpener.class);

  /** How often a manifest that its owner changes under our hands is read anew. */
  private static final int MAX_TRIES = 8;

  private final String name;
  private final String where;
  private final String keyPrefix;
  private final FencingStore store;
  private final ObjectVolumeSettings settings;
  private final EngineSizes sizes;
  private final LogHome logs;
  private final EngineLoop loop;
  private final Nonces nonces;
  private final ScrubQueue scrubs;
  private final FencingGate gate;
  private final ManifestStore manifests;
  private final Function<Manifest, VolumeSummary> summaries;
  private final Runnable onClosed;
  private OpenTimes times;

  /**
   * @param where the volume, for messages
   * @param keyPrefix of its objects, ending in a slash
   * @param logs where this host keeps logs
   * @param loop of the volume; it ends with it
   * @param gate decides what keeps owners apart
   * @param scrubs where scrubs of all volumes of the process wait for their turn
   * @param summaries tells of a manifest what people want to know
   * @param onClosed run when the volume has let go of everything
   */
  VolumeOpener(
      String name,
      String where,
      String keyPrefix,
      ObjectStore store,
      ObjectVolumeSettings settings,
      EngineSizes sizes,
      LogHome logs,
      EngineLoop loop,
      Nonces nonces,
      FencingGate gate,
      ScrubQueue scrubs,
      Function<Manifest, VolumeSummary> summaries,
      Runnable onClosed) {
    this.name = name;
    this.where = where;
    this.keyPrefix = keyPrefix;
    this.store = new FencingStore(store, Fencing.CONDITIONAL);
    this.settings = settings;
    this.sizes = sizes;
    this.logs = logs;
    this.loop = loop;
    this.nonces = nonces;
    this.gate = gate;
    this.scrubs = scrubs;
    this.manifests = new ManifestStore(this.store, keyPrefix, where);
    this.summaries = summaries;
    this.onClosed = onClosed;
    this.times = new OpenTimes(loop);
  }

  /** Opens the volume. */
  VolumeCore open(Takeover takeover) {
    return open(takeover, null);
  }

  /**
   * Opens the volume without anybody's word.
   *
   * @param expected its UUID; null if it is not known
   */
  VolumeCore openUnattended(@Nullable UUID expected) {
    return open(Takeover.UNATTENDED, expected);
  }

  private VolumeCore open(Takeover takeover, @Nullable UUID expected) {
    for (int i = 0; i < MAX_TRIES; i++) {
      VolumeCore volume = tryOpen(takeover, expected);
      if (volume != null) {
        return volume;
      }
    }
    throw new DeviceException.Unavailable(
        where + ": its owner changes the manifest too fast to be followed; try again");
  }

  private @Nullable VolumeCore tryOpen(Takeover takeover, @Nullable UUID expected) {
    times = new OpenTimes(loop);
    ManifestStore.Stored stored = readManifest();
    Manifest manifest = stored.manifest();
    if (expected != null && !expected.equals(manifest.volume())) {
      throw new DeviceException.Fenced(
          where
              + " is another volume now ("
              + manifest.volume()
              + "): the one that this gateway had ("
              + expected
              + ") was deleted. It is not opened by itself",
          new OperatorNeededException(""));
    }
    Fencing fencing = decideFencing(manifest);
    BucketView bucket =
        BucketView.read(store, loop, keyPrefix, where, manifest, RequestPurpose.OPEN);
    bucket.readOn(manifest.epoch());
    checkFloor(manifest, bucket.position());
    times.ended("bucket read");
    Path directory = settings.directory().resolve(manifest.volume().toString());
    try (LocalLog local = LocalLog.find(logs, directory, sizes.log(), manifest, where)) {
      times.ended("log checked");
      LocalLog.Verdict verdict = local.judge(bucket.position(), takeover, loop.wallNanos());
      long epoch = Math.max(manifest.epoch(), local.newestEpoch()) + 1;
      UUID writer = nonces.nextUuid();
      LocalLog.Ready ready = local.ready(verdict, nonces.nextUuid());
      times.ended("log replayed");
      Manifest next =
          manifest
              .withFencing(fencing)
              .opened(nonces.nextHex128(), writer, epoch, ready.logId(), verdict.rollback());
      WriteAheadLog log;
      try {
        log = beginTerm(local, ready, next, bucket.position().lastLsn());
      } catch (RuntimeException e) {
        local.discard(ready);
        throw e;
      }
      times.ended("term begun");
      try {
        ManifestStore.Attempt attempt =
            Futures.await(loop, where, manifests.tryReplace(stored, next));
        if (!attempt.took()) {
          // Replaced by somebody: with the ETag gone no late try of ours can name the log either.
          log.close();
          Manifest now = attempt.found().manifest();
          if (!now.log().equals(ready.logId())) {
            local.discard(ready);
          }
          // A log of this host: an earlier try of ours, given up, has arrived late.
          if (!ManifestStore.sameOwner(now, manifest) && !local.isOnThisHost(now)) {
            throw manifests.fenced(now, manifest);
          }
          return null;
        }
        takeChain(bucket, next, log.appendedLsn());
        restateBase(local, log, next, bucket.position().lastLsn());
        local.remember(next);
        local.setOthersAside(ready.logId());
        times.ended("bucket taken");
        Runnable noteClosed =
            () -> logs.writeNote(directory, LocalTerm.of(next, where).whenClosed().encode());
        return start(attempt.found(), bucket, log, ready.records(), noteClosed);
      } catch (RuntimeException e) {
        log.close();
        throw e;
      }
    }
  }

  private ManifestStore.Stored readManifest() {
    try {
      ManifestStore.Stored stored = loop.await(manifests.read());
      if (stored.manifest().state() == Manifest.State.DELETED) {
        throw new DeviceException.Unavailable(
            where + " is being deleted; delete it again to finish that");
      }
      if (!stored.manifest().name().equals(name)) {
        // A copy under another name has the UUID of the original: two disks that pass for one.
        throw new DeviceException.Invalid(
            where
                + " holds the volume \""
                + stored.manifest().name()
                + "\", copied or moved by hand: open it by that name");
      }
      return stored;
    } catch (CompletionException e) {
      if (Futures.cause(e) instanceof StoreException.NotFound) {
        throw new DeviceException.Unavailable(
            "there is no volume at " + where + "; create it first", e);
      }
      throw Futures.deviceException(where, e);
    }
  }

  /** Before anything changes; of each try, since the owner may have changed it meanwhile. */
  private Fencing decideFencing(Manifest manifest) {
    Fencing fencing = gate.decide(store, loop, keyPrefix, manifest, where);
    store.use(fencing);
    if (fencing == Fencing.NONE) {
      LOG.warn(
          "{}: fencing=none: the bucket does not keep two gateways apart, so people must make sure"
              + " that no other one has this volume",
          where);
    }
    return fencing;
  }

  private void checkFloor(Manifest manifest, ChainPosition end) {
    String missing = BucketView.missing(manifest, end);
    if (missing != null) {
      throw new DeviceException.Corrupt(where + ": " + missing);
    }
  }

  private WriteAheadLog beginTerm(
      LocalLog local, LocalLog.Ready ready, Manifest next, long bucketLsn) {
    // A new log, and one that lost uploaded records to a power cut, go on behind the bucket.
    long base = Math.max(ready.log().lastLsn(), bucketLsn);
    return Futures.await(
        loop,
        where,
        Futures.onLoop(
            loop,
            _ -> {
              try {
                return begin(ready.log(), term(next), base);
              } catch (LogException e) {
                throw local.failure(e, ready);
              }
            }));
  }

  /** A log that can't go on is let go of: its lock would outlive this try. */
  private static WriteAheadLog begin(RecoveredLog found, LogEpoch term, long base) {
    WriteAheadLog log = null;
    try {
      log = found.startAppending();
      log.beginEpoch(term, base);
      return log;
    } catch (RuntimeException e) {
      if (log != null) {
        log.close();
      }
      found.close();
      throw e;
    }
  }

  private static LogEpoch term(Manifest manifest) {
    return new LogEpoch(manifest.epoch(), manifest.writer(), manifest.incarnation());
  }

  /**
   * Fences the chain at its end, which may have moved on meanwhile; then the manifest must still be
   * ours.
   */
  private void takeChain(BucketView bucket, Manifest ours, long logLsn) {
    new ChainFence(store, loop, keyPrefix, where, RequestPurpose.OPEN).create(bucket, ours, logLsn);
    if (store.fencing() == Fencing.NONE) {
      new UnfencedWait(store, loop, keyPrefix, where).requireFence(bucket.position(), ours);
    }
    Manifest now = Futures.await(loop, where, manifests.read()).manifest();
    if (!now.nonce().equals(ours.nonce())) {
      throw manifests.fenced(now, ours);
    }
  }

  /** Where the bucket is ahead of the log, the log says that it goes on behind the bucket. */
  private void restateBase(LocalLog local, WriteAheadLog log, Manifest ours, long bucketLsn) {
    if (bucketLsn > log.appendedLsn()) {
      Futures.await(
          loop,
          where,
          Futures.onLoop(
              loop,
              _ -> {
                try {
                  log.beginEpoch(term(ours), bucketLsn);
                  return true;
                } catch (LogException e) {
                  // The manifest names this log already.
                  throw local.failure(e, true);
                }
              }));
    }
  }

  private VolumeCore start(
      ManifestStore.Stored stored,
      BucketView bucket,
      WriteAheadLog log,
      List<LogRecord> records,
      Runnable noteClosed) {
    Manifest manifest = stored.manifest();
    VolumeIdentity identity = VolumeIdentity.of(where, keyPrefix, manifest);
    OpenOutcome outcome =
        manifest.rolledBack().isEmpty()
            ? OpenOutcome.COMPLETE
            : new OpenOutcome.RolledBack(log.appendedLsn(), manifest.rolledBack());
    VolumeCore volume =
        Futures.await(
            loop,
            where,
            Futures.onLoop(
                loop, _ -> assemble(stored, identity, bucket, log, records, outcome, noteClosed)));
    times.ended("maps built");
    LOG.info(
        "{}: open, epoch {}, incarnation {}, LSN {} ({} in the bucket), {}; {}",
        where,
        identity.epoch(),
        identity.device().incarnation(),
        log.appendedLsn(),
        bucket.position().lastLsn(),
        outcome,
        times);
    return volume;
  }

  private VolumeCore assemble(
      ManifestStore.Stored stored,
      VolumeIdentity identity,
      BucketView bucket,
      WriteAheadLog log,
      List<LogRecord> records,
      OpenOutcome outcome,
      Runnable noteClosed) {
    var events = new MapEvents(loop, where);
    var objects = new MapObjects(store, keyPrefix, identity.volume(), where);
    BlockMap map =
        BlockMap.restore(
            bucket.map(),
            sizes.map(),
            new BlockMap.Environment(
                identity.volume(),
                identity.epoch(),
                loop,
                loop.blocking(),
                objects,
                objects,
                nonces::nextLong,
                events));
    events.connect(map);
    for (ChainReader.Link link : bucket.segments()) {
      SegmentHeader header = link.header();
      map.put(
          header.sequence(),
          header.epoch(),
          Math.toIntExact(header.totalLength()),
          VolumeCore.extents(header.sequence(), link.entries()));
    }
    var dirty = new IntervalMap<DirtyRange>();
    var backlog = new Backlog();
    long now = loop.nanoTime();
    for (LogRecord record : records) {
      if (record.lsn() > bucket.position().lastLsn()) {
        addDirty(dirty, backlog, record, now);
      }
    }
    var volume =
        new VolumeCore(
            new VolumeParts(
                identity,
                name,
                summaries,
                settings,
                sizes,
                loop,
                store,
                manifests,
                nonces,
                scrubs,
                log,
                map,
                dirty,
                backlog,
                bucket.position(),
                stored,
                bucket.base(),
                bucket.baseBytes(),
                bucket.doomed(),
                bucket.segments().size(),
                noteClosed),
            outcome,
            onClosed);
    events.connect(volume);
    return volume;
  }

  private static void addDirty(
      IntervalMap<DirtyRange> dirty, Backlog backlog, LogRecord record, long nowNanos) {
    switch (record.type()) {
      case WRITE, ZEROES, DISCARD ->
          dirty.put(
              new DirtyRange(
                  record.sector(),
                  record.sectorCount(),
                  record.lsn(),
                  record.position(),
                  record.payloadLength(),
                  record.payloadCrc(),
                  0));
      default -> {
        // Marks and resizes change no sector's content.
      }
    }
    backlog.add(
        new BacklogRecord(
            record.type(),
            record.lsn(),
            record.timeNanos(),
            record.sector(),
            record.sectorCount(),
            record.position(),
            record.payloadLength(),
            record.payloadCrc(),
            nowNanos));
  }
}
