package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.format.FormatException;
import dev.isthmus.blocktranslation.format.Frame;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.format.SegmentBuilder;
import dev.isthmus.blocktranslation.format.SegmentEntry;
import dev.isthmus.blocktranslation.format.SegmentHeader;
import dev.isthmus.blocktranslation.store.ByteRange;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.PutCondition;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreException;
import dev.isthmus.wal.WriteAheadLog;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Packs the backlog into segments, uploads several at once, and hands them over strictly in order.
 *
 * <p>A segment goes through: taken from the backlog, built from the log off the loop, sent, stored,
 * committed. Only the oldest may be committed, so what the map and the bucket's chain hold is
 * always a prefix. None is sent before those ahead of it are built: if a record can't be read back,
 * the chain then ends cleanly in front of it. A segment that was sent is frozen: a retry sends the
 * same bytes to the same slot, for ever, until it is stored or the volume is fenced. Threading:
 * confined to the volume's loop.
 */
final class SegmentUploader {

  private static final Logger LOG = LoggerFactory.getLogger(SegmentUploader.class);

  /** Segments built or sent at once: hides a store's latency, and bounds buffers to so many. */
  private static final int MAX_PARALLEL = 4;

  /** Most records of a segment, which keeps its table within 2.5 MiB. */
  private static final int MAX_RECORDS = 1 << 16;

  /** How often a record is read that the log did not give, and how long between. */
  private static final int MAX_READS = 3;

  private static final long READ_AGAIN_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

  /** An allocation that fails has held the loop up for half a second already. */
  private static final long MEMORY_AGAIN_NANOS = TimeUnit.SECONDS.toNanos(5);

  /** A quarter of the limit goes by before a segment is sealed; the rest is for its upload. */
  private static final int SEALS_WITHIN_RPO = 4;

  /**
   * Attempts of one put, three seconds on average: what fails is put again from here, for ever, and
   * people are told early that uploads fail.
   */
  private static final int PUT_ATTEMPTS = 8;

  private static final long RETRY_MIN_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
  private static final long RETRY_MAX_NANOS = TimeUnit.SECONDS.toNanos(5);

  /** What the rest of the volume has to do with uploads. Called on the loop. */
  interface Owner {
    /** Whether the map takes another segment now. */
    boolean canCommit();

    /** A segment is stored, and so are all before it. */
    void commit(SegmentHeader header, List<SegmentEntry> entries, List<BacklogRecord> records);

    /** Another owner has the volume. */
    void fenced(String why);

    /** The record {@code lsn} can't be read back: it and what follows never reach the bucket. */
    void backlogLost(long lsn, String why);

    /** Uploads fail or work again. */
    void uploadTrouble(@Nullable String why);
  }

  private final VolumeIdentity identity;
  private final ObjectStore store;
  private final WriteAheadLog log;
  private final EngineLoop loop;
  private final Backlog backlog;
  private final Durability durability;
  private final Owner owner;
  private final int segmentBytes;
  private final long maxSealAfterNanos;
  private final Deque<Upload> inFlight = new ArrayDeque<>();
  private final Deque<MemorySegment> freeBuffers = new ArrayDeque<>();
  private long nextSequence;
  private EngineLoop.@Nullable Timer sealTimer;
  private long sealAfterNanos;
  private int hurries;
  private boolean stopped;
  private boolean wantsMemory;
  private @Nullable Loss loss;

  SegmentUploader(
      VolumeIdentity identity,
      ObjectStore store,
      WriteAheadLog log,
      EngineLoop loop,
      Backlog backlog,
      Durability durability,
      int segmentBytes,
      Duration sealAfter,
      long nextSequence,
      Owner owner) {
    this.identity = identity;
    this.store = store;
    this.log = log;
    this.loop = loop;
    this.backlog = backlog;
    this.durability = durability;
    this.segmentBytes = segmentBytes;
    this.maxSealAfterNanos = sealAfter.toNanos();
    this.sealAfterNanos = maxSealAfterNanos;
    this.nextSequence = nextSequence;
    this.owner = owner;
  }

  /** Where the backlog ends for the bucket. */
  private record Loss(long lsn, String why) {}

  private enum Stage {
    BUILDING,
    BUILT,
    SENDING,
    STORED
  }

  private static final class Upload {
    final long sequence;
    final List<BacklogRecord> records;
    final MemorySegment buffer;
    Stage stage = Stage.BUILDING;
    @Nullable SegmentHeader header;
    List<SegmentEntry> entries = List.of();
    int failures;
    int failedReads;

    /** Records that the newest build got from the log. Handed over with its end. */
    int readable;

    Upload(long sequence, List<BacklogRecord> records, MemorySegment buffer) {
      this.sequence = sequence;
      this.records = records;
      this.buffer = buffer;
    }

    SegmentHeader header() {
      return java.util.Objects.requireNonNull(header, "built before it is sent");
    }

    MemorySegment object() {
      return buffer.asSlice(0, header().totalLength());
    }
  }

  /** The slot after all that were taken. */
  long nextSequence() {
    return nextSequence;
  }

  /** Whether nothing waits or is under way, and nothing was lost. */
  boolean isIdle() {
    return inFlight.isEmpty() && backlog.isEmpty() && loss == null;
  }

  /** Uploads what there is without waiting for full segments, until each call is taken back. */
  void hurry() {
    hurries++;
    poke();
  }

  /** Takes one {@link #hurry} back. */
  void endHurry() {
    hurries--;
  }

  /** Seals so early that a record is normally in the bucket within {@code rpo}. */
  void keepTo(Rpo rpo) {
    sealAfterNanos =
        rpo.isNone()
            ? maxSealAfterNanos
            : Math.min(maxSealAfterNanos, rpo.alarmNanos() / SEALS_WITHIN_RPO);
    if (sealTimer != null) {
      sealTimer.cancel();
      sealTimer = null;
    }
    poke();
  }

  /** Stops for good; what is being sent may still arrive. */
  void stop() {
    stopped = true;
    if (sealTimer != null) {
      sealTimer.cancel();
      sealTimer = null;
    }
    freeBuffers.clear();
  }

  /** Whether nothing more will be uploaded. */
  boolean isStopped() {
    return stopped;
  }

  /** Whether records can't be read back, and what was readable before them is in the bucket. */
  boolean hasLost() {
    return loss != null && inFlight.isEmpty();
  }

  /** For people: which record can't be read back, and why; empty if none is known. */
  String lossText() {
    return loss == null
        ? ""
        : "the log's record LSN " + loss.lsn + " can't be read back (" + loss.why + ")";
  }

  /** Looks whether a segment can be taken; called after each change that may allow it. */
  void poke() {
    while (canTake() && isDue()) {
      MemorySegment buffer = buffer();
      if (buffer == null) {
        return;
      }
      take(buffer);
    }
    if (canTake() && sealTimer == null) {
      long ageNanos = loop.nanoTime() - backlog.first().appliedNanos();
      sealTimer =
          loop.schedule(
              Math.max(0, sealAfterNanos - ageNanos),
              () -> {
                sealTimer = null;
                poke();
              });
    }
  }

  private boolean canTake() {
    return !stopped
        && (!wantsMemory || !freeBuffers.isEmpty())
        && loss == null
        && !backlog.isEmpty()
        && inFlight.size() < Math.min(MAX_PARALLEL, identity.slotWindow());
  }

  private boolean isDue() {
    return hurries > 0
        || durability.isUploadAwaited()
        || backlog.freeSegmentBytes() >= segmentBytes
        || backlog.size() >= MAX_RECORDS
        || loop.nanoTime() - backlog.first().appliedNanos() >= sealAfterNanos;
  }

  private void take(MemorySegment buffer) {
    List<BacklogRecord> records = backlog.take(segmentBytes, MAX_RECORDS);
    var upload = new Upload(nextSequence++, records, buffer);
    inFlight.add(upload);
    startBuild(upload);
  }

  /** For one segment; null while there is no memory for it: it is asked for again then. */
  private @Nullable MemorySegment buffer() {
    MemorySegment free = freeBuffers.poll();
    if (free != null) {
      return free;
    }
    try {
      // A segment may exceed its target by one record and the table. Collected, not closed: a
      // buffer may still be sent when the volume and its loop are long gone.
      return Arena.ofAuto().allocate(segmentBytes + 4L * Frame.MAX_RAW_BYTES);
    } catch (OutOfMemoryError e) {
      // -XX:MaxDirectMemorySize, not the heap. The log has all, and holds writers back as it fills.
      LOG.warn("{}: no memory for a segment now: {}", identity.where(), e.getMessage());
      wantsMemory = true;
      loop.schedule(
          MEMORY_AGAIN_NANOS,
          () -> {
            wantsMemory = false;
            poke();
          });
      return null;
    }
  }

  private void startBuild(Upload upload) {
    long durableLsn = durability.logDurableLsn();
    loop.blocking()
        .execute(() -> {
          String failure = null;
          try {
            build(upload, durableLsn);
          } catch (RuntimeException | Error e) {
            failure = e.getMessage() == null ? e.toString() : e.getMessage();
          }
          String outcome = failure;
          loop.execute(() -> built(upload, outcome));
        });
  }

  // Off the loop: touches nothing but the upload and the log.
  private void build(Upload upload, long durableLsn) {
    List<BacklogRecord> records = upload.records;
    var builder =
        new SegmentBuilder(upload.buffer, identity.volume(), upload.sequence, records.size());
    upload.readable = 0;
    for (BacklogRecord record : records) {
      addRecord(builder, record);
      upload.readable++;
    }
    BacklogRecord last = records.getLast();
    upload.header =
        builder.seal(
            new SegmentHeader(
                SegmentHeader.DATA,
                identity.volume(),
                identity.writer(),
                identity.epoch(),
                identity.device().incarnation(),
                upload.sequence,
                records.getFirst().lsn(),
                last.lsn(),
                records.getFirst().timeNanos(),
                last.timeNanos(),
                0,
                records.size(),
                0,
                upload.sequence + 1,
                identity.sizeSectors(),
                durableLsn,
                new byte[0]));
    upload.entries = builder.entries();
  }

  private void addRecord(SegmentBuilder builder, BacklogRecord record) {
    if (record.length() == 0) {
      builder.addRange(record.type().code(), record.sector(), record.sectorCount(), record.lsn());
      return;
    }
    MemorySegment data = builder.nextData(record.length());
    log.read(record.position(), 0, data);
    var crc = new CRC32C();
    crc.update(data.asByteBuffer());
    if ((int) crc.getValue() != record.crc()) {
      throw new IllegalStateException(
          "the log's record " + record.lsn() + " no longer matches its checksum");
    }
    builder.addWrite(record.sector(), record.length(), record.lsn(), record.crc());
  }

  private void built(Upload upload, @Nullable String failure) {
    if (stopped || !inFlight.contains(upload)) {
      return;
    }
    if (failure == null) {
      upload.stage = Stage.BUILT;
      sendBuilt();
    } else if (++upload.failedReads < MAX_READS) {
      LOG.warn("{}: segment {} is built again: {}", identity.where(), upload.sequence, failure);
      loop.schedule(READ_AGAIN_NANOS, () -> startBuild(upload));
    } else {
      endBefore(upload, failure);
    }
  }

  private void sendBuilt() {
    for (Upload upload : inFlight) {
      if (upload.stage == Stage.BUILDING) {
        return;
      }
      if (upload.stage == Stage.BUILT) {
        upload.stage = Stage.SENDING;
        send(upload);
      }
    }
  }

  /**
   * The chain ends before the record that {@code upload} could not get; none behind it was sent.
   */
  private void endBefore(Upload upload, String failure) {
    loss = new Loss(upload.records.get(upload.readable).lsn(), failure);
    while (!upload.equals(inFlight.removeLast())) {
      // Built or not, it is not part of any prefix.
    }
    nextSequence = upload.sequence;
    if (upload.readable == 0) {
      owner.backlogLost(loss.lsn, lossText());
      return;
    }
    List<BacklogRecord> readable = List.copyOf(upload.records.subList(0, upload.readable));
    var rest = new Upload(nextSequence++, readable, upload.buffer);
    inFlight.add(rest);
    startBuild(rest);
    owner.backlogLost(loss.lsn, lossText());
  }

  private void send(Upload upload) {
    Futures.then(
        loop,
        store.put(
            key(upload),
            List.of(upload.object()),
            PutCondition.ifAbsent(),
            RequestOptions.of(RequestPurpose.SEGMENT).withMaxAttempts(PUT_ATTEMPTS)),
        (etag, failure) -> sent(upload, failure));
  }

  private String key(Upload upload) {
    return identity.keyPrefix() + Keys.segment(identity.volume(), upload.sequence);
  }

  private void sent(Upload upload, @Nullable Throwable failure) {
    if (stopped) {
      return;
    }
    if (failure == null) {
      stored(upload);
    } else if (Futures.cause(failure) instanceof StoreException.PreconditionFailed) {
      inspect(upload);
    } else {
      sendLater(upload, failure);
    }
  }

  private void sendLater(Upload upload, Throwable failure) {
    upload.failures++;
    String why = Futures.cause(failure).getMessage();
    LOG.warn("{}: segment {} is not stored yet: {}", identity.where(), upload.sequence, why);
    owner.uploadTrouble("uploads fail: " + why);
    long delay = Math.min(RETRY_MAX_NANOS, RETRY_MIN_NANOS << Math.min(10, upload.failures - 1));
    loop.schedule(
        loop.jittered(delay),
        () -> {
          if (!stopped) {
            send(upload);
          }
        });
  }

  /** The slot is taken: by an earlier try of our own whose reply was lost, or by another owner. */
  private void inspect(Upload upload) {
    Futures.then(
        loop,
        // Not once: a reply that is damaged on its way is no other owner.
        Futures.againIfDamaged(() ->
                store
                    .get(
                        key(upload),
                        ByteRange.span(0, SegmentHeader.BYTES),
                        RequestOptions.of(RequestPurpose.SEGMENT))
                    .thenApply(object -> isOurs(upload, object.body())))
            .exceptionally(failure -> {
              if (Futures.cause(failure) instanceof StoreException.OutOfRange
                  || Futures.cause(failure) instanceof DeviceException.Corrupt) {
                // Not ours, whatever it is: we only ever send whole segments.
                LOG.warn(
                    "{}: slot {} holds something else: {}",
                    identity.where(),
                    upload.sequence,
                    Futures.cause(failure).getMessage());
                return false;
              }
              throw new CompletionException(Futures.cause(failure));
            }),
        (ours, failure) -> inspected(upload, ours, failure));
  }

  private boolean isOurs(Upload upload, MemorySegment body) {
    try {
      SegmentHeader found = SegmentHeader.decode(body, identity.volume(), upload.sequence);
      return found.writer().equals(identity.writer())
          && Arrays.equals(found.digest(), upload.header().digest());
    } catch (FormatException e) {
      throw new DeviceException.Corrupt(String.valueOf(e.getMessage()), e);
    }
  }

  private void inspected(Upload upload, @Nullable Boolean ours, @Nullable Throwable failure) {
    if (stopped) {
      return;
    }
    if (failure != null || ours == null) {
      sendLater(upload, failure == null ? new IllegalStateException("no answer") : failure);
    } else if (ours) {
      stored(upload);
    } else {
      stop();
      owner.fenced(
          "slot " + upload.sequence + " of the bucket was taken by another owner of the volume");
    }
  }

  private void stored(Upload upload) {
    upload.stage = Stage.STORED;
    owner.uploadTrouble(null);
    commitReady();
  }

  /** Commits from the oldest on, as far as they are stored and the map takes them. */
  void commitReady() {
    Upload first;
    while (!stopped && (first = inFlight.peek()) != null && first.stage == Stage.STORED) {
      if (!owner.canCommit()) {
        return; // the map's word that it goes on calls here again
      }
      inFlight.remove();
      freeBuffers.add(first.buffer);
      owner.commit(first.header(), first.entries, first.records);
    }
    poke();
  }

  /** The oldest record that is not committed, or null. */
  @Nullable BacklogRecord oldestUncommitted() {
    Upload first = inFlight.peek();
    if (first != null) {
      return first.records.getFirst();
    }
    return backlog.isEmpty() ? null : backlog.first();
  }

  /**
   * Completes when nothing waits or is under way; fails once that can no longer be; never ends
   * while uploads fail. For the end of a volume: segments never wait to be full again.
   */
  CompletableFuture<Void> drained() {
    var done = new CompletableFuture<Void>();
    hurry();
    awaitIdle(done);
    return done;
  }

  private void awaitIdle(CompletableFuture<Void> done) {
    if (isIdle()) {
      done.complete(null);
    } else if (stopped || hasLost()) {
      done.completeExceptionally(
          new DeviceException.Unavailable(
              identity.where() + ": uploads have ended" + (stopped ? "" : ": " + lossText())));
    } else {
      loop.schedule(TimeUnit.MILLISECONDS.toNanos(2), () -> awaitIdle(done));
    }
  }
}
