package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.DeviceProvider;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.scrub.ScrubQueue;
import dev.isthmus.blocktranslation.scrub.ScrubSettings;
import dev.isthmus.blocktranslation.scrub.ScrubTarget;
import dev.isthmus.blocktranslation.scrub.VolumeScrub;
import dev.isthmus.blocktranslation.store.BucketUri;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.StoreAddress;
import dev.isthmus.blocktranslation.store.StoreStatistics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Volumes in buckets: {@code s3://BUCKET/PREFIX/VOLUME?endpoint=…&region=…}, {@code
 * minio://HOST:PORT/BUCKET/PREFIX/VOLUME} and {@code bucket+file:///DIR/VOLUME}.
 *
 * <p>{@link #create} takes {@code size} (as {@code 10GiB}), {@code blk_size} (512 or 4096), {@code
 * ack} ({@code applied}, {@code local}), {@code flush} ({@code local}, {@code uploaded}) and {@code
 * rpo} ({@code none}, {@code 30s}, {@code 30s,enforce}); {@link #open} takes {@code takeover}
 * ({@code unflushed}, {@code lossy}); both take {@code fencing} ({@link Fencing}); every call takes
 * {@code log_dir}, a directory of this host for the volume's log ({@link LogPlace}). Threading:
 * thread-safe; all calls block.
 */
public final class ObjectVolumeProvider implements DeviceProvider, AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(ObjectVolumeProvider.class);

  private static final Set<String> CREATE_KEYS =
      Set.of("size", "blk_size", "ack", "flush", "rpo", Fencing.KEY, LogPlace.KEY);
  private static final Set<String> OPEN_KEYS = Set.of("takeover", Fencing.KEY, LogPlace.KEY);
  private static final Set<String> OTHER_KEYS = Set.of(LogPlace.KEY);

  private static final int DEFAULT_BLOCK_BYTES = 4096;

  private final ObjectVolumeSettings settings;
  private final Nonces nonces = new Nonces();
  private final ScrubQueue scrubs = new ScrubQueue();
  private final EngineThreads threads;
  private final RequestLedger ledger = new RequestLedger();
  private final Map<StoreAddress, ObjectStore> stores = new HashMap<>();

  /** Volumes run as {@code settings} say. */
  public ObjectVolumeProvider(ObjectVolumeSettings settings) {
    this.settings = settings;
    this.threads = new EngineThreads(settings.requestTimeout());
  }

  @Override
  public Set<String> schemes() {
    return BucketUri.SCHEMES;
  }

  @Override
  public ObjectVolume open(StorageUri uri) {
    uri.refuseSizeAtOpen();
    BucketUri bucket = BucketUri.ofVolume(uri, OPEN_KEYS);
    Takeover takeover = takeover(uri.get("takeover"));
    FencingGate gate = FencingGate.of(uri.get(Fencing.KEY));
    return open(
        bucket,
        VolumePlace.of(uri, bucket),
        logs(uri, bucket),
        gate,
        opener -> opener.open(takeover));
  }

  /**
   * As {@link #open}, of a volume that this host had, after a restart or for another try: nobody
   * asked for it now.
   *
   * @param expected its UUID; null if it is not known
   * @throws DeviceException.Fenced if another host has taken it over meanwhile, even if that one
   *     has closed it in order; or if there is another volume in its place. {@link
   *     OperatorNeededException} is the cause
   */
  public ObjectVolume reopen(StorageUri uri, @Nullable UUID expected) {
    uri.refuseSizeAtOpen();
    BucketUri bucket = BucketUri.ofVolume(uri, OPEN_KEYS);
    return open(
        bucket,
        VolumePlace.of(uri, bucket),
        madeLogs(uri, bucket),
        FencingGate.AS_STORED,
        opener -> opener.openUnattended(expected));
  }

  /** Where the logs of a volume lie; a place of its own is there already, as a person made it. */
  private Path madeLogs(StorageUri uri, BucketUri bucket) {
    Path own = LogPlace.of(uri, bucket);
    if (own == null) {
      return ownLogs();
    }
    LogPlace.requireMade(own);
    return own;
  }

  /** Where the logs of a volume lie, which can be written to; made if a person says so. */
  private Path logs(StorageUri uri, BucketUri bucket) {
    Path own = LogPlace.of(uri, bucket);
    if (own == null) {
      return ownLogs();
    }
    LogPlace.make(own);
    return own;
  }

  private Path ownLogs() {
    LogPlace.requireUsable(settings.directory());
    return settings.directory();
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

  private ObjectVolume open(
      BucketUri bucket,
      VolumePlace place,
      Path logs,
      FencingGate gate,
      Function<VolumeOpener, VolumeCore> open) {
    // Of its own, so that its requests are counted and bounded by volume.
    ObjectStore store = connect(bucket.address());
    try {
      return open(store, place, logs, gate, open);
    } catch (RuntimeException | Error e) {
      ledger.close(store);
      throw e;
    }
  }

  private VolumeCore open(
      ObjectStore store,
      VolumePlace place,
      Path logs,
      FencingGate gate,
      Function<VolumeOpener, VolumeCore> open) {
    var volume = new AtomicReference<@Nullable VolumeCore>();
    var loop =
        new ThreadedLoop(
            "volume-" + place.name(),
            threads.blocking(),
            defect -> {
              VolumeCore core = volume.get();
              if (core != null) {
                core.defect(defect);
              } else {
                LOG.error("{}: a defect while it is opened", place.where(), defect);
              }
            });
    try {
      VolumeCore core =
          open.apply(
              new VolumeOpener(
                  place.name(),
                  place.where(),
                  place.keyPrefix(),
                  store,
                  settings.withDirectory(logs),
                  EngineSizes.of(settings),
                  LogHome.DISK,
                  loop,
                  nonces,
                  gate,
                  scrubs,
                  manifest -> VolumeAdmin.summary(place, manifest),
                  () -> ledger.close(store)));
      volume.set(core);
      return core;
    } catch (RuntimeException | Error e) {
      loop.shutdown();
      throw e;
    }
  }

  @Override
  public ObjectVolume create(StorageUri uri) {
    BucketUri bucket = BucketUri.ofVolume(uri, CREATE_KEYS);
    VolumePlace place = VolumePlace.of(uri, bucket);
    Path logs = logs(uri, bucket);
    int blockBytes = uri.blockSizeBytes(DEFAULT_BLOCK_BYTES);
    FencingGate gate = FencingGate.of(uri.get(Fencing.KEY));
    admin(bucket).create(place, uri.sizeBytesAtCreate(blockBytes), blockBytes, tiers(uri), gate);
    return open(bucket, place, logs, FencingGate.AS_STORED, opener -> opener.open(Takeover.NONE));
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

  /** Reads what a volume's bucket says of its logs; owns nothing, changes nothing. */
  public VolumeHistory history(StorageUri uri) {
    BucketUri bucket = BucketUri.ofVolume(uri, OTHER_KEYS);
    return reader(bucket).history(VolumePlace.of(uri, bucket));
  }

  /** Reads a volume's manifest; owns nothing, changes nothing. */
  public VolumeSummary describe(StorageUri uri) {
    BucketUri bucket = BucketUri.ofVolume(uri, OTHER_KEYS);
    return reader(bucket).describe(VolumePlace.of(uri, bucket));
  }

  /** Reads the whole listing of a volume's objects, open or not; changes nothing. */
  public ListedBytes measure(StorageUri uri) {
    BucketUri bucket = BucketUri.ofVolume(uri, OTHER_KEYS);
    return new VolumeObjects(store(bucket.address().toRead()), VolumePlace.of(uri, bucket))
        .measure();
  }

  /**
   * A scrub of a volume that this process need not have open; owns nothing, changes nothing. It is
   * not started. What only the owner's log has is not looked at.
   */
  public VolumeScrub scrub(StorageUri uri, ScrubSettings settings) {
    if (settings.repair()) {
      throw new DeviceException.Invalid(
          "a repair writes through the open volume: say its name, not its URI");
    }
    VolumeLocation at = VolumeLocation.of(uri);
    return new VolumeScrub(
        ScrubTarget.offline(store(at.address()), at.keyPrefix(), at.where(), scrubs), settings);
  }

  /**
   * Deletes a volume: takes it from its owner, then empties the bucket of all its objects, the
   * manifest last, then the local log. Not while this process has it open.
   *
   * @param deletedObjects hears the number of objects deleted so far
   */
  public void delete(StorageUri uri, LongConsumer deletedObjects) {
    BucketUri bucket = BucketUri.ofVolume(uri, OTHER_KEYS);
    Path own = LogPlace.of(uri, bucket);
    Manifest manifest = admin(bucket).delete(VolumePlace.of(uri, bucket), deletedObjects);
    Path logs = own == null ? settings.directory() : own;
    deleteTree(logs.resolve(manifest.volume().toString()));
  }

  /** The directory below which the log of the volume at {@code uri} lies. */
  public Path logDirectory(StorageUri uri) {
    Path own = LogPlace.of(uri, BucketUri.ofVolume(uri, OTHER_KEYS));
    return own == null ? settings.directory() : own;
  }

  /** The same, and it is there, with its file system mounted if it has one of its own. */
  public Path requireMadeLogDirectory(StorageUri uri) {
    return madeLogs(uri, BucketUri.ofVolume(uri, OTHER_KEYS));
  }

  /** The same, and a log can be kept there; it is made if it is missing. */
  public Path requireLogDirectory(StorageUri uri) {
    return logs(uri, BucketUri.ofVolume(uri, OTHER_KEYS));
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

  /** For what leaves no trace in the bucket, not even where there is none. */
  private VolumeAdmin reader(BucketUri bucket) {
    return new VolumeAdmin(store(bucket.address().toRead()), nonces);
  }

  /** The connection to a bucket for what is done without opening a volume. */
  private ObjectStore store(StoreAddress address) {
    synchronized (stores) {
      return stores.computeIfAbsent(address, this::connect);
    }
  }

  private ObjectStore connect(StoreAddress address) {
    return ledger.opened(threads.connect(address));
  }

  /**
   * What this process asked of each bucket, by the bucket's description: by volumes that are open,
   * that were, or that could not be opened, and by all other calls here. Never goes down.
   */
  public Map<String, StoreStatistics> requests() {
    return ledger.requests();
  }

  /** Frees what the provider shares between volumes; volumes are closed before. */
  @Override
  public void close() {
    synchronized (stores) {
      stores.values().forEach(ledger::close);
      stores.clear();
    }
    threads.close();
  }
}
