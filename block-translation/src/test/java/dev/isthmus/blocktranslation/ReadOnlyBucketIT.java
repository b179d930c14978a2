package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.BlockingDevice;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.scrub.ScrubProgress.State;
import dev.isthmus.blocktranslation.scrub.ScrubSettings;
import dev.isthmus.wal.TemporaryMount;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A bucket's directory on a file system that is mounted read-only. Needs root. */
@Timeout(180)
class ReadOnlyBucketIT {

  @TempDir private Path directory = Path.of("unset");

  @Test
  void itCanBeScrubbedDescribedAndAskedForItsHistory() throws IOException {
    StorageUri uri = StorageUri.parse("bucket+file://" + directory + "/mount/bucket/db");
    try (var mount = TemporaryMount.tmpfs(directory.resolve("mount"), 48 << 20)) {
      try (var writer =
              new ObjectVolumeProvider(ObjectVolumeSettings.defaults(directory.resolve("host")));
          var device = new BlockingDevice(writer.create(StorageUri.parse(uri + "?size=16MiB")))) {
        device.writeAt(0, new byte[1 << 20]);
      }
      mount.makeReadOnly();
      assertThrows(
          FileSystemException.class, () -> Files.createFile(mount.path().resolve("bucket/file")));
      try (var reader =
          new ObjectVolumeProvider(ObjectVolumeSettings.defaults(directory.resolve("host")))) {
        var scrub = reader.scrub(uri, new ScrubSettings(0, true, false)).start("test");
        assertTrue(scrub.awaitEnd(TimeUnit.SECONDS.toNanos(60)));
        assertEquals(State.DONE, scrub.progress().state(), scrub.progress()::toString);
        assertEquals(List.of(), scrub.findings());
        assertEquals("db", reader.describe(uri).name());
        reader.history(uri);
      }
    }
  }
}
