package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.DeviceIdentity;
import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.format.SegmentBuilder;
import dev.isthmus.blocktranslation.format.SegmentHeader;
import dev.isthmus.blocktranslation.map.BlockMap;
import dev.isthmus.blocktranslation.map.IntervalMap;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.PutCondition;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreException;
import dev.isthmus.wal.LogEpoch;
import dev.isthmus.wal.LogException;
import dev.isthmus.wal.LogRecord;
import dev.isthmus.wal.RecoveredLog;
import dev.isthmus.wal.WriteAheadLog;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
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
  private final ObjectStore store;
  private final ObjectVolumeSettings settings;
  private final EngineSizes sizes;
  private final LogHome logs;
  private final EngineLoop loop;
  private final Nonces nonces;
  private final ManifestStore manifests;
  private final Function<Manifest, VolumeSummary> summaries;
  private final Runnable onClosed;

  /**
   * @param where the volume, for messages
   * @param keyPrefix of its objects, ending in a slash
   * @param logs where this host keeps logs
   * @param loop of the volume; it ends with it
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
      Function<Manifest, VolumeSummary> summaries,
      Runnable onClosed) {
    this.name = name;
    this.where = where;
    this.keyPrefix = keyPrefix;
    this.store = store;
    this.settings = settings;
    this.sizes = sizes;
    this.logs = logs;
    this.loop = loop;
    this.nonces = nonces;
    this.manifests = new ManifestStore(store, keyPrefix, where);
    this.summaries = summaries;
    this.onClosed = onClosed;
  }

  /** Opens the volume. */
  VolumeCore open(Takeover takeover) {
    for (int i = 0; i < MAX_TRIES; i++) {
      VolumeCore volume = tryOpen(takeover);
      if (volume != null) {
        return volume;
      }
    }
    throw new DeviceException.Unavailable(
        where + ": its owner changes the manifest too fast to be followed; try again");
  }

  private @Nullable VolumeCore tryOpen(Takeover takeover) {
    ManifestStore.Stored stored = readManifest();
    Manifest manifest = stored.manifest();
    BucketView bucket = BucketView.read(store, loop, keyPrefix, where, manifest);
    bucket.readOn(manifest.epoch());
    checkFloor(manifest, bucket.position());
    Path directory = settings.directory().resolve(manifest.volume().toString());
    try (LocalLog local = LocalLog.find(logs, directory, sizes.log(), manifest, where)) {
      LocalLog.Verdict verdict = local.judge(bucket.position(), takeover, loop.wallNanos());
      long epoch = Math.max(manifest.epoch(), local.newestEpoch()) + 1;
      UUID writer = nonces.nextUuid();
      LocalLog.Ready ready = local.ready(verdict, nonces.nextUuid());
      Manifest next =
          manifest.opened(nonces.nextHex128(), writer, epoch, ready.logId(), verdict.rollback());
      WriteAheadLog log = beginTerm(ready, next, bucket.position().lastLsn());
      try {
        ManifestStore.Attempt attempt =
            Futures.await(loop, where, manifests.tryReplace(stored, next));
        if (!attempt.took()) {
          Manifest now = attempt.found().manifest();
          // A log of this host: an earlier try of ours, given up, has arrived late.
          if (!ManifestStore.sameOwner(now, manifest) && !local.isOnThisHost(now)) {
            throw manifests.fenced(now);
          }
          log.close();
          return null;
        }
        takeChain(bucket, next, log.appendedLsn());
        restateBase(log, next, bucket.position().lastLsn());
        local.setOthersAside(ready.logId());
        return start(attempt.found(), bucket, log, ready.records());
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

  /** A chain that ends before the newest checkpoint has lost a slot; its end is no end. */
  private void checkFloor(Manifest manifest, ChainPosition end) {
    if (manifest.checkpoints().isEmpty()) {
      return;
    }
    Manifest.CheckpointRef newest = manifest.checkpoints().getFirst();
    if (end.sequence() < newest.sequence() || end.lastLsn() < newest.lastLsn()) {
      throw new DeviceException.Corrupt(
          where
              + ": object "
              + Keys.segment(manifest.volume(), end.nextSequence())
              + " is missing: the newest checkpoint goes on to sequence "
              + newest.sequence());
    }
  }

  private WriteAheadLog beginTerm(LocalLog.Ready ready, Manifest next, long bucketLsn) {
    // Where a power cut took records that were uploaded, the log goes on behind the bucket: said at
    // once, as the next opener would miss them in a log that the new term calls whole.
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
                throw new DeviceException.Unavailable(where + ": " + e.getMessage(), e);
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
    boolean fenced = false;
    for (int i = 0; i < ours.slotWindow() * 4 && !fenced; i++) {
      // A fence of ours that is there already is one whose reply was lost.
      fenced = bucket.position().epoch() == ours.epoch() || createFence(bucket, ours, logLsn);
      if (!fenced) {
        bucket.readOn(ours.epoch());
      }
    }
    if (!fenced) {
      throw new DeviceException.Unavailable(
          where + ": an earlier owner writes faster than it can be fenced; try again");
    }
    Manifest now = Futures.await(loop, where, manifests.read()).manifest();
    if (!now.nonce().equals(ours.nonce())) {
      throw manifests.fenced(now);
    }
  }

  private boolean createFence(BucketView bucket, Manifest ours, long logLsn) {
    ChainPosition end = bucket.position();
    MemorySegment object = Arena.ofAuto().allocate(SegmentHeader.BYTES);
    SegmentHeader header =
        new SegmentBuilder(object, ours.volume(), end.nextSequence(), 0)
            .seal(
                new SegmentHeader(
                    SegmentHeader.FENCE,
                    ours.volume(),
                    ours.writer(),
                    ours.epoch(),
                    ours.incarnation(),
                    end.nextSequence(),
                    end.lastLsn() + 1,
                    end.lastLsn(),
                    end.lastTimeNanos(),
                    end.lastTimeNanos(),
                    0,
                    0,
                    0,
                    end.nextSequence() + ours.slotWindow(),
                    ours.sizeBytes() / 512,
                    Math.min(end.durableLsn(), logLsn),
                    new byte[0]));
    try {
      loop.await(
          store.put(
              keyPrefix + Keys.segment(ours.volume(), end.nextSequence()),
              List.of(object),
              PutCondition.ifAbsent(),
              RequestOptions.of(RequestPurpose.OPEN)));
      bucket.fenced(end.after(header));
      return true;
    } catch (CompletionException e) {
      if (Futures.cause(e) instanceof StoreException.PreconditionFailed) {
        return false;
      }
      throw Futures.deviceException(where + ": fence", e);
    }
  }

  /** Where the bucket is ahead of the log, the log says that it goes on behind the bucket. */
  private void restateBase(WriteAheadLog log, Manifest ours, long bucketLsn) {
    if (bucketLsn > log.appendedLsn()) {
      Futures.await(
          loop,
          where,
          Futures.onLoop(
              loop,
              _ -> {
                log.beginEpoch(term(ours), bucketLsn);
                return true;
              }));
    }
  }

  private VolumeCore start(
      ManifestStore.Stored stored, BucketView bucket, WriteAheadLog log, List<LogRecord> records) {
    Manifest manifest = stored.manifest();
    var identity =
        new VolumeIdentity(
            where,
            keyPrefix,
            new DeviceIdentity(manifest.volume(), manifest.incarnation()),
            manifest.writer(),
            manifest.epoch(),
            manifest.slotWindow(),
            manifest.sizeBytes(),
            manifest.blockSizeBytes());
    OpenOutcome outcome =
        manifest.rolledBack().isEmpty()
            ? OpenOutcome.COMPLETE
            : new OpenOutcome.RolledBack(log.appendedLsn(), manifest.rolledBack());
    VolumeCore volume =
        Futures.await(
            loop,
            where,
            Futures.onLoop(loop, _ -> assemble(stored, identity, bucket, log, records, outcome)));
    LOG.info(
        "{}: open, epoch {}, incarnation {}, LSN {} ({} in the bucket), {}",
        where,
        identity.epoch(),
        identity.device().incarnation(),
        log.appendedLsn(),
        bucket.position().lastLsn(),
        outcome);
    return volume;
  }

  private VolumeCore assemble(
      ManifestStore.Stored stored,
      VolumeIdentity identity,
      BucketView bucket,
      WriteAheadLog log,
      List<LogRecord> records,
      OpenOutcome outcome) {
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
                log,
                map,
                dirty,
                backlog,
                bucket.position(),
                stored,
                bucket.base(),
                bucket.doomed(),
                bucket.segments().size()),
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
