package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.format.Checkpoint;
import dev.isthmus.blocktranslation.format.CheckpointCodec;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.image.DiskReads;
import dev.isthmus.blocktranslation.image.DiskSource;
import dev.isthmus.blocktranslation.image.Progress;
import dev.isthmus.blocktranslation.image.Zeroes;
import dev.isthmus.blocktranslation.map.MapDescription;
import dev.isthmus.blocktranslation.map.MapSettings;
import dev.isthmus.blocktranslation.store.ETag;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.PutCondition;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Makes a volume of a disk, with no log and no daemon: fence, segments, checkpoint, and <em>last of
 * all</em> the manifest. A volume is there exactly when its manifest is, so what was broken off is
 * no volume, and nobody can open it. Threading: confined to the caller; blocks.
 */
final class ImageImport {

  /** Segments sent at once; each holds a buffer. */
  private static final int MAX_PARALLEL = 4;

  /** A segment that the store did not take within a request's deadline is sent again so often. */
  private static final int MAX_RESENDS = 20;

  private final ObjectStore store;
  private final EngineLoop loop;
  private final VolumeIdentity identity;
  private final Manifest ours;
  private final Nonces nonces;
  private final MapAssembly assembly;
  private final ArrayDeque<Sent> sent = new ArrayDeque<>();
  private final List<MemorySegment> freeBuffers = new ArrayList<>();
  private ChainPosition position = ChainPosition.START;
  private long nextSequence;
  private long lastLsn;
  private long dataBytes;
  private boolean manifestSent;

  private record Sent(
      ImportSegment.Sealed segment, MemorySegment buffer, CompletableFuture<ETag> put) {}

  /**
   * @param manifest of a volume that is not there yet; its manifest is created at the end
   */
  ImageImport(
      ObjectStore store,
      EngineLoop loop,
      String keyPrefix,
      String where,
      Manifest manifest,
      MapSettings mapSettings,
      Nonces nonces) {
    this.store = store;
    this.loop = loop;
    this.nonces = nonces;
    // As its first owner, in no need of a log.
    this.ours = manifest.opened(nonces.nextHex128(), nonces.nextUuid(), 1, nonces.nextUuid(), "");
    this.identity = VolumeIdentity.of(where, keyPrefix, ours);
    var objects = new MapObjects(store, keyPrefix, ours.volume(), where);
    this.assembly =
        MapAssembly.begin(
            loop, identity, MapDescription.EMPTY, mapSettings, objects, objects, nonces, false);
    for (int i = 0; i <= MAX_PARALLEL; i++) {
      freeBuffers.add(Arena.ofAuto().allocate(ImportSegment.MAX_OBJECT_BYTES));
    }
  }

  /**
   * Writes it all.
   *
   * @return bytes of the disk that were not zero
   * @throws DeviceException.Invalid if a volume of this name came to be meanwhile
   */
  long run(DiskSource source, Progress progress) {
    try (assembly) {
      return write(source, progress);
    } finally {
      // Whoever deletes what is left must not be overtaken by it.
      for (Sent late : sent) {
        boolean _ = loop.await(late.put.handle((etag, failure) -> true));
      }
    }
  }

  private long write(DiskSource source, Progress progress) {
    Fence fence = Fence.after(position, ours, 0);
    put(
        Keys.segment(ours.volume(), fence.header().sequence()),
        fence.object(),
        RequestPurpose.OPEN);
    position = position.after(fence.header());
    nextSequence = position.nextSequence();
    copy(source, progress);
    Checkpoint checkpoint = checkpoint();
    requireWhole();
    put(
        Keys.checkpoint(ours.volume(), checkpoint.keyEpoch(), checkpoint.keyNonce()),
        CheckpointCodec.encode(checkpoint, Arena.ofAuto()),
        RequestPurpose.CHECKPOINT);
    Manifest complete =
        ours.withCheckpoint(
            nonces.nextHex128(), Checkpointer.ref(checkpoint), List.of(), Manifest.State.CLOSED);
    manifestSent = true;
    ManifestStore.Stored _ =
        Futures.await(
            loop,
            identity.where(),
            new ManifestStore(store, identity.keyPrefix(), identity.where()).create(complete));
    return dataBytes;
  }

  private void copy(DiskSource source, Progress progress) {
    var segment = new ImportSegment(identity, loop);
    try (var reads = new DiskReads(source, 0, source.sizeBytes())) {
      DiskReads.Chunk chunk;
      while ((chunk = reads.next()) != null) {
        if (!chunk.damaged().isEmpty()) {
          throw new DeviceException.Corrupt(
              source.description() + ": " + chunk.damaged().getFirst());
        }
        if (!chunk.zeroes()) {
          add(segment, chunk);
        }
        progress.at(chunk.endBytes(), source.sizeBytes());
      }
    }
    send(segment);
    while (!sent.isEmpty()) {
      commitOldest();
    }
  }

  private void add(ImportSegment segment, DiskReads.Chunk chunk) {
    Zeroes.forEachOther(
        chunk.data(),
        ImportSegment.MAX_PIECE_BYTES,
        (at, length) -> {
          if (segment.isFull()) {
            send(segment);
          }
          segment.add((chunk.offsetBytes() + at) / 512, chunk.data().asSlice(at, length));
          dataBytes += length;
        });
  }

  private void send(ImportSegment segment) {
    if (segment.isEmpty()) {
      return;
    }
    if (sent.size() == MAX_PARALLEL) {
      commitOldest();
    }
    MemorySegment buffer = freeBuffers.removeLast();
    ImportSegment.Sealed sealed = segment.seal(buffer, nextSequence++, lastLsn + 1);
    lastLsn = sealed.header().lastLsn();
    sent.add(new Sent(sealed, buffer, send(sealed)));
  }

  private CompletableFuture<ETag> send(ImportSegment.Sealed sealed) {
    return send(
        Keys.segment(ours.volume(), sealed.header().sequence()),
        sealed.object(),
        RequestPurpose.SEGMENT);
  }

  private CompletableFuture<ETag> send(String key, MemorySegment object, RequestPurpose purpose) {
    return store.put(
        identity.keyPrefix() + key,
        List.of(object),
        PutCondition.ifAbsent(),
        RequestOptions.of(purpose));
  }

  /** In the order of their slots, as an owner does. */
  private void commitOldest() {
    Sent oldest = sent.remove();
    String key = Keys.segment(ours.volume(), oldest.segment.header().sequence());
    await(key, oldest.segment.object(), RequestPurpose.SEGMENT, oldest.put);
    freeBuffers.add(oldest.buffer);
    assembly.put(oldest.segment.header(), oldest.segment.entries());
    position = position.after(oldest.segment.header());
  }

  private void put(String key, MemorySegment object, RequestPurpose purpose) {
    await(key, object, purpose, send(key, object, purpose));
  }

  /** Waits for a PUT, and sends the same again while the store can't be reached. */
  private void await(
      String key, MemorySegment object, RequestPurpose purpose, CompletableFuture<ETag> first) {
    CompletableFuture<ETag> put = first;
    for (int resends = 0; ; resends++) {
      try {
        ETag _ = loop.await(put);
        return;
      } catch (CompletionException e) {
        // All keys hold a UUID that nobody else has: who finds one taken has found himself.
        if (Checkpointer.isOwnEarlierTry(e) || (resends > 0 && isTaken(e))) {
          return;
        }
        DeviceException failure = Futures.deviceException(identity.where() + ": " + key, e);
        if (!(failure instanceof DeviceException.Unavailable) || resends == MAX_RESENDS) {
          throw failure;
        }
        put = send(key, object, purpose);
      }
    }
  }

  private static boolean isTaken(CompletionException e) {
    return Futures.cause(e) instanceof StoreException.PreconditionFailed;
  }

  private Checkpoint checkpoint() {
    MapDescription description = assembly.freeze();
    var doomed = new ArrayList<Checkpoint.Doomed>();
    assembly
        .dropped()
        .forEach(part ->
            doomed.add(
                new Checkpoint.Doomed(
                    Checkpoint.Kind.RUN_PART,
                    part.name().epoch(),
                    part.name().nonce(),
                    loop.wallNanos())));
    return Checkpointer.checkpoint(identity, position, nonces.nextLong(), description, doomed);
  }

  /** Nobody names what was written yet: it is looked at once more before somebody does. */
  private void requireWhole() {
    var chain =
        new ChainReader(
            store,
            loop,
            identity.keyPrefix(),
            ours.volume(),
            identity.where(),
            RequestPurpose.ADMIN);
    ChainPosition end = chain.read(ChainPosition.START, ours.epoch(), link -> {});
    if (!end.equals(position)) {
      throw new DeviceException.Corrupt(
          "%s: the bucket has segments up to sequence %d, though %d were written"
              .formatted(identity.where(), end.sequence(), position.sequence()));
    }
  }

  /**
   * Whether what was written may be deleted after {@code failure}: not once a manifest was sent
   * that names it, since that may take effect late, unless another one is there for certain.
   */
  boolean mayDiscard(RuntimeException failure) {
    return !manifestSent || failure instanceof DeviceException.Invalid;
  }

  /** All that was written: what lies below the volume's own UUID. */
  VolumeObjects objects(VolumePlace place) {
    return new VolumeObjects(store, place, ours.volume() + "/");
  }
}
