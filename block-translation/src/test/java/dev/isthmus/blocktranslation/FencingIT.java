package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.BlockingDevice;
import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.store.ConditionProxy;
import dev.isthmus.blocktranslation.store.ListPage;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.RequestKind;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreStatistics;
import dev.isthmus.blocktranslation.store.StoreTesting;
import dev.isthmus.blocktranslation.store.TestMinio;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import software.amazon.awssdk.core.async.AsyncRequestBody;
import software.amazon.awssdk.services.s3.S3AsyncClient;

/**
 * Volumes on a real server, and on the same one behind a proxy that makes it a provider without
 * conditional writes.
 */
class FencingIT {

  private static final int BYTES = 1 << 20;

  @SuppressWarnings("NullAway.Init") // set before all tests
  private static TestMinio minio;

  @TempDir private Path directory = Path.of("unset");

  @BeforeAll
  static void start() {
    minio = TestMinio.start();
  }

  @AfterAll
  static void stop() {
    minio.close();
  }

  private ObjectVolumeProvider host(String name) {
    return new ObjectVolumeProvider(ObjectVolumeSettings.defaults(directory.resolve(name)));
  }

  private static StorageUri uri(String text) {
    return StorageUri.parse(text);
  }

  private static List<String> keys(String volume) {
    try (ObjectStore store = minio.openStore()) {
      return StoreTesting.join(
              store.list(volume + "/", null, 1000, RequestOptions.of(RequestPurpose.ADMIN)))
          .objects()
          .stream()
          .map(ListPage.ListedObject::key)
          .toList();
    }
  }

  private static byte[] content(int seed) {
    byte[] bytes = new byte[BYTES];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private static void write(ObjectVolume volume, byte[] content) {
    var disk = new BlockingDevice(volume);
    disk.writeAt(0, content);
    disk.flush();
  }

  private static byte[] read(ObjectVolume volume) {
    byte[] bytes = new byte[BYTES];
    new BlockingDevice(volume).readAt(0, bytes);
    return bytes;
  }

  /** At both the conditions are met before anything is written that could matter. */
  @ParameterizedTest
  @EnumSource(names = {"IGNORES", "REFUSES"})
  void aProviderWithoutConditionalWritesIsRefused(ConditionProxy.Fault fault) throws IOException {
    String volume = "refused-" + fault.name().toLowerCase(java.util.Locale.ROOT);
    try (var proxy = new ConditionProxy(minio, fault);
        var host = host("one")) {
      var told =
          assertThrows(
              DeviceException.Invalid.class,
              () -> host.create(uri(proxy.volumeUri(volume, "&size=8MiB"))));
      String message = String.valueOf(told.getMessage());
      System.out.println("FencingIT: " + message);
      String did = fault == ConditionProxy.Fault.IGNORES ? "ignores" : "refuses";
      assertTrue(message.contains(did + " If-None-Match"), message);
      assertTrue(message.contains("--fencing none"), message);
      assertEquals(List.of(), keys(volume), "nothing is left of the create");
      // A volume that was all right, whose provider is not any more.
      host.create(uri(minio.volumeUri(volume, "&size=8MiB"))).close();
      List<String> before = keys(volume);
      assertThrows(
          DeviceException.Invalid.class, () -> host.open(uri(proxy.volumeUri(volume, ""))));
      assertThrows(
          DeviceException.Invalid.class, () -> host.reopen(uri(proxy.volumeUri(volume, "")), null));
      assertEquals(before, keys(volume));
      host.open(uri(minio.volumeUri(volume, ""))).close();
    }
  }

  @Test
  void aProviderThatKnowsNoQuotesIsRefused() throws IOException {
    try (var proxy = new ConditionProxy(minio, ConditionProxy.Fault.WANTS_BARE_ETAG);
        var host = host("one")) {
      var told =
          assertThrows(
              DeviceException.Invalid.class,
              () -> host.create(uri(proxy.volumeUri("bare", "&size=8MiB"))));
      String message = String.valueOf(told.getMessage());
      System.out.println("FencingIT: " + message);
      assertTrue(message.contains("with the ETag that it gave"), message);
      assertEquals(List.of(), keys("bare"), "nothing is left of the create");
    }
  }

  /** Which MinIO keeps the key locked for, and everybody who asks for it waiting. */
  @Test
  void anOwnerThatWentSilentInTheMiddleOfAnUploadIsOutlasted() throws Exception {
    try (var host = host("one");
        S3AsyncClient client = minio.client()) {
      byte[] content = content(7);
      try (ObjectVolume volume = host.create(uri(minio.volumeUri("silent", "&size=8MiB")))) {
        write(volume, content);
      }
      var body = AsyncRequestBody.forBlockingOutputStream(1L << 20);
      CompletableFuture<?> put =
          client.putObject(
              r -> r.bucket(minio.bucket()).key(nextSlot("silent")).ifNoneMatch("*"), body);
      body.outputStream().write(new byte[100_000]);
      body.outputStream().flush();
      Thread.sleep(1000);
      long start = System.nanoTime();
      try (ObjectVolume volume = host.open(uri(minio.volumeUri("silent", "")))) {
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.printf("FencingIT: opened beside a silent upload after %.1f s%n", seconds);
        assertTrue(seconds > 5, "the key was not locked: this shows nothing");
        assertArrayEquals(content, read(volume));
      }
      put.cancel(true);
    }
  }

  private static String nextSlot(String volume) {
    String newest =
        keys(volume).stream()
            .filter(key -> key.contains("/segments/"))
            .max(String::compareTo)
            .get();
    int digits = newest.length() - 16;
    long next = Long.parseUnsignedLong(newest.substring(digits), 16) + 1;
    return newest.substring(0, digits) + "%016x".formatted(next);
  }

  /** On a good provider the question is two requests of an open. */
  @Test
  void anOpenAsksWithTwoRequests() {
    try (var host = host("one")) {
      host.create(uri(minio.volumeUri("asked", "&size=8MiB"))).close();
      try (ObjectVolume volume = host.open(uri(minio.volumeUri("asked", "")))) {
        StoreStatistics requests = volume.storeStatistics();
        StoreStatistics.Counts opening = requests.of(RequestKind.PUT, RequestPurpose.OPEN);
        System.out.println("FencingIT: an open after a clean close: " + requests.counts());
        assertEquals(3, opening.attempts(), "the probe twice, the fence");
        assertEquals(2, opening.preconditionFailed());
        assertEquals(8, requests.total().attempts());
        assertEquals(Fencing.CONDITIONAL, volume.summary().fencing());
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"IGNORES", "REFUSES"})
  void withoutFencingAVolumeWorksByLooking(ConditionProxy.Fault fault) throws IOException {
    String name = "unfenced-" + fault.name().toLowerCase(java.util.Locale.ROOT);
    try (var proxy = new ConditionProxy(minio, fault);
        var host = host("one")) {
      byte[] content = content(1);
      try (ObjectVolume volume =
          host.create(uri(proxy.volumeUri(name, "&size=8MiB&fencing=none&flush=uploaded")))) {
        assertEquals(Fencing.NONE, volume.summary().fencing());
        write(volume, content);
        StoreStatistics.Counts looks =
            volume.storeStatistics().of(RequestKind.GET, RequestPurpose.SEGMENT);
        assertTrue(looks.attempts() >= 1, "looks are counted: " + looks);
      }
      assertEquals(0, proxy.conditionsMet(), "no condition is sent");
      // The manifest says it: nobody has to say it again.
      try (ObjectVolume volume = host.open(uri(proxy.volumeUri(name, "")))) {
        assertArrayEquals(content, read(volume));
        assertEquals(Fencing.NONE, volume.summary().fencing());
      }
      // A name that is taken is seen by looking.
      assertThrows(
          DeviceException.Invalid.class,
          () -> host.create(uri(proxy.volumeUri(name, "&size=8MiB&fencing=none"))));
      // Back to conditions: not here, but where they are kept to.
      assertThrows(
          DeviceException.Invalid.class,
          () -> host.open(uri(proxy.volumeUri(name, "&fencing=conditional"))));
      try (ObjectVolume volume = host.open(uri(minio.volumeUri(name, "&fencing=conditional")))) {
        assertArrayEquals(content, read(volume));
      }
      assertEquals(Fencing.CONDITIONAL, host.describe(uri(minio.volumeUri(name, ""))).fencing());
      host.delete(uri(minio.volumeUri(name, "")), _ -> {});
      assertEquals(List.of(), keys(name));
    }
  }

  @Test
  void withoutFencingAVolumeIsDeletedThroughTheProxy() throws IOException {
    try (var proxy = new ConditionProxy(minio, ConditionProxy.Fault.REFUSES);
        var host = host("one")) {
      host.create(uri(proxy.volumeUri("gone", "&size=8MiB&fencing=none"))).close();
      host.delete(uri(proxy.volumeUri("gone", "")), _ -> {});
      assertEquals(List.of(), keys("gone"));
    }
  }

  /** What is still found out without fencing: an owner that comes back after it was replaced. */
  @Test
  void withoutFencingAReplacedOwnerFindsOutByLooking() throws Exception {
    try (var proxy = new ConditionProxy(minio, ConditionProxy.Fault.IGNORES);
        var one = host("one");
        var two = host("two")) {
      ObjectVolume old =
          one.create(uri(proxy.volumeUri("taken", "&size=8MiB&fencing=none&flush=uploaded")));
      byte[] first = content(1);
      write(old, first);
      // It needs the word of a person, as with fencing.
      assertThrows(
          DeviceException.Unavailable.class, () -> two.open(uri(proxy.volumeUri("taken", ""))));
      long start = System.nanoTime();
      try (ObjectVolume taken = two.open(uri(proxy.volumeUri("taken", "&takeover=lossy")))) {
        assertTrue(
            System.nanoTime() - start >= Duration.ofSeconds(2).toNanos(),
            "it waits before it serves");
        assertArrayEquals(first, read(taken));
        assertThrows(RuntimeException.class, () -> write(old, content(2)), "the old one is late");
        assertEquals(DeviceState.Kind.FENCED, old.state().kind());
        byte[] third = content(3);
        write(taken, third);
        assertArrayEquals(third, read(taken));
      }
      assertThrows(DeviceException.Fenced.class, old::close);
      try (ObjectVolume again = two.open(uri(proxy.volumeUri("taken", "")))) {
        assertArrayEquals(content(3), read(again));
      }
    }
  }
}
