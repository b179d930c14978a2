package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.DeviceProvider;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.store.BucketUri;
import dev.isthmus.blocktranslation.store.ExecutorStoreTimer;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.StoreAddress;
import dev.isthmus.blocktranslation.store.StoreException;
import dev.isthmus.blocktranslation.store.StoreLimits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongConsumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Volumes in buckets: {@code s3://BUCKET/PREFIX/VOLUME?endpoint=…&region=…} and {@code
 * bucket+file:///DIR/VOLUME}.
 *
 * <p>{@link #create} takes {@code size} (as {@code 10GiB}), {@code blk_size} (512 or 4096), {@code
 * ack} ({@code applied}, {@code local}), {@code flush} ({@code local}, {@code uploaded}) and {@code
 * rpo} ({@code none}, {@code 30s}, {@code 30s,enforce}); {@link #open} takes {@code takeover}
 * ({@code unflushed}, {@code lossy}). Threading: thread-safe; all calls block.
 */
public final class ObjectVolumeProvider implements DeviceProvider, AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(ObjectVolumeProvider.class);

  private static final Set<String> CREATE_KEYS = Set.of("size", "blk_size", "ack", "flush", "rpo");
  private static final Set<String> OPEN_KEYS = Set.of("takeover");

  /**
   * Threads for what blocks: building segments, forcing and trimming logs, merging maps. A volume
   * has at most eight such tasks at once, and the disk and two cores are full with fewer.
   */
  private static final int BLOCKING_THREADS = 16;

  private static final int DEFAULT_BLOCK_BYTES = 4096;

  private final ObjectVolumeSettings settings;
  private final Nonces nonces = new Nonces();
  private final ThreadPoolExecutor blocking;
  private final ScheduledThreadPoolExecutor timer;
  private final Map<StoreAddress, ObjectStore> stores = new HashMap<>();

  /** Volumes run as {@code settings} say. */
  public ObjectVolumeProvider(ObjectVolumeSettings settings) {
    this.settings = settings;
    this.blocking =
        new ThreadPoolExecutor(
            BLOCKING_THREADS,
            BLOCKING_THREADS,
            10,
            TimeUnit.SECONDS,
            // Bounded by those who hand in: see BLOCKING_THREADS.
            new LinkedBlockingQueue<>(),
            daemons("volume-io-"));
    blocking.allowCoreThreadTimeOut(true);
    this.timer = new ScheduledThreadPoolExecutor(1, daemons("store-timer-"));
    timer.setRemoveOnCancelPolicy(true);
  }

  private static ThreadFactory daemons(String prefix) {
    return Thread.ofPlatform().daemon().name(prefix, 0).factory();
  }

  @Override
  public Set<String> schemes() {
    return BucketUri.SCHEMES;
  }

  @Override
  public ObjectVolume open(StorageUri uri) {
    uri.refuseSizeAtOpen();
    BucketUri bucket = BucketUri.ofVolume(uri, OPEN_KEYS);
    return open(bucket, place(uri, bucket), takeover(uri.get("takeover")));
  }

  private static Takeover takeover(@Nullable String word) {
    return switch (word) {
      case null -> Takeover.NONE;
      case "unflushed" -> Takeover.UNFLUSHED;
      case "lossy" -> Takeover.LOSSY;
      default ->
          throw new DeviceException.Invalid("takeover is unflushed or lossy, not \"" + word + "\"");
    };
  }

  private ObjectVolume open(BucketUri bucket, VolumePlace place, Takeover takeover) {
    var volume = new AtomicReference<@Nullable VolumeCore>();
    var loop =
        new ThreadedLoop(
            "volume-" + place.name(),
            blocking,
            defect -> {
              VolumeCore core = volume.get();
              if (core != null) {
                core.defect(defect);
              } else {
                LOG.error("{}: a defect while it is opened", place.where(), defect);
              }
            });
    // Of its own, so that its requests are counted and bounded by volume.
    ObjectStore store = connect(bucket.address());
    try {
      VolumeCore core =
          new VolumeOpener(
                  place.name(),
                  place.where(),
                  place.keyPrefix(),
                  store,
                  settings,
                  EngineSizes.of(settings),
                  LogHome.DISK,
                  loop,
                  nonces,
                  manifest -> VolumeAdmin.summary(place, manifest),
                  store::close)
              .open(takeover);
      volume.set(core);
      return core;
    } catch (RuntimeException e) {
      loop.shutdown();
      store.close();
      throw e;
    }
  }

  @Override
  public ObjectVolume create(StorageUri uri) {
    BucketUri bucket = BucketUri.ofVolume(uri, CREATE_KEYS);
    VolumePlace place = place(uri, bucket);
    int blockBytes = uri.blockSizeBytes(DEFAULT_BLOCK_BYTES);
    admin(bucket).create(place, uri.sizeBytesAtCreate(blockBytes), blockBytes, tiers(uri));
    return open(bucket, place, Takeover.NONE);
  }

  /** What the URI says, and the defaults for the rest. */
  private static Tiers tiers(StorageUri uri) {
    String ack = uri.get("ack");
    String flush = uri.get("flush");
    String rpo = uri.get("rpo");
    return new Tiers(
        ack == null ? Tiers.DEFAULT.ack() : Tiers.parseAck(ack),
        flush == null ? Tiers.DEFAULT.flush() : Tiers.parseFlush(flush),
        rpo == null ? Tiers.DEFAULT.rpo() : Rpo.parse(rpo));
  }

  /**
   * Volumes whose manifests lie under a bucket URI without a volume name, by name. Reads the whole
   * listing of the bucket.
   */
  public List<VolumeSummary> list(StorageUri root) {
    BucketUri bucket = BucketUri.ofRoot(root);
    var volumes = new ArrayList<VolumeSummary>();
    for (String name : admin(bucket).names(bucket.rootPrefix())) {
      String separator = root.path().endsWith("/") ? "" : "/";
      StorageUri uri =
          new StorageUri(
              root.scheme(), root.authority(), root.path() + separator + name, root.query());
      volumes.add(describe(uri));
    }
    return volumes;
  }

  /** Reads a volume's manifest; owns nothing, changes nothing. */
  public VolumeSummary describe(StorageUri uri) {
    BucketUri bucket = BucketUri.ofVolume(uri, Set.of());
    return admin(bucket).describe(place(uri, bucket));
  }

  /**
   * Deletes a volume: takes it from its owner, then empties the bucket of all its objects, the
   * manifest last, then the local log. Not while this process has it open.
   *
   * @param deletedObjects hears the number of objects deleted so far
   */
  public void delete(StorageUri uri, LongConsumer deletedObjects) {
    BucketUri bucket = BucketUri.ofVolume(uri, Set.of());
    Manifest manifest = admin(bucket).delete(place(uri, bucket), deletedObjects);
    deleteTree(settings.directory().resolve(manifest.volume().toString()));
  }

  private static void deleteTree(Path root) {
    if (!Files.exists(root)) {
      return;
    }
    try (Stream<Path> all = Files.walk(root)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    } catch (IOException e) {
      throw new DeviceException.Unavailable(
          "the bucket is empty, but the local log can't be deleted: " + e.getMessage(), e);
    }
  }

  private VolumeAdmin admin(BucketUri bucket) {
    return new VolumeAdmin(store(bucket.address()), nonces);
  }

  private static VolumePlace place(StorageUri uri, BucketUri bucket) {
    String name = java.util.Objects.requireNonNull(bucket.volume());
    return new VolumePlace(
        name,
        bucket.volumePrefix(),
        new StorageUri(uri.scheme(), uri.authority(), uri.path(), Map.of()).toString());
  }

  /** The connection to a bucket for what is done without opening a volume. */
  private ObjectStore store(StoreAddress address) {
    synchronized (stores) {
      return stores.computeIfAbsent(address, this::connect);
    }
  }

  private ObjectStore connect(StoreAddress address) {
    try {
      long timeoutNanos = settings.requestTimeout().toNanos();
      StoreLimits limits = StoreLimits.DEFAULT;
      return address.open(
          limits.withTimeouts(timeoutNanos, Math.min(timeoutNanos, limits.attemptTimeoutNanos())),
          new ExecutorStoreTimer(timer));
    } catch (StoreException e) {
      throw Futures.deviceException("the bucket can't be opened", e);
    }
  }

  /** Frees what the provider shares between volumes; volumes are closed before. */
  @Override
  public void close() {
    synchronized (stores) {
      stores.values().forEach(ObjectStore::close);
      stores.clear();
    }
    timer.shutdownNow();
    blocking.shutdown();
  }
}
