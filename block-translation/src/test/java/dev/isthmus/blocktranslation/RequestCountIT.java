package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.BlockingDevice;
import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.format.SegmentHeader;
import dev.isthmus.blocktranslation.image.FileSource;
import dev.isthmus.blocktranslation.image.Progress;
import dev.isthmus.blocktranslation.scrub.ScrubProgress;
import dev.isthmus.blocktranslation.scrub.ScrubSettings;
import dev.isthmus.blocktranslation.scrub.VolumeScrub;
import dev.isthmus.blocktranslation.store.MinioRequests;
import dev.isthmus.blocktranslation.store.RequestKind;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreStatistics;
import dev.isthmus.blocktranslation.store.TestMinio;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the product counts of its requests is what a real MinIO counts of them. */
class RequestCountIT {

  private static final long IDLE_SECONDS = Long.getLong("idle.seconds", 20);

  private static final long LONGEST_NANOS = TimeUnit.MINUTES.toNanos(5);

  private static final int MIB = 1 << 20;

  /** MinIO's names of the only requests that there are. */
  private static final Map<RequestKind, String> NAMES =
      Map.of(
          RequestKind.GET, "GetObject",
          RequestKind.PUT, "PutObject",
          RequestKind.DELETE, "DeleteObject",
          RequestKind.LIST, "ListObjectsV2");

  /** Most bytes of headers, and of answers that are no object, for each request. */
  private static final int OVERHEAD_BYTES = 4096;

  @SuppressWarnings("NullAway.Init") // set before all tests
  private static TestMinio server;

  @TempDir private Path directory = Path.of("unset");

  @BeforeAll
  static void start() {
    server = TestMinio.start();
  }

  @AfterAll
  static void stop() {
    if (server != null) {
      server.close();
    }
  }

  private static StorageUri uri(String volume, String rest) {
    return StorageUri.parse(server.volumeUri(volume, rest));
  }

  private ObjectVolumeProvider provider() {
    return new ObjectVolumeProvider(TestHost.settings(directory.resolve("host")));
  }

  private static StoreStatistics all(ObjectVolumeProvider provider) {
    Map<String, StoreStatistics> buckets = provider.requests();
    assertEquals(1, buckets.size(), buckets::toString);
    return buckets.values().iterator().next();
  }

  /** By kind, and nothing of any other kind; and of the bytes as near as headers allow. */
  private static void assertCountedAlike(MinioRequests before, StoreStatistics ours)
      throws InterruptedException {
    MinioRequests theirs = MinioRequests.steady(server).since(before);
    var expected = new HashMap<String, Long>();
    NAMES.forEach((kind, name) -> {
      if (ours.of(kind).attempts() > 0) {
        expected.put(name, ours.of(kind).attempts());
      }
    });
    assertEquals(expected, theirs.byName());
    long received = ours.total().receivedBytes();
    assertTrue(
        received <= theirs.sentBytes()
            && theirs.sentBytes() <= received + ours.total().attempts() * OVERHEAD_BYTES,
        () -> received + " received, " + theirs.sentBytes() + " sent");
  }

  private static void write(BlockingDevice device, long seed) {
    byte[] bytes = new byte[MIB];
    var random = new Random(seed);
    for (int i = 0; i < 8; i++) {
      random.nextBytes(bytes);
      device.writeAt((long) i * MIB, bytes);
    }
  }

  private static void read(BlockingDevice device) {
    byte[] bytes = new byte[64 << 10];
    for (long at = 0; at < 8L * MIB; at += bytes.length) {
      device.readAt(at, bytes);
    }
  }

  private static void scrub(VolumeScrub scrub) {
    assertTrue(scrub.awaitEnd(LONGEST_NANOS));
    assertEquals(ScrubProgress.State.DONE, scrub.progress().state(), scrub.progress()::toString);
  }

  /** What its owner knows of it is what lies there. */
  private static void assertStored(ObjectVolume volume, ListedBytes listed, int fences) {
    StoredBytes stored = volume.statistics().stored();
    assertEquals(
        listed.segmentBytes(), stored.segmentBytes() + (long) fences * SegmentHeader.BYTES);
    assertEquals(listed.mapBytes(), stored.mapBytes());
    assertEquals(listed.checkpointBytes(), stored.checkpointBytes());
    assertEquals(0, stored.unknownObjects());
  }

  @Test
  void oneLifeOfAVolume() throws InterruptedException {
    MinioRequests before = MinioRequests.steady(server);
    try (var provider = provider()) {
      ObjectVolume first = provider.create(uri("lives/life", "&size=64MiB"));
      var device = new BlockingDevice(first);
      write(device, 1);
      first.drain(Duration.ofMinutes(2)).join();
      write(device, 2);
      first.drain(Duration.ofMinutes(2)).join();
      read(device);
      scrub(first.startScrub(ScrubSettings.readOnly(0)));
      StoredBytes written = first.statistics().stored();
      assertEquals(0, written.mapBytes());
      assertTrue(
          written.liveBytes() > 8 * MIB && written.garbageBytes() > 0, () -> written.toString());
      assertStored(first, provider.measure(uri("lives/life", "")), 1);
      first.close();
      assertCountedAlike(before, all(provider));

      ObjectVolume second = provider.open(uri("lives/life", ""));
      assertStored(second, provider.measure(uri("lives/life", "")), 2);
      read(new BlockingDevice(second));
      write(new BlockingDevice(second), 3);
      second.close();
      provider.open(uri("lives/life", "")).close();
      scrub(provider.scrub(uri("lives/life", ""), ScrubSettings.readOnly(0)).start("life"));
      assertEquals(1, provider.list(uri("lives", "")).size());
      assertEquals("life", provider.history(uri("lives/life", "")).name());
      assertCountedAlike(before, all(provider));
      assertPurposes(all(provider));

      provider.delete(uri("lives/life", ""), _ -> {});
      assertCountedAlike(before, all(provider));
      assertTrue(all(provider).of(RequestKind.DELETE, RequestPurpose.ADMIN).attempts() > 10);
    }
  }

  /** Everything that was done, and nothing under a wrong name: of each, what can do no other. */
  private static void assertPurposes(StoreStatistics ours) {
    for (RequestPurpose purpose : RequestPurpose.values()) {
      long gets = ours.of(RequestKind.GET, purpose).attempts();
      long puts = ours.of(RequestKind.PUT, purpose).attempts();
      switch (purpose) {
        case READ, READ_AHEAD, SCRUB, ADMIN -> {
          assertTrue(gets > 0, () -> "GETs for " + purpose);
          assertEquals(0, puts, () -> "PUTs for " + purpose);
        }
        case SEGMENT, CHECKPOINT -> {
          assertEquals(0, gets, () -> "GETs for " + purpose);
          assertTrue(puts > 0, () -> "PUTs for " + purpose);
        }
        case MAP, MANIFEST, OPEN -> {
          assertTrue(gets > 0, () -> "GETs for " + purpose);
          assertTrue(puts > 0, () -> "PUTs for " + purpose);
        }
        // Deletes what was doomed five minutes ago; nothing is moved.
        case GC -> assertEquals(0, gets + puts, () -> "requests for " + purpose);
      }
      assertEquals(
          purpose == RequestPurpose.ADMIN,
          ours.of(RequestKind.LIST, purpose).attempts() > 0,
          () -> "LISTs for " + purpose);
    }
    // A create asks the bucket by four PUTs whether it keeps to conditions, an open by two.
    assertEquals(
        4 + 3 + 3 * 2,
        ours.of(RequestKind.PUT, RequestPurpose.OPEN).attempts(),
        "fences, and the probe");
    assertEquals(3, ours.of(RequestKind.PUT, RequestPurpose.CHECKPOINT).attempts(), "one a close");
  }

  @Test
  void aVolumeThatIsOpenAndIdleAsksForNothing() throws InterruptedException {
    try (var provider = provider();
        ObjectVolume volume = provider.create(uri("idle", "&size=64MiB"))) {
      write(new BlockingDevice(volume), 1);
      volume.drain(Duration.ofMinutes(2)).join();
      MinioRequests before = MinioRequests.steady(server);
      StoreStatistics counted = all(provider);
      Thread.sleep(TimeUnit.SECONDS.toMillis(IDLE_SECONDS));
      assertEquals(Map.of(), MinioRequests.steady(server).since(before).byName());
      assertEquals(counted, all(provider));
    }
  }

  @Test
  void anImportAndAnExportAreCounted() throws IOException, InterruptedException {
    Path image = directory.resolve("image");
    byte[] bytes = new byte[4 * MIB];
    new Random(1).nextBytes(bytes);
    Files.write(image, bytes);
    MinioRequests before = MinioRequests.steady(server);
    try (var images = new BucketImages(directory)) {
      long written =
          images.importDisk(
              FileSource.open(image),
              uri("imported", ""),
              new BucketImages.ImportOptions(4096, Tiers.DEFAULT),
              Progress.NONE);
      assertEquals(bytes.length, written);
      assertCountedAlike(before, images.requests());
      assertTrue(images.requests().of(RequestKind.GET, RequestPurpose.ADMIN).attempts() > 0);
      assertEquals(0, images.requests().of(RequestKind.GET, RequestPurpose.OPEN).attempts());
      String where = uri("imported", "").toString();
      try (BucketDisk disk =
          images.openVolume(where, BucketImages.ReadOptions.newest(notice -> {}))) {
        MemorySegment read = Arena.ofAuto().allocate(bytes.length);
        disk.read(0, read).join();
        assertArrayEquals(bytes, read.toArray(ValueLayout.JAVA_BYTE));
      }
      assertCountedAlike(before, images.requests());
    }
  }

  /** Nobody sees its connection; what it asked for is charged all the same. */
  @Test
  void anOpenThatFailsIsCounted() throws InterruptedException {
    MinioRequests before = MinioRequests.steady(server);
    try (var provider = provider()) {
      for (int i = 0; i < 3; i++) {
        assertThrows(
            DeviceException.Unavailable.class, () -> provider.open(uri("nowhere", "")).close());
      }
      assertCountedAlike(before, all(provider));
      assertEquals(3, all(provider).of(RequestKind.GET, RequestPurpose.MANIFEST).attempts());
    }
  }
}
