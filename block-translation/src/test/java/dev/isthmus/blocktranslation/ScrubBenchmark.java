package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.BlockingDevice;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.scrub.ScrubProgress;
import dev.isthmus.blocktranslation.scrub.ScrubSettings;
import dev.isthmus.blocktranslation.scrub.VolumeScrub;
import dev.isthmus.blocktranslation.store.TestMinio;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * Prints how fast a scrub reads, what requests it takes, and what the check of a cached frame
 * costs. Arguments: a directory on the disk to be measured, MiB of data (512).
 */
final class ScrubBenchmark {

  private static final int ROUNDS = 3;

  private ScrubBenchmark() {}

  public static void main(String[] arguments) throws IOException {
    System.setProperty("aws.disableEc2Metadata", "true");
    Path directory = Files.createTempDirectory(Path.of(arguments[0]), "scrub-benchmark");
    long bytes = (arguments.length > 1 ? Long.parseLong(arguments[1]) : 512) << 20;
    cacheHits();
    try {
      Files.createDirectories(directory.resolve("bucket"));
      measure(
          "directory", "bucket+file://" + directory.resolve("bucket") + "/", "", directory, bytes);
      try (TestMinio minio = TestMinio.start()) {
        String query =
            "endpoint="
                + minio.endpoint()
                + "&region=us-east-1&credentials_file="
                + minio.credentialsFile();
        measure("MinIO", "s3://" + minio.bucket() + "/", query, directory, bytes);
      }
    } finally {
      try (var paths = Files.walk(directory)) {
        for (Path path : paths.toList().reversed()) {
          Files.delete(path);
        }
      }
    }
  }

  private static void measure(String name, String root, String query, Path directory, long bytes) {
    try (var provider =
        new ObjectVolumeProvider(ObjectVolumeSettings.defaults(directory.resolve("host")))) {
      for (int writeBytes : new int[] {1 << 20, 4096}) {
        StorageUri uri = uri(root + "of-" + writeBytes, query);
        String size = (query.isEmpty() ? "?" : "&") + "size=" + bytes;
        try (var device = new BlockingDevice(provider.create(StorageUri.parse(uri + size)))) {
          fill(device, bytes, writeBytes);
        }
        for (int round = 0; round < ROUNDS; round++) {
          report(
              name + ", written by " + writeBytes, provider.scrub(uri, ScrubSettings.readOnly(0)));
        }
      }
    }
  }

  private static StorageUri uri(String path, String query) {
    return StorageUri.parse(query.isEmpty() ? path : path + "?" + query);
  }

  private static void fill(BlockingDevice device, long bytes, int writeBytes) {
    var random = new Random(1);
    byte[] data = new byte[writeBytes];
    long slots = bytes / writeBytes;
    for (long i = 0; i < slots; i++) {
      random.nextBytes(data);
      long slot = writeBytes == 4096 ? random.nextLong(slots) : i;
      device.writeAt(slot * writeBytes, data);
    }
  }

  private static void report(String what, VolumeScrub scrub) {
    scrub.start("benchmark");
    if (!scrub.awaitEnd(TimeUnit.MINUTES.toNanos(10)) || !scrub.findings().isEmpty()) {
      throw new AssertionError(scrub.progress() + " " + scrub.findings());
    }
    ScrubProgress end = scrub.progress();
    double mib = end.bytesDone() / (double) (1 << 20);
    System.out.printf(
        Locale.ROOT,
        "%s: %.0f MiB in %.2f s, %.0f MiB/s, %.0f requests per GiB%n",
        what,
        mib,
        end.elapsedNanos() / 1e9,
        mib * 1e9 / end.elapsedNanos(),
        end.requests() * 1024 / mib);
  }

  private static void cacheHits() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment frame = arena.allocate(32 << 10);
      MemorySegment target = arena.allocate(32 << 10);
      var cache = new FrameCache(128 << 20);
      int frames = 3000;
      for (int i = 0; i < frames; i++) {
        cache.put(new FrameRef(0, i + 1L, 256, 32 << 10, 0), frame);
      }
      var random = new Random(1);
      for (int length : new int[] {4096, 4096, 16384, 32768}) {
        long start = System.nanoTime();
        int reads = 200_000;
        for (int i = 0; i < reads; i++) {
          long segment = 1L + random.nextInt(frames);
          if (!cache.read(
              new FrameRef(0, segment, 256, 32 << 10, 0), 0, target.asSlice(0, length))) {
            throw new AssertionError("a miss");
          }
        }
        System.out.printf(
            Locale.ROOT,
            "a hit of %d bytes of 32 KiB, checked: %.2f us%n",
            length,
            (System.nanoTime() - start) / 1e3 / reads);
      }
      cache.clear();
    }
  }
}
