package dev.isthmus.blocktranslation.formatreader;

import dev.isthmus.blockdevice.BlockingDevice;
import dev.isthmus.blockdevice.Positions;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.ObjectVolumeProvider;
import dev.isthmus.blocktranslation.ObjectVolumeSettings;
import dev.isthmus.blocktranslation.store.BucketUri;
import dev.isthmus.blocktranslation.store.ByteRange;
import dev.isthmus.blocktranslation.store.ExecutorStoreTimer;
import dev.isthmus.blocktranslation.store.ListPage;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreLimits;
import dev.isthmus.blocktranslation.store.StoreTesting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A volume that the product writes, in a directory, and what it must hold. Threading: one thread.
 */
final class SampleVolume implements AutoCloseable {

  static final int DISK_BYTES = 64 << 20;
  private static final int BLOCK_BYTES = 4096;
  private static final int BLOCKS = DISK_BYTES / BLOCK_BYTES;
  private static final int MAX_WRITE_BLOCKS = 64;
  private static final int MAX_ZEROED_BLOCKS = 512;

  private final Path directory;
  private final Random random;
  private final ObjectVolumeProvider provider;
  private final byte[] model = new byte[DISK_BYTES];
  private @Nullable BlockingDevice device;

  SampleVolume(Path directory, long seed) {
    this.directory = directory;
    this.random = new Random(seed);
    // A segment is sealed only when it is full: what is less stays in the log until the close.
    this.provider =
        new ObjectVolumeProvider(
            new ObjectVolumeSettings(
                directory.resolve("host"),
                256L << 20,
                4 << 20,
                16 << 20,
                1 << 20,
                Duration.ofHours(1),
                Duration.ofSeconds(30)));
  }

  void create() throws IOException {
    Files.createDirectories(directory.resolve("bucket"));
    Files.createDirectories(directory.resolve("host"));
    device = new BlockingDevice(provider.create(uri("?size=64MiB&blk_size=" + BLOCK_BYTES)));
  }

  void open() {
    device = new BlockingDevice(provider.open(uri("")));
  }

  private StorageUri uri(String query) {
    return StorageUri.parse("bucket+file://" + directory.resolve("bucket/vol") + query);
  }

  private BlockingDevice device() {
    if (device == null) {
      throw new IllegalStateException("not open");
    }
    return device;
  }

  /** Writes, zeroes, discards and flushes at random until {@code bytes} were written; flushes. */
  void play(long bytes) {
    long written = 0;
    while (written < bytes) {
      int roll = random.nextInt(100);
      int blocks = 1 + random.nextInt(roll < 80 ? MAX_WRITE_BLOCKS : MAX_ZEROED_BLOCKS);
      int offset = random.nextInt(BLOCKS - blocks + 1) * BLOCK_BYTES;
      int length = blocks * BLOCK_BYTES;
      if (roll < 80) {
        byte[] data = new byte[length];
        random.nextBytes(data);
        device().writeAt(offset, data);
        System.arraycopy(data, 0, model, offset, length);
        written += length;
      } else if (roll < 97) {
        if (roll < 88) {
          device().writeZeroes(offset, length);
        } else {
          device().discard(offset, length);
        }
        Arrays.fill(model, offset, offset + length, (byte) 0);
      } else {
        device().flush();
      }
    }
    device().flush();
  }

  /** What the disk must hold. */
  byte[] model() {
    return model.clone();
  }

  /** Waits until nothing changes but what a write would change: all full segments are uploaded. */
  void settle() throws InterruptedException {
    Positions before = Positions.NONE;
    for (int same = 0; same < 5; ) {
      Thread.sleep(50);
      Positions now = device().device().positions();
      same = now.equals(before) ? same + 1 : 0;
      before = now;
    }
  }

  void closeDevice() {
    device().close();
    device = null;
  }

  @Override
  public void close() {
    if (device != null) {
      closeDevice();
    }
    provider.close();
  }

  /**
   * The volume as a host that dies now leaves it, under {@code target}, not opened. The log is
   * copied first: what is trimmed meanwhile is in the bucket.
   */
  SampleVolume crashedCopy(Path target) throws IOException {
    copyTree(directory.resolve("host"), target.resolve("host"));
    copyTree(directory.resolve("bucket"), target.resolve("bucket"));
    var copy = new SampleVolume(target, random.nextLong());
    System.arraycopy(model, 0, copy.model, 0, model.length);
    return copy;
  }

  private static void copyTree(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path path : all.toList()) {
        Path copy = to.resolve(from.relativize(path));
        if (Files.isDirectory(path)) {
          Files.createDirectories(copy);
        } else {
          Files.copy(path, copy);
        }
      }
    }
  }

  /** All objects of the volume. */
  ObjectView objects() {
    var bucket =
        BucketUri.ofVolume(
            StorageUri.parse("bucket+file://" + directory.resolve("bucket/vol")), Set.of());
    var timer = StoreTesting.timerExecutor();
    try (ObjectStore store =
        bucket.address().open(StoreLimits.DEFAULT, new ExecutorStoreTimer(timer))) {
      return new ObjectView(read(store, bucket.volumePrefix()));
    } finally {
      timer.shutdownNow();
    }
  }

  private static Map<String, byte[]> read(ObjectStore store, String prefix) {
    var options = RequestOptions.of(RequestPurpose.ADMIN);
    var objects = new TreeMap<String, byte[]>();
    String continuation = null;
    do {
      ListPage page =
          StoreTesting.join(store.list(prefix, continuation, ObjectStore.MAX_LIST_KEYS, options));
      for (var object : page.objects()) {
        var body =
            StoreTesting.join(
                store.get(object.key(), ByteRange.whole(ObjectStore.MAX_OBJECT_BYTES), options));
        objects.put(object.key().substring(prefix.length()), StoreTesting.bytesOf(body));
      }
      continuation = page.continuation();
    } while (continuation != null);
    return objects;
  }

  /** The directory of the log that a manifest names. */
  Path log(ManifestText manifest) {
    return directory
        .resolve("host")
        .resolve(manifest.volume().toString())
        .resolve("log-" + manifest.log());
  }
}
