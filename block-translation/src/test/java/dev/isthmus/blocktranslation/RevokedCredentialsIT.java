package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.BlockingDevice;
import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.store.TestMinio;
import dev.isthmus.blocktranslation.store.TestSession;
import dev.isthmus.blocktranslation.store.s3.S3Settings.Client;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The credentials of a disk under load change, stop being good, and are good again. */
@Timeout(300)
class RevokedCredentialsIT {

  private static final int BLOCK_BYTES = 4096;
  private static final int BLOCKS = 4096;
  private static final String ALL =
      """
      {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":["*"]}]}
      """;

  @TempDir private Path directory = Path.of("unset");

  /**
   * Writes block after block, and reads each back at once, and the one of a while ago while that
   * may be had: what is in the bucket alone waits for it.
   */
  private static final class Load implements Runnable {

    private final BlockingDevice device;
    private volatile boolean stop;
    volatile boolean withoutBucket;
    volatile long written;
    volatile @Nullable Throwable failure;

    Load(BlockingDevice device) {
      this.device = device;
    }

    static byte[] content(long number) {
      byte[] block = new byte[BLOCK_BYTES];
      ByteBuffer.wrap(block).putLong(0, number).putLong(BLOCK_BYTES - 8, ~number);
      return block;
    }

    @Override
    public void run() {
      try {
        while (!stop) {
          long number = written;
          device.writeAt(number % BLOCKS * BLOCK_BYTES, content(number));
          check(number);
          if (!withoutBucket) {
            check(Math.max(0, number - 100));
          }
          written = number + 1;
          Thread.sleep(1);
        }
      } catch (RuntimeException | InterruptedException | AssertionError e) {
        failure = e;
      }
    }

    void check(long number) {
      byte[] found = new byte[BLOCK_BYTES];
      device.readAt(number % BLOCKS * BLOCK_BYTES, found);
      assertArrayEquals(content(number), found, "block of write " + number);
    }

    void end(Thread thread) throws InterruptedException {
      stop = true;
      thread.join();
      assertNull(failure);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aDiskOutlivesItsCredentials(Client client) throws Exception {
    try (TestMinio server = TestMinio.start();
        var host = new ObjectVolumeProvider(ObjectVolumeSettings.defaults(directory))) {
      Path file = directory.resolve("credentials");
      Files.copy(server.credentialsFile(), file);
      String uri =
          (client == Client.MINIO ? server.minioVolumeUri("db", "") : server.volumeUri("db", ""))
              .replace(server.credentialsFile().toString(), file.toString());
      try (var device = new BlockingDevice(host.create(StorageUri.parse(uri + "&size=64MiB")))) {
        var load = new Load(device);
        Thread thread = Thread.ofPlatform().start(load);
        await("it writes", () -> load.written > 500);

        // Rotated: other keys, good ones.
        Path session = TestSession.credentials(server, ALL, directory.resolve("session"));
        replace(file, Files.readString(session));
        long rotatedAt = load.written;
        TimeUnit.SECONDS.sleep(3);
        await("it writes on", () -> load.written > rotatedAt + 200);
        assertEquals(DeviceState.Kind.READY, device.device().state().kind());

        // Revoked.
        load.withoutBucket = true;
        // What it reads at this moment has come to its end.
        long lastReadAt = load.written;
        await("it reads no more", () -> load.written > lastReadAt + 2);
        replace(
            file,
            Files.readString(server.credentialsFile())
                .replaceAll("(secret_access_key = ).*", "$1wrong"));
        await("it says so", () -> device.device().state().kind() == DeviceState.Kind.DEGRADED);
        String reason = device.device().state().reason();
        assertTrue(reason.contains("403"), reason);
        assertTrue(!reason.contains("wrong"), reason);
        System.out.println(client + " revoked: " + reason);
        long revokedAt = load.written;
        await("the log takes what is written", () -> load.written > revokedAt + 200);

        // Good again.
        replace(file, Files.readString(server.credentialsFile()));
        await("it is well again", () -> device.device().state().kind() == DeviceState.Kind.READY);
        load.withoutBucket = false;
        long wellAt = load.written;
        await("it reads on", () -> load.written > wellAt + 200);
        load.end(thread);
        await("the bucket has all", () -> isUploaded(device.device()));
        for (long number = Math.max(0, load.written - BLOCKS); number < load.written; number++) {
          load.check(number);
        }
      }
      // Nothing but the bucket: by a host that never saw the log.
      try (var other =
              new ObjectVolumeProvider(ObjectVolumeSettings.defaults(directory.resolve("other")));
          var device = new BlockingDevice(other.open(StorageUri.parse(uri)))) {
        assertEquals(dev.isthmus.blockdevice.OpenOutcome.COMPLETE, device.device().openOutcome());
      }
    }
  }

  private static boolean isUploaded(BlockDevice device) {
    var positions = device.positions();
    return positions.uploadedLsn() == positions.appliedLsn();
  }

  /** As Kubernetes and careful scripts do it. */
  private static void replace(Path file, String content) throws IOException {
    Path next = file.resolveSibling("credentials.next");
    Files.writeString(next, content);
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
  }

  private static void await(String what, BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < deadline, () -> "not within a minute: " + what);
      Thread.sleep(20);
    }
  }
}
