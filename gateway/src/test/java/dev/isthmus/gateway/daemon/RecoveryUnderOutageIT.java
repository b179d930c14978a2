package dev.isthmus.gateway.daemon;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.BlockingDevice;
import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.DeviceRegistry;
import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.ObjectVolumeProvider;
import dev.isthmus.blocktranslation.ObjectVolumeSettings;
import dev.isthmus.blocktranslation.TierChange;
import dev.isthmus.targets.nvme.HostAccess;
import dev.isthmus.wal.TemporaryMount;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Control calls that need a bucket which takes nothing: its file system is full. Needs root. What
 * stops and gives up is timed generously, and far below the minute that the calls wait by
 * themselves.
 */
@Timeout(180)
class RecoveryUnderOutageIT {

  private static final int BLOCK_BYTES = 4096;
  private static final long GIVE_UP_SECONDS = 20;
  private static final CompletableFuture<Void> FOREVER = new CompletableFuture<>();
  private static final Executor THREADS = task -> Thread.ofPlatform().daemon().start(task);

  @TempDir Path directory;
  private final AtomicReference<TemporaryMount> mount = new AtomicReference<>();
  private final AtomicReference<VolumeManager> running = new AtomicReference<>();
  private final FakeExports exports = new FakeExports();

  @BeforeEach
  void start() throws IOException {
    mount.set(TemporaryMount.tmpfs(directory.resolve("bucket"), 16 << 20));
    running.set(manager());
    volumes().create(new CreateRequest("db", "", 8 << 20, 0, "", "", ""));
    volumes().publish("db", "", List.of());
  }

  private VolumeManager manager() {
    var buckets =
        new ObjectVolumeProvider(
            new ObjectVolumeSettings(
                directory.resolve("volumes"),
                64 << 20,
                1 << 20,
                16 << 20,
                1 << 20,
                Duration.ofMillis(100),
                Duration.ofSeconds(2)));
    var opener =
        new DeviceOpener(
            new DeviceRegistry(List.of(buckets)),
            buckets,
            StorageUri.parse("bucket+file://" + directory.resolve("bucket")));
    var manager =
        new VolumeManager(
            new Catalogue(directory.resolve("catalogue.json")), opener, exports, HostAccess.any());
    manager.openAll();
    return manager;
  }

  @AfterEach
  void stop() throws IOException {
    var _ = volumes().closeAll(Duration.ofSeconds(60));
    bucket().close();
  }

  private VolumeManager volumes() {
    return Objects.requireNonNull(running.get());
  }

  private TemporaryMount bucket() {
    return Objects.requireNonNull(mount.get());
  }

  private BlockDevice exported() {
    return Objects.requireNonNull(exports.devices.get("nqn.2026-01.dev.isthmus:db"));
  }

  private static byte[] block(int fill) {
    byte[] bytes = new byte[BLOCK_BYTES];
    Arrays.fill(bytes, (byte) fill);
    return bytes;
  }

  private void write(int fill) {
    new BlockingDevice(exported()).writeAt(0, block(fill));
  }

  private void check(int fill) {
    byte[] found = new byte[BLOCK_BYTES];
    new BlockingDevice(exported()).readAt(0, found);
    assertArrayEquals(block(fill), found);
  }

  private String newDirectory() {
    return directory.resolve("new").toString();
  }

  private static DeviceException.Unavailable failureOf(CompletableFuture<?> call) {
    var failed =
        assertThrows(ExecutionException.class, () -> call.get(GIVE_UP_SECONDS, TimeUnit.SECONDS));
    return assertInstanceOf(DeviceException.Unavailable.class, failed.getCause());
  }

  private <T> CompletableFuture<T> begin(Supplier<T> call) throws InterruptedException {
    CompletableFuture<T> begun = CompletableFuture.supplyAsync(call, THREADS);
    // It waits for the bucket: there is nothing to see of that, but that it does not end.
    Thread.sleep(300);
    assertFalse(begun.isDone(), () -> "it ended: " + begun);
    return begun;
  }

  @Test
  void aStopWaitsForNoRecoveryAndLosesNothing() throws Exception {
    bucket().fill();
    write(1);
    var recovery = begin(() -> volumes().recover("db", newDirectory(), "", FOREVER));
    volumes().stop();
    String why = String.valueOf(failureOf(recovery).getMessage());
    assertTrue(why.contains("given up"), why);
    var late =
        assertThrows(
            DeviceException.Unavailable.class,
            () -> volumes().recover("db", newDirectory(), "", FOREVER));
    assertTrue(String.valueOf(late.getMessage()).contains("the daemon stops"), late.getMessage());
    bucket().free();
    assertEquals(List.of(), volumes().closeAll(Duration.ofSeconds(60)));
    running.set(null);
    exports.published.clear();
    running.set(manager());
    assertEquals(OpenOutcome.COMPLETE, exported().openOutcome());
    check(1);
  }

  @Test
  void aStopWaitsForNoChangeOfTiers() throws Exception {
    bucket().fill();
    write(1);
    var change = begin(() -> volumes().setTiers("db", TierChange.parse("local", "", ""), FOREVER));
    volumes().stop();
    String why = String.valueOf(failureOf(change).getMessage());
    assertTrue(why.contains("was cancelled"), why);
    bucket().free();
  }

  @Test
  void aClientThatGoesEndsItsRecoveryAndNothingElse() throws Exception {
    bucket().fill();
    write(1);
    var client = new CompletableFuture<Void>();
    var recovery = begin(() -> volumes().recover("db", newDirectory(), "", client));
    client.complete(null);
    var _ = failureOf(recovery);
    check(1);
    bucket().free();
    write(2);
    assertEquals(
        "READY", volumes().recover("db", newDirectory(), "", FOREVER).volume().stateName());
    check(2);
  }

  @Test
  void aBucketThatGoesAwayBetweenDrainAndCloseLosesNothing() throws Exception {
    write(1);
    var filled = new AtomicBoolean();
    // Told between the drain and the close.
    exported()
        .addListener(device -> {
          if (device.state().kind() == DeviceState.Kind.STALLED && !filled.getAndSet(true)) {
            fill();
          }
        });
    String uri = volumes().get("db").uri();
    var failed =
        assertThrows(
            DeviceException.Unavailable.class,
            () -> volumes().recover("db", newDirectory(), "", FOREVER));
    assertTrue(filled.get());
    String why = String.valueOf(failed.getMessage());
    assertTrue(why.contains("is opened over that one by itself"), why);
    VolumeView closed = volumes().get("db");
    assertEquals(uri, closed.uri(), "the catalogue has the old place");
    assertEquals(why, closed.reason());
    assertEquals(DeviceState.Kind.STALLED, exported().state().kind(), "hosts wait");
    bucket().free();
    volumes().retryUnavailable();
    assertEquals("READY", volumes().get("db").stateName());
    assertEquals(OpenOutcome.COMPLETE, exported().openOutcome());
    check(1);
    write(2);
    var moved = volumes().recover("db", newDirectory(), "", FOREVER);
    assertEquals("READY", moved.volume().stateName());
    assertTrue(moved.volume().uri().contains("log_dir="), moved.volume().uri());
    check(2);
  }

  private void fill() {
    try {
      bucket().fill();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
