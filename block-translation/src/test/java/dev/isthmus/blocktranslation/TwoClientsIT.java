package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.isthmus.blockdevice.BlockingDevice;
import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.store.StoreTesting;
import dev.isthmus.blocktranslation.store.TestMinio;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A disk that is made by one client and opened by the other, by hosts that share nothing else. */
@Timeout(180)
class TwoClientsIT {

  @TempDir private Path directory = Path.of("unset");

  @Test
  void eachReadsWhatTheOtherWrote() {
    byte[] first = StoreTesting.bytes(3 << 20, 1);
    byte[] second = StoreTesting.bytes(1 << 20, 2);
    try (TestMinio server = TestMinio.start()) {
      String byMinio = server.minioVolumeUri("disks/db", "");
      String byS3 = server.volumeUri("disks/db", "");
      try (var host = host("a");
          var device = new BlockingDevice(host.create(uri(byMinio + "&size=64MiB")))) {
        device.writeAt(0, first);
      }
      try (var host = host("b")) {
        ObjectVolume volume = host.open(uri(byS3));
        assertInstanceOf(OpenOutcome.Complete.class, volume.openOutcome());
        try (var device = new BlockingDevice(volume)) {
          assertArrayEquals(first, read(device, 0, first.length));
          device.writeAt(1 << 20, second);
        }
      }
      try (var host = host("c")) {
        var listed = host.list(uri(server.minioVolumeUri("disks", "")));
        assertEquals(1, listed.size());
        assertEquals("db", listed.getFirst().name());
        assertEquals(byMinio.substring(0, byMinio.indexOf('?')), listed.getFirst().uri());
        try (var device = new BlockingDevice(host.open(uri(byMinio)))) {
          assertArrayEquals(second, read(device, 1 << 20, second.length));
        }
        host.delete(uri(byMinio), _ -> {});
        assertEquals(0, host.list(uri(server.minioVolumeUri("disks", ""))).size());
      }
    }
  }

  private static byte[] read(BlockingDevice device, long offsetBytes, int lengthBytes) {
    byte[] bytes = new byte[lengthBytes];
    device.readAt(offsetBytes, bytes);
    return bytes;
  }

  private ObjectVolumeProvider host(String name) {
    return new ObjectVolumeProvider(ObjectVolumeSettings.defaults(directory.resolve(name)));
  }

  private static StorageUri uri(String text) {
    return StorageUri.parse(text);
  }
}
