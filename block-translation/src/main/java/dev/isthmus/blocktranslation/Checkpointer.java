package dev.isthmus.blocktranslation;

import dev.isthmus.blocktranslation.format.Checkpoint;
import dev.isthmus.blocktranslation.format.CheckpointCodec;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.map.BlockMap;
import dev.isthmus.blocktranslation.map.MapDescription;
import dev.isthmus.blocktranslation.map.PartInfo;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.PutCondition;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
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

  private static final class Doomed {
    final Checkpoint.Doomed object;
    final long knownNanos;
    int checkpoints;

    Doomed(Checkpoint.Doomed object, long knownNanos, int checkpoints) {
      this.object = object;
      this.knownNanos = knownNanos;
      this.checkpoints = checkpoints;
    }
  }

  Checkpointer(
      VolumeIdentity identity,
      ObjectStore store,
      EngineLoop loop,
      OwnedManifest manifest,
      Nonces nonces,
      BlockMap map,
      List<Manifest.CheckpointRef> base,
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
      doomed.add(new Doomed(object, loop.nanoTime(), 1));
    }
  }

  /** Bytes of checkpoints stored. */
  long bytesWritten() {
    return bytesWritten;
  }

  /** The map no longer refers to these. */
  void partsDropped(List<PartInfo> parts) {
    for (PartInfo part : parts) {
      doom(Checkpoint.Kind.RUN_PART, part.name().epoch(), part.name().nonce());
    }
  }

  private void doom(Checkpoint.Kind kind, long epoch, long nonce) {
    if (doomed.size() < MAX_DOOMED) {
      doomed.add(
          new Doomed(
              new Checkpoint.Doomed(kind, epoch, nonce, loop.wallNanos()), loop.nanoTime(), 0));
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
      if (!stays && doomed.stream().noneMatch(d -> d.object.nonce() == old.nonce())) {
        doom(Checkpoint.Kind.CHECKPOINT, old.epoch(), old.nonce());
      }
    }
  }

  private CompletableFuture<Manifest.CheckpointRef> store(
      ChainPosition position, long nonce, MapDescription description) {
    Checkpoint checkpoint =
        checkpoint(
            identity, position, nonce, description, doomed.stream().map(d -> d.object).toList());
    MemorySegment bytes = CheckpointCodec.encode(checkpoint, Arena.ofAuto());
    Manifest.CheckpointRef ref = ref(checkpoint);
    unnamed.add(ref);
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
          bytesWritten += bytes.byteSize();
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

  private CompletableFuture<Void> name(Manifest.CheckpointRef ref, Manifest.State state) {
    List<Manifest.CheckpointRef> base = kept.isEmpty() ? List.of() : List.of(kept.getFirst());
    return manifest
        .replace(m -> m.withCheckpoint(nonces.nextHex128(), ref, base, state))
        .thenAcceptAsync(
            stored -> {
              kept = stored.checkpoints();
              // Tries that were given up may lie there too; no manifest can name them any more.
              for (Manifest.CheckpointRef old : unnamed) {
                if (!kept.contains(old)) {
                  doom(Checkpoint.Kind.CHECKPOINT, old.epoch(), old.nonce());
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
