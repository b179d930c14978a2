package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.BlockingDevice;
import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.StorageUri;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A log on a file system of its own, which is not always mounted. */
class LogPlaceTest {

  @TempDir private Path directory = Path.of("");

  private ObjectVolumeProvider provider(String host) throws IOException {
    Path logs = Files.createDirectories(directory.resolve(host));
    return new ObjectVolumeProvider(
        new ObjectVolumeSettings(
            logs,
            64 << 20,
            1 << 20,
            16 << 20,
            1 << 20,
            Duration.ofMillis(20),
            Duration.ofSeconds(10)));
  }

  private StorageUri uri(String query) {
    return StorageUri.parse("bucket+file://" + directory.resolve("bucket/vol") + query);
  }

  private Path mountPoint() {
    return directory.resolve("mnt");
  }

  /** Writes and closes. */
  private static void overwrite(ObjectVolume volume) {
    try (var device = new BlockingDevice(volume)) {
      device.writeAt(0, new byte[4096]);
    }
  }

  /** Unmounted, the mount point is there and empty. */
  private void unmount() throws IOException {
    Files.move(mountPoint(), directory.resolve("unmounted"));
    Files.createDirectory(mountPoint());
  }

  private void mount() throws IOException {
    Files.delete(mountPoint());
    Files.move(directory.resolve("unmounted"), mountPoint());
  }

  /**
   * Another host took the volume over and closed it in order. Only the log's directory tells that
   * this host is no longer its owner.
   */
  @ParameterizedTest
  @ValueSource(strings = {"mnt", "mnt/logs"})
  void aLogThatIsNotMountedOpensNothingByItself(String logs) throws IOException {
    Files.createDirectory(mountPoint());
    StorageUri uri = uri("?log_dir=" + directory.resolve(logs));
    try (ObjectVolumeProvider here = provider("here")) {
      ObjectVolume volume = here.create(uri("?size=1MiB&log_dir=" + directory.resolve(logs)));
      UUID uuid = volume.info().identity().uuid();
      volume.close();
      ObjectVolume owned = here.reopen(uri, uuid);
      try (ObjectVolumeProvider there = provider("there");
          var taken = new BlockingDevice(there.open(uri("?takeover=lossy")))) {
        taken.writeAt(0, new byte[4096]);
      }
      DeviceException lost = assertThrows(DeviceException.class, () -> overwrite(owned));
      assertTrue(lost instanceof DeviceException.Fenced, lost::toString);
      unmount();
      var absent = assertThrows(DeviceException.Unavailable.class, () -> here.reopen(uri, uuid));
      String said = String.valueOf(absent.getMessage());
      assertTrue(said.contains("is its file system mounted?"), said);
      try (var left = Files.list(mountPoint())) {
        assertEquals(0, left.count(), "nothing is made on the mount point");
      }
      mount();
      assertThrows(DeviceException.Fenced.class, () -> here.reopen(uri, uuid));
    }
  }

  @Test
  void aPersonMayMoveTheLogToAnotherPlace() throws IOException {
    Path first = directory.resolve("first");
    Path second = directory.resolve("second");
    try (ObjectVolumeProvider here = provider("here")) {
      here.create(uri("?size=1MiB&log_dir=" + first)).close();
      here.open(uri("?log_dir=" + second)).close();
      assertTrue(Files.isDirectory(second));
      here.reopen(uri("?log_dir=" + second), null).close();
      Path never = directory.resolve("never");
      assertThrows(
          DeviceException.Unavailable.class, () -> here.reopen(uri("?log_dir=" + never), null));
      assertFalse(Files.exists(never));
    }
  }
}
