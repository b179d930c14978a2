package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blockdevice.contract.BlockStamp;
import dev.isthmus.blockdevice.contract.IoFuture;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.format.ManifestCodec;
import dev.isthmus.blocktranslation.scrub.ScrubQueue;
import dev.isthmus.blocktranslation.store.FakeBucket;
import dev.isthmus.blocktranslation.store.FakeObjectStore;
import dev.isthmus.blocktranslation.store.PolicyObjectStore;
import dev.isthmus.blocktranslation.store.PutCondition;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.SimulatedTimer;
import dev.isthmus.blocktranslation.store.StoreFaults;
import dev.isthmus.blocktranslation.store.StoreLimits;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * One host in simulated time: logs that outlive its crashes, a connection to a bucket, and at most
 * one process with the volume open. Several hosts of one test share timer and bucket. Threading:
 * confined to the test's thread.
 */
final class SimHost {

  static final VolumePlace PLACE = TestHost.PLACE;
  static final int BLOCK_BYTES = 4096;

  final SimulatedTimer timer;
  final FakeBucket bucket;
  final MemoryLogs logs;
  final List<Throwable> defects = new ArrayList<>();
  final ScrubQueue scrubs = new ScrubQueue();
  private final Random random;
  private final ObjectVolumeSettings settings;
  private final EngineSizes sizes;
  private StoreFaults faults = StoreFaults.NONE;
  private long maxDelayNanos = 1_000_000;
  private long maxBlockingNanos = 500_000;
  private @Nullable Connection process;
  private @Nullable VolumeCore volume;
  private Runnable onWait = () -> {};
  private long wallSkewNanos;

  SimHost(SimulatedTimer timer, FakeBucket bucket, Random random) {
    this(timer, bucket, random, settings(1 << 20));
  }

  SimHost(SimulatedTimer timer, FakeBucket bucket, Random random, ObjectVolumeSettings settings) {
    this(timer, bucket, random, settings, EngineSizes.of(settings));
  }

  SimHost(
      SimulatedTimer timer,
      FakeBucket bucket,
      Random random,
      ObjectVolumeSettings settings,
      EngineSizes sizes) {
    this.timer = timer;
    this.bucket = bucket;
    this.random = random;
    this.settings = settings;
    this.sizes = sizes;
    this.logs = new MemoryLogs(random);
  }

  static ObjectVolumeSettings settings(int segmentBytes) {
    return new ObjectVolumeSettings(
        Path.of("simulated"),
        64 << 20,
        1 << 20,
        16 << 20,
        segmentBytes,
        Duration.ofMillis(50),
        Duration.ofSeconds(30));
  }

  /** Faults of requests sent from now on. */
  SimHost withFaults(StoreFaults newFaults) {
    faults = newFaults;
    return this;
  }

  SimHost withDelays(long newMaxDelayNanos, long newMaxBlockingNanos) {
    maxDelayNanos = newMaxDelayNanos;
    maxBlockingNanos = newMaxBlockingNanos;
    return this;
  }

  /** What happens between two steps of time while a call of this host's processes waits. */
  SimHost withInterleaving(Runnable newOnWait) {
    onWait = newOnWait;
    return this;
  }

  /** The wall clock jumps, forwards or backwards. */
  void jumpWallClock(long nanos) {
    wallSkewNanos += nanos;
  }

  /** What a process runs on, and what ends with it. */
  private record Connection(SimLoop loop, PolicyObjectStore store) {
    void end() {
      loop.kill();
      store.abort();
    }
  }

  private PolicyObjectStore connect() {
    return FakeObjectStore.open(
        bucket,
        timer,
        random,
        (kind, key) -> faults.next(kind, key),
        StoreLimits.DEFAULT,
        maxDelayNanos);
  }

  /** A connection without faults or delays, for single calls. */
  PolicyObjectStore admin() {
    return FakeObjectStore.open(
        bucket, new ImmediateTimer(), random, StoreFaults.NONE, StoreLimits.DEFAULT, 0);
  }

  /** Puts an object as somebody else would. */
  void putForeign(String key, byte[] bytes) {
    var _ =
        admin()
            .put(
                key,
                List.of(MemorySegment.ofArray(bytes)),
                PutCondition.always(),
                RequestOptions.of(RequestPurpose.ADMIN))
            .join();
  }

  Manifest manifest() {
    return new ManifestStore(admin(), PLACE.keyPrefix(), PLACE.where()).read().join().manifest();
  }

  /** Keys of the volume's objects of one kind, in order. */
  List<String> keys(String kind) {
    return bucket.keys().stream().filter(key -> key.contains("/" + kind + "/")).toList();
  }

  /** Creates the volume over a connection without faults. */
  void create(long sizeBytes, Tier ack, Tier flush) {
    create(sizeBytes, BLOCK_BYTES, new Tiers(ack, flush));
  }

  /** Creates the volume over a connection without faults. */
  void create(long sizeBytes, Tiers tiers) {
    create(sizeBytes, BLOCK_BYTES, tiers);
  }

  void create(long sizeBytes, int blockBytes, Tiers tiers) {
    new VolumeAdmin(admin(), new Nonces(random))
        .create(PLACE, sizeBytes, blockBytes, tiers, FencingGate.TRUSTING);
  }

  /** Changes the manifest as nobody may. */
  void changeManifest(UnaryOperator<Manifest> change) {
    putForeign(PLACE.keyPrefix() + Keys.MANIFEST, ManifestCodec.encode(change.apply(manifest())));
  }

  /** Opens the volume in a new process. */
  VolumeCore open(Takeover takeover) {
    PolicyObjectStore newStore = connect();
    var core = new VolumeCore[1];
    var newLoop =
        new SimLoop(
            timer,
            random,
            maxBlockingNanos,
            defect -> {
              defects.add(defect);
              if (core[0] != null) {
                core[0].defect(defect);
              }
            },
            () -> onWait.run(),
            () -> wallSkewNanos);
    Connection before = process;
    process = new Connection(newLoop, newStore);
    try {
      core[0] =
          new VolumeOpener(
                  PLACE.name(),
                  PLACE.where(),
                  PLACE.keyPrefix(),
                  newStore,
                  settings,
                  sizes,
                  logs,
                  newLoop,
                  new Nonces(random),
                  FencingGate.TRUSTING,
                  scrubs,
                  (Manifest m) -> VolumeAdmin.summary(PLACE, m),
                  newStore::abort)
              .open(takeover);
      volume = core[0];
      return core[0];
    } catch (RuntimeException e) {
      newLoop.shutdown();
      newStore.abort();
      // One that runs already has the log's lock, and is still the process of this host.
      process = before;
      throw e;
    }
  }

  VolumeCore open() {
    return open(Takeover.NONE);
  }

  /** The process dies; what it sent may still arrive. */
  void crash() {
    endProcess();
    logs.crash();
  }

  /** The machine loses power. */
  void cutPower() {
    endProcess();
    logs.cutPower();
  }

  private void endProcess() {
    if (process != null) {
      process.end();
      process = null;
    }
    if (volume != null) {
      // The memory that a process takes with it, which no collector frees.
      volume.cache().clear();
      volume = null;
    }
  }

  /** Submits and lets time pass until it ends. */
  IoStatus run(VolumeCore volume, IoCommand command) {
    IoFuture io = submit(volume, command);
    runUntil(io);
    return io.await();
  }

  IoFuture submit(VolumeCore volume, IoCommand command) {
    var io = new IoFuture();
    volume.submit(command, io);
    return io;
  }

  void runUntil(IoFuture io) {
    long from = timer.nanoTime();
    while (io.completions() == 0) {
      if (!timer.step() || timer.nanoTime() - from > 600_000_000_000L) {
        throw new AssertionError("a hang: the command did not end");
      }
    }
  }

  IoStatus write(VolumeCore volume, int block, int blocks, long id) {
    return run(volume, writeCommand(block, blocks, id, false));
  }

  static IoCommand writeCommand(int block, int blocks, long id, boolean fua) {
    MemorySegment data = Arena.ofAuto().allocate((long) blocks * BLOCK_BYTES, 8);
    BlockStamp.fill(data, BLOCK_BYTES, block, id);
    return new IoCommand.Write((long) block * BLOCK_BYTES, data, fua);
  }

  IoStatus flush(VolumeCore volume) {
    return run(volume, IoCommand.FLUSH);
  }

  /** The ids that blocks show. */
  long[] read(VolumeCore volume, int block, int blocks) {
    MemorySegment data = Arena.ofAuto().allocate((long) blocks * BLOCK_BYTES, 8);
    IoStatus status = run(volume, new IoCommand.Read((long) block * BLOCK_BYTES, data));
    if (status != IoStatus.OK) {
      throw new AssertionError("a read of block " + block + ": " + status);
    }
    var ids = new long[blocks];
    for (int i = 0; i < blocks; i++) {
      ids[i] = BlockStamp.idOf(data.asSlice((long) i * BLOCK_BYTES, BLOCK_BYTES), block + i);
    }
    return ids;
  }

  /** Lets time pass. */
  void advance(long millis) {
    timer.advance(millis * 1_000_000);
  }

  /** Lets time pass until everything applied is in the bucket. */
  void awaitUploaded(VolumeCore volume) {
    for (int i = 0; volume.positions().uploadedLsn() < volume.positions().appliedLsn(); i++) {
      if (i == 60_000) {
        throw new AssertionError("not uploaded: " + volume.positions() + " " + volume.state());
      }
      advance(10);
    }
  }

  /** Lets simulated time pass until it ends. */
  void await(CompletableFuture<?> future) {
    Futures.await(Objects.requireNonNull(process).loop(), "sim", future);
  }
}
