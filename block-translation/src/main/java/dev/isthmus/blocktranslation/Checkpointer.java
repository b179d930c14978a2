package dev.isthmus.blocktranslation;

import dev.isthmus.blocktranslation.format.Checkpoint;
import dev.isthmus.blocktranslation.format.CheckpointCodec;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.map.BlockMap;
import dev.isthmus.blocktranslation.map.MapDescription;
import dev.isthmus.blocktranslation.map.PartInfo;
import dev.isthmus.blocktranslation.map.SegmentTable;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.PutCondition;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes checkpoints and names them in the manifest, one at a time, and deletes what two of them no
 * longer refer to. Threading: confined to the volume's loop.
 */
final class Checkpointer {

  private static final Logger LOG = LoggerFactory.getLogger(Checkpointer.class);

  private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(5);

  /**
   * For readers that began before an object was doomed; measured from when this owner knew of it.
   */
  private static final long GRACE_NANOS = TimeUnit.MINUTES.toNanos(5);

  /** Most objects that wait to be deleted; more are left behind in the bucket. */
  private static final int MAX_DOOMED = 4096;

  /** Deletes after one checkpoint: readers and uploads share the store's queue with them. */
  private static final int MAX_DELETES = 128;

  private final VolumeIdentity identity;
  private final ObjectStore store;
  private final EngineLoop loop;
  private final OwnedManifest manifest;
  private final Nonces nonces;
  private final BlockMap map;
  private final List<Doomed> doomed = new ArrayList<>();
  // The checkpoint that the map began with, or the newest since: kept beside the next one.
  private List<Manifest.CheckpointRef> kept;
  // Checkpoints that were sent, and that no manifest is known to name.
  private final List<Manifest.CheckpointRef> unnamed = new ArrayList<>();
  private final int segmentsBetween;
  private int segmentsSince;
  private boolean running;
  private long notBeforeNanos;
  private long bytesWritten;
  // Of checkpoints that are not doomed, by nonce, as far as they are known.
  private final Map<Long, Long> lengths = new HashMap<>();
  private long leftBehindBytes;

  private static final class Doomed {
    final Checkpoint.Doomed object;
    final long knownNanos;
    final long lengthBytes;
    int checkpoints;

    Doomed(Checkpoint.Doomed object, long knownNanos, long lengthBytes, int checkpoints) {
      this.object = object;
      this.knownNanos = knownNanos;
      this.lengthBytes = lengthBytes;
      this.checkpoints = checkpoints;
    }
  }

  /** In {@link Doomed#lengthBytes}: it was doomed before this open. */
  private static final long UNKNOWN = -1;

  Checkpointer(
      VolumeIdentity identity,
      ObjectStore store,
      EngineLoop loop,
      OwnedManifest manifest,
      Nonces nonces,
      BlockMap map,
      List<Manifest.CheckpointRef> base,
      long baseBytes,
      List<Checkpoint.Doomed> doomedBefore,
      int segmentsReplayed,
      int segmentsBetween) {
    this.identity = identity;
    this.store = store;
    this.loop = loop;
    this.manifest = manifest;
    this.nonces = nonces;
    this.map = map;
    this.kept = base;
    this.segmentsSince = segmentsReplayed;
    this.segmentsBetween = segmentsBetween;
    for (Checkpoint.Doomed object : doomedBefore) {
      doomed.add(new Doomed(object, loop.nanoTime(), UNKNOWN, 1));
    }
    base.forEach(ref -> lengths.put(ref.nonce(), baseBytes));
  }

  /** Bytes of checkpoints stored. */
  long bytesWritten() {
    return bytesWritten;
  }

  /** What the volume takes in its bucket. */
  StoredBytes stored() {
    SegmentTable segments = map.segments();
    long checkpointBytes = lengths.values().stream().mapToLong(Long::longValue).sum();
    long mapBytes = map.statistics().runBytes() + leftBehindBytes;
    int unknown = 0;
    for (Manifest.CheckpointRef named : manifest.current().checkpoints()) {
      boolean known = lengths.containsKey(named.nonce()) || isDoomed(named);
      unknown += known ? 0 : 1;
    }
    for (Doomed object : doomed) {
      if (object.lengthBytes == UNKNOWN) {
        unknown++;
      } else if (object.object.kind() == Checkpoint.Kind.CHECKPOINT) {
        checkpointBytes += object.lengthBytes;
      } else {
        mapBytes += object.lengthBytes;
      }
    }
    return new StoredBytes(
        segments.totalBytes(), liveBytes(segments), mapBytes, checkpointBytes, unknown);
  }

  private static long liveBytes(SegmentTable segments) {
    return segments.dataSectors() == 0
        ? 0
        : (long) ((double) segments.totalBytes() * segments.liveSectors() / segments.dataSectors());
  }

  /** The map no longer refers to these. */
  void partsDropped(List<PartInfo> parts) {
    for (PartInfo part : parts) {
      doom(
          Checkpoint.Kind.RUN_PART,
          part.name().epoch(),
          part.name().nonce(),
          part.totalLengthBytes());
    }
  }

  private void doom(Manifest.CheckpointRef old) {
    Long length = lengths.remove(old.nonce());
    doom(Checkpoint.Kind.CHECKPOINT, old.epoch(), old.nonce(), length == null ? UNKNOWN : length);
  }

  private void doom(Checkpoint.Kind kind, long epoch, long nonce, long lengthBytes) {
    if (doomed.size() < MAX_DOOMED) {
      doomed.add(
          new Doomed(
              new Checkpoint.Doomed(kind, epoch, nonce, loop.wallNanos()),
              loop.nanoTime(),
              lengthBytes,
              0));
    } else {
      leftBehindBytes += Math.max(0, lengthBytes);
    }
  }

  /** A segment was committed, and {@code position} is behind it: is it time for a checkpoint? */
  void committed(ChainPosition position) {
    segmentsSince++;
    if (segmentsSince >= segmentsBetween && !running && loop.nanoTime() >= notBeforeNanos) {
      write(position, Manifest.State.OPEN)
          .exceptionally(failure -> {
            LOG.warn("{}: no checkpoint: {}", identity.where(), failure.getMessage());
            notBeforeNanos = loop.nanoTime() + RETRY_NANOS;
            segmentsSince += segmentsBetween; // due all the same
            return null;
          });
    }
  }

  /**
   * Writes the last checkpoint, with which the volume is closed; after one that is under way.
   *
   * @return completes on the loop
   */
  CompletableFuture<Void> close(ChainPosition position) {
    if (running) {
      var done = new CompletableFuture<Void>();
      loop.schedule(
          TimeUnit.MILLISECONDS.toNanos(5),
          () -> Futures.then(loop, close(position), (ok, failure) -> relay(done, failure)));
      return done;
    }
    return write(position, Manifest.State.CLOSED);
  }

  private static void relay(CompletableFuture<Void> done, @Nullable Throwable failure) {
    if (failure == null) {
      done.complete(null);
    } else {
      done.completeExceptionally(failure);
    }
  }

  private CompletableFuture<Void> write(ChainPosition position, Manifest.State state) {
    running = true;
    segmentsSince = 0;
    doomReplaced();
    long nonce = nonces.nextLong();
    return map.freeze()
        .thenComposeAsync(description -> store(position, nonce, description), loop)
        .thenComposeAsync(ref -> name(ref, state), loop)
        .whenCompleteAsync((ok, failure) -> running = false, loop);
  }

  /**
   * Puts what the next checkpoint pushes out of the manifest on that checkpoint's own list: after a
   * last one nobody would.
   */
  private void doomReplaced() {
    for (Manifest.CheckpointRef old : manifest.current().checkpoints()) {
      boolean stays = !kept.isEmpty() && kept.getFirst().equals(old);
      if (!stays && !isDoomed(old)) {
        doom(old);
      }
    }
  }

  private boolean isDoomed(Manifest.CheckpointRef ref) {
    return doomed.stream().anyMatch(d -> d.object.nonce() == ref.nonce());
  }

  private CompletableFuture<Manifest.CheckpointRef> store(
      ChainPosition position, long nonce, MapDescription description) {
    Checkpoint checkpoint =
        checkpoint(
            identity, position, nonce, description, doomed.stream().map(d -> d.object).toList());
    MemorySegment bytes = CheckpointCodec.encode(checkpoint, Arena.ofAuto());
    Manifest.CheckpointRef ref = ref(checkpoint);
    unnamed.add(ref);
    lengths.put(nonce, bytes.byteSize());
    return store
        .put(
            identity.keyPrefix() + Keys.checkpoint(identity.volume(), identity.epoch(), nonce),
            List.of(bytes),
            PutCondition.ifAbsent(),
            RequestOptions.of(RequestPurpose.CHECKPOINT))
        .handle((etag, failure) -> {
          if (failure != null && !isOwnEarlierTry(failure)) {
            throw Futures.deviceException(identity.where() + ": checkpoint", failure);
          }
          return ref;
        });
  }

  /** The checkpoint of a map as it is behind {@code position}. */
  static Checkpoint checkpoint(
      VolumeIdentity identity,
      ChainPosition position,
      long nonce,
      MapDescription description,
      List<Checkpoint.Doomed> doomed) {
    return new Checkpoint(
        identity.volume(),
        position.writer(),
        position.epoch(),
        identity.device().incarnation(),
        position.nextSequence(),
        position.lastLsn(),
        position.lastTimeNanos(),
        position.durableLsn(),
        identity.sizeSectors(),
        identity.epoch(),
        nonce,
        false,
        new MapDescription(position.sequence(), description.runs(), description.segments()),
        doomed);
  }

  /** How a manifest names it. */
  static Manifest.CheckpointRef ref(Checkpoint checkpoint) {
    long storedBytes = 0;
    for (var segment : checkpoint.map().segments()) {
      storedBytes += segment.totalLengthBytes();
    }
    return new Manifest.CheckpointRef(
        checkpoint.keyEpoch(),
        checkpoint.keyNonce(),
        checkpoint.sequence(),
        checkpoint.lastLsn(),
        storedBytes);
  }

  /** The nonce is ours alone: who finds the name taken after a retry has found himself. */
  static boolean isOwnEarlierTry(Throwable failure) {
    return Futures.cause(failure) instanceof StoreException.PreconditionFailed taken
        && taken.attempts() > 1;
  }

  /** On the loop, behind the store of {@code ref}. */
  private CompletableFuture<Void> name(Manifest.CheckpointRef ref, Manifest.State state) {
    bytesWritten += lengths.getOrDefault(ref.nonce(), 0L);
    List<Manifest.CheckpointRef> base = kept.isEmpty() ? List.of() : List.of(kept.getFirst());
    return manifest
        .replace(m -> m.withCheckpoint(nonces.nextHex128(), ref, base, state))
        .thenAcceptAsync(
            stored -> {
              kept = stored.checkpoints();
              // Tries that were given up may lie there too; no manifest can name them any more.
              for (Manifest.CheckpointRef old : unnamed) {
                if (!kept.contains(old)) {
                  doom(old);
                }
              }
              unnamed.clear();
              deleteDue();
            },
            loop);
  }

  /** Deletes what the two checkpoints that are kept now no longer refer to. */
  private void deleteDue() {
    int deletes = 0;
    for (Doomed candidate : List.copyOf(doomed)) {
      candidate.checkpoints++;
      if (candidate.checkpoints >= 3
          && deletes < MAX_DELETES
          && loop.nanoTime() - candidate.knownNanos >= GRACE_NANOS
          && candidate.object.kind() != Checkpoint.Kind.SEGMENT) {
        deletes++;
        delete(candidate);
      }
    }
  }

  private void delete(Doomed candidate) {
    String key =
        candidate.object.kind() == Checkpoint.Kind.RUN_PART
            ? Keys.run(identity.volume(), candidate.object.epoch(), candidate.object.nonce())
            : Keys.checkpoint(
                identity.volume(), candidate.object.epoch(), candidate.object.nonce());
    Futures.then(
        loop,
        store.delete(identity.keyPrefix() + key, RequestOptions.of(RequestPurpose.GC)),
        (ok, failure) -> {
          if (failure == null) {
            doomed.remove(candidate);
          }
        });
  }
}
