package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.image.DiskSource;
import dev.isthmus.blocktranslation.image.FileSource;
import dev.isthmus.blocktranslation.image.PinnedState;
import dev.isthmus.blocktranslation.image.Progress;
import dev.isthmus.blocktranslation.map.MapSettings;
import dev.isthmus.blocktranslation.store.BucketUri;
import dev.isthmus.blocktranslation.store.ObjectStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Volumes in buckets as whole disks, without a gateway: read where nothing but the bucket is left,
 * and made of an image. Threading: thread-safe; all calls block.
 */
public final class BucketImages implements AutoCloseable {

  /** Memory for one volume's map; what does not fit is kept in files. */
  private static final long MAP_MEMORY_BYTES = 64 << 20;

  private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(30);

  private final EngineThreads threads = new EngineThreads(REQUEST_TIMEOUT);
  private final Nonces nonces = new Nonces();
  private final Path temporary;
  private final MapSettings mapSettings;

  /**
   * @param temporary a directory for what of a map does not fit into memory
   */
  public BucketImages(Path temporary) {
    this(temporary, MapSettings.ofMemory(MAP_MEMORY_BYTES));
  }

  /** For tests, with a map that does not fit into memory. */
  BucketImages(Path temporary, MapSettings mapSettings) {
    this.temporary = temporary;
    this.mapSettings = mapSettings;
  }

  /**
   * How a volume's disk is read.
   *
   * @param checkpoint from where its map comes
   * @param exact whether the disk is read as it was at that checkpoint, which must be the newest,
   *     the previous, or a named one, and not in the newest state
   * @param pinned the state that an earlier read had and this one is to have; null for none
   * @param skipDamaged whether what is damaged may be left out: a map that is lost in part is still
   *     read, and a chain that is broken is read as far as that
   * @param notices hears, in words, of what is not as it should be
   */
  public record ReadOptions(
      CheckpointChoice checkpoint,
      boolean exact,
      @Nullable PinnedState pinned,
      boolean skipDamaged,
      Consumer<String> notices) {

    /** The newest state, by the first way that is readable. */
    public static ReadOptions newest(Consumer<String> notices) {
      return new ReadOptions(CheckpointChoice.AUTOMATIC, false, null, false, notices);
    }
  }

  /**
   * What a volume is made like.
   *
   * @param blockSizeBytes 512 or 4096; the disk's size must be a multiple
   * @param tiers as of {@link ObjectVolumeProvider#create}
   * @param fencing likewise
   */
  public record ImportOptions(int blockSizeBytes, Tiers tiers, Fencing fencing) {

    /** Into a bucket that keeps owners apart. */
    public ImportOptions(int blockSizeBytes, Tiers tiers) {
      this(blockSizeBytes, tiers, Fencing.CONDITIONAL);
    }
  }

  /** Whether {@code text} says where a volume's objects are, and not a file or device. */
  public static boolean isVolume(String text) {
    return text.contains("://")
        ? BucketUri.SCHEMES.contains(StorageUri.parse(text).scheme())
        : VolumeLocation.isCopy(Path.of(text));
  }

  /**
   * Opens what {@code text} names to be read: a bucket's URI, a directory with a copy of a volume's
   * objects, {@code file:///PATH}, or the path of a file or block device.
   */
  public DiskSource open(String text, ReadOptions options) {
    if (isVolume(text) || (!text.contains("://") && Files.isDirectory(Path.of(text)))) {
      return openVolume(text, options);
    }
    if (!text.contains("://")) {
      return FileSource.open(Path.of(text));
    }
    StorageUri uri = StorageUri.parse(text);
    if (!uri.scheme().equals("file") && !uri.scheme().equals("aio")) {
      throw new DeviceException.Invalid(
          uri.scheme()
              + ":// can't be read from here: name a bucket (s3://, minio://, bucket+file://), a file, or a"
              + " block device");
    }
    uri.requireKeys(Set.of());
    return FileSource.open(Path.of(uri.path()));
  }

  /**
   * Opens a volume's disk with nothing but its bucket.
   *
   * @param text a bucket's URI, or a directory with a copy of the volume's objects
   */
  public BucketDisk openVolume(String text, ReadOptions options) {
    VolumeLocation location = VolumeLocation.parse(text);
    ObjectStore store = threads.connect(location.address());
    return openVolume(store, location.keyPrefix(), location.where(), options, store::close);
  }

  /** For tests, over a store of their own. */
  BucketDisk openVolume(
      ObjectStore store, String keyPrefix, String where, ReadOptions options, Runnable onClosed) {
    var defect = new CompletableFuture<DiskSource.Piece>();
    EngineLoop loop = loop(where, defect);
    Runnable end =
        () -> {
          loop.shutdown();
          onClosed.run();
        };
    try {
      return new BucketDiskOpener(
              new DiskMap.Source(store, loop, keyPrefix, where, mapSettings, temporary, nonces),
              options.notices(),
              options.skipDamaged(),
              end,
              defect)
          .open(options.checkpoint(), options.exact(), options.pinned());
    } catch (RuntimeException e) {
      end.run();
      throw e;
    }
  }

  private EngineLoop loop(String where, CompletableFuture<?> defect) {
    return new ThreadedLoop(
        "image",
        threads.blocking(),
        e ->
            defect.completeExceptionally(
                new DeviceException.Internal(where + ": a defect: " + e, e)));
  }

  /**
   * Makes a volume of a disk. It is there once all of it is in the bucket, and not before.
   *
   * @return bytes of the disk that were not zero
   * @throws DeviceException.Invalid if there is a volume of that name
   */
  public long importDisk(
      DiskSource source, StorageUri to, ImportOptions options, Progress progress) {
    BucketUri bucket = BucketUri.ofVolume(to, Set.of(LogPlace.KEY));
    ObjectStore store = threads.connect(bucket.address());
    try (store) {
      return importDisk(store, VolumePlace.of(to, bucket), source, options, progress);
    }
  }

  /** For tests, over a store of their own. */
  long importDisk(
      ObjectStore store,
      VolumePlace place,
      DiskSource source,
      ImportOptions options,
      Progress progress) {
    if (source.sizeBytes() % options.blockSizeBytes() != 0) {
      throw new DeviceException.Invalid(
          "%s has %d bytes, no multiple of the block size %d"
              .formatted(source.description(), source.sizeBytes(), options.blockSizeBytes()));
    }
    EngineLoop loop = loop(place.where(), new CompletableFuture<>());
    try {
      requireAbsent(store, loop, place);
      new VolumeObjects(store, place).requireApart();
      var fenced = new FencingStore(store, Fencing.CONDITIONAL);
      var importing =
          new ImageImport(
              fenced,
              loop,
              place.keyPrefix(),
              place.where(),
              VolumeAdmin.fencedFromTheStart(
                  new FencingGate(options.fencing(), true),
                  fenced,
                  place,
                  VolumeAdmin.newManifest(
                      nonces,
                      place,
                      source.sizeBytes(),
                      options.blockSizeBytes(),
                      options.tiers())),
              mapSettings,
              nonces);
      try {
        return importing.run(source, progress);
      } catch (RuntimeException e) {
        if (importing.mayDiscard(e)) {
          discard(importing.objects(place), e);
        }
        throw e;
      }
    } finally {
      loop.shutdown();
    }
  }

  private static void requireAbsent(ObjectStore store, EngineLoop loop, VolumePlace place) {
    var manifests = new ManifestStore(store, place.keyPrefix(), place.where());
    boolean absent =
        Futures.await(
            loop,
            place.where(),
            manifests
                .read()
                .handle((found, failure) -> {
                  if (failure == null) {
                    return false;
                  }
                  if (ManifestStore.isAbsent(failure)) {
                    return true;
                  }
                  throw Futures.deviceException(place.where(), failure);
                }));
    if (!absent) {
      throw new DeviceException.Invalid(
          "there is a volume at " + place.where() + ": choose another name, or delete it first");
    }
  }

  /** What nobody names is of no use to anybody. */
  private static void discard(VolumeObjects objects, RuntimeException why) {
    try {
      long _ = objects.delete(null, 0, _ -> {});
    } catch (RuntimeException e) {
      why.addSuppressed(e);
    }
  }

  /**
   * What lies where no volume is.
   *
   * @param objects how many
   * @param bytes in them
   */
  public record Leftovers(long objects, long bytes) {}

  /**
   * How much lies where no volume is: of imports that were broken off, or are under way, or of a
   * volume whose manifest is lost. Reads the whole listing.
   *
   * @throws DeviceException.Invalid if there is a volume, or anything that is none's own
   */
  public Leftovers leftovers(StorageUri where) {
    return withLeftovers(
        where,
        objects -> {
          VolumeObjects.Amount amount = objects.requireOwn();
          return new Leftovers(amount.objects(), amount.bytes());
        });
  }

  /**
   * Deletes what {@link #leftovers} tells of. Not while an import to the same place is under way. A
   * volume that lacks nothing but its manifest is lost for good.
   *
   * @return how many objects
   * @throws DeviceException.Invalid if there is a volume, or anything that is none's own
   */
  public long discardLeftovers(StorageUri where) {
    return withLeftovers(
        where,
        objects -> {
          VolumeObjects.Amount _ = objects.requireOwn();
          return objects.delete(null, 0, _ -> {});
        });
  }

  /** Whether anything lies there beside a manifest. One LIST. */
  public boolean hasLeftovers(StorageUri where) {
    BucketUri bucket = BucketUri.ofVolume(where, Set.of(LogPlace.KEY));
    try (ObjectStore store = threads.connect(bucket.address())) {
      return new VolumeObjects(store, VolumePlace.of(where, bucket)).any();
    }
  }

  private <T> T withLeftovers(StorageUri where, Function<VolumeObjects, T> task) {
    BucketUri bucket = BucketUri.ofVolume(where, Set.of(LogPlace.KEY));
    VolumePlace place = VolumePlace.of(where, bucket);
    try (ObjectStore store = threads.connect(bucket.address())) {
      EngineLoop loop = loop(place.where(), new CompletableFuture<>());
      try {
        requireAbsent(store, loop, place);
      } finally {
        loop.shutdown();
      }
      return task.apply(new VolumeObjects(store, place));
    }
  }

  @Override
  public void close() {
    threads.close();
  }
}
