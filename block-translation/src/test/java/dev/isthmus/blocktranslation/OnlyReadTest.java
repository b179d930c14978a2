package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.BlockingDevice;
import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.scrub.ScrubFinding;
import dev.isthmus.blocktranslation.scrub.ScrubProgress.State;
import dev.isthmus.blocktranslation.scrub.ScrubSettings;
import dev.isthmus.blocktranslation.scrub.VolumeScrub;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is said to only read leaves no trace: neither in a bucket nor where there is none. */
class OnlyReadTest {

  private static final ScrubSettings EVERYTHING = new ScrubSettings(0, true, false);

  @TempDir private Path directory = Path.of("unset");

  private final ObjectVolumeProvider provider =
      new ObjectVolumeProvider(ObjectVolumeSettings.defaults(Path.of("never-made")));

  @AfterEach
  void close() {
    provider.close();
    assertTrue(Files.notExists(Path.of("never-made")));
  }

  private StorageUri uri(String path) {
    return StorageUri.parse("bucket+file://" + directory + "/" + path);
  }

  private void createVolume() {
    try (var writer =
            new ObjectVolumeProvider(ObjectVolumeSettings.defaults(directory.resolve("host")));
        var device = new BlockingDevice(writer.create(uri("bucket/db?size=16MiB")))) {
      byte[] data = new byte[4096];
      Arrays.fill(data, (byte) 1);
      device.writeAt(0, data);
    }
  }

  /** All files and directories, with the times of their last change. */
  private Map<Path, Object> tree() throws IOException {
    var tree = new TreeMap<Path, Object>();
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path path : all.toList()) {
        tree.put(path, Files.getLastModifiedTime(path));
      }
    }
    return tree;
  }

  private VolumeScrub scrubbed(StorageUri uri) {
    VolumeScrub scrub = provider.scrub(uri, EVERYTHING).start("test");
    assertTrue(scrub.awaitEnd(TimeUnit.SECONDS.toNanos(60)));
    return scrub;
  }

  @Test
  void aBucketIsAsItWas() throws IOException {
    createVolume();
    // As a copy of the objects alone would lack them.
    Files.delete(directory.resolve("bucket/isthmus-bucket"));
    Map<Path, Object> before = tree();
    VolumeScrub scrub = scrubbed(uri("bucket/db"));
    assertEquals(State.DONE, scrub.progress().state(), scrub.progress()::toString);
    assertEquals(List.of(), scrub.findings());
    assertTrue(scrub.progress().bytesDone() > 4096);
    assertEquals("db", provider.describe(uri("bucket/db")).name());
    provider.history(uri("bucket/db"));
    assertEquals(before, tree());
  }

  @Test
  void aMistypedPlaceIsNotMade() throws IOException {
    createVolume();
    Files.createDirectories(directory.resolve("empty"));
    Map<Path, Object> before = tree();
    for (String wrong : List.of("buckett/db", "empty/db", "no/such/directory/db")) {
      assertThrows(DeviceException.Invalid.class, () -> scrubbed(uri(wrong)), wrong);
      assertThrows(DeviceException.Invalid.class, () -> provider.describe(uri(wrong)), wrong);
      var said =
          assertThrows(DeviceException.Invalid.class, () -> provider.history(uri(wrong)), wrong);
      assertTrue(
          String.valueOf(said.getMessage()).contains(uri(wrong).path().replace("/db", "")),
          said::toString);
    }
    VolumeScrub scrub = scrubbed(uri("bucket/dbb"));
    assertTrue(scrub.failure() instanceof DeviceException.Unavailable, scrub.progress()::toString);
    assertThrows(DeviceException.Unavailable.class, () -> provider.describe(uri("bucket/dbb")));
    assertEquals(before, tree());
  }

  @Test
  void theListingTellsLengthsOfObjectsAndNotOfFiles() throws IOException {
    createVolume();
    Path stray = directory.resolve("bucket/objects/db/copied-by-hand");
    Files.write(stray, new byte[1000]);
    VolumeScrub scrub = scrubbed(uri("bucket/db"));
    assertEquals(1, scrub.findings().size(), scrub.findings()::toString);
    ScrubFinding found = scrub.findings().getFirst();
    assertEquals("db/copied-by-hand", found.object());
    assertEquals(1000, found.lengthBytes());
    // The same object as the bucket's own driver would write it: with a header of 64 bytes.
    Path manifest = directory.resolve("bucket/objects/db/manifest");
    Files.write(stray, Files.readAllBytes(manifest));
    assertEquals(
        Files.size(manifest) - 64, scrubbed(uri("bucket/db")).findings().getFirst().lengthBytes());
  }

  /** {@code volume show} prints it so. */
  @Test
  void aUriMaySayWhereTheLogLies() {
    createVolume();
    VolumeScrub scrub = scrubbed(uri("bucket/db?log_dir=/mnt/nvme1"));
    assertEquals(State.DONE, scrub.progress().state());
    assertThrows(
        DeviceException.Invalid.class, () -> scrubbed(uri("bucket/db?takeover=unflushed")));
  }
}
