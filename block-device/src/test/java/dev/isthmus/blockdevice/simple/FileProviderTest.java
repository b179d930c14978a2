package dev.isthmus.blockdevice.simple;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.DeviceRegistry;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.contract.ChildJvm;
import dev.isthmus.blockdevice.contract.SyncIo;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class FileProviderTest {

  private final DeviceRegistry registry = DeviceRegistry.simple();
  @TempDir private Path scratch;
  private Path image;
  private String uri;

  @SuppressWarnings("NullAway.Init") // JUnit sets the fields before any test.
  FileProviderTest() {}

  @BeforeEach
  void name() {
    image = scratch.resolve("disk one%.img");
    uri = image.toUri().toString();
  }

  private static String message(Throwable e) {
    return String.valueOf(e.getMessage());
  }

  @Test
  void neverOverwrites() throws Exception {
    Files.writeString(image, "precious");
    var refused =
        assertThrows(DeviceException.Invalid.class, () -> registry.create(uri + "?size=1MiB"));
    assertTrue(message(refused).contains("exists"));
    assertEquals("precious", Files.readString(image));
    // No multiple of a block: not opened either.
    assertThrows(DeviceException.Invalid.class, () -> registry.open(uri));
    assertEquals("precious", Files.readString(image));
  }

  @Test
  void makesSparseFiles() throws Exception {
    try (BlockDevice device = registry.create(uri + "?size=1TiB")) {
      assertEquals(1L << 40, device.info().sizeBytes());
      assertEquals(
          IoStatus.OK, new SyncIo(device).write((1L << 40) - 4096, Arena.ofAuto().allocate(4096)));
    }
    assertEquals(1L << 40, Files.size(image));
    assertTrue(Files.getFileStore(image).getUsableSpace() < 1L << 40, "or the test says nothing");
  }

  @Test
  void leavesNothingBehindWhenItCanNotCreate() {
    assertThrows(DeviceException.class, () -> registry.create(uri + "?size=4PiB&blk_size=512"));
    assertFalse(Files.exists(image));
    var missing = "file://" + scratch + "/no/such/disk?size=1MiB";
    assertThrows(DeviceException.Unavailable.class, () -> registry.create(missing));
    assertThrows(DeviceException.Invalid.class, () -> registry.open("file://" + scratch));
  }

  @Test
  void opensOneAtATimeOfAllProcesses() throws Exception {
    try (BlockDevice device = registry.create(uri + "?size=1MiB")) {
      for (int i = 0; i < 2; i++) {
        var refused = assertThrows(DeviceException.Unavailable.class, () -> registry.open(uri));
        assertTrue(message(refused).contains("in this process"), message(refused));
      }
      // By another name of the same file too.
      Path link = Files.createSymbolicLink(scratch.resolve("link"), image);
      Path hard = Files.createLink(scratch.resolve("hard"), image);
      for (Path other : new Path[] {link, hard}) {
        assertThrows(
            DeviceException.Unavailable.class, () -> registry.open(other.toUri().toString()));
      }
      // And the refused opens did not lose the lock that keeps other processes out.
      var child = ChildJvm.run(OpenInChild.class, uri);
      assertEquals("Unavailable", child.out().strip(), child::toString);
      assertEquals(IoStatus.OK, new SyncIo(device).flush());
    }
    assertEquals("opened", ChildJvm.run(OpenInChild.class, uri).out().strip());
    registry.open(uri).close();
  }

  @Test
  void keepsItsIdentity() {
    BlockDevice created = registry.create(uri + "?size=1MiB");
    created.close();
    BlockDevice opened = registry.open(uri);
    opened.close();
    assertEquals(created.info().identity(), opened.info().identity());
    assertEquals(8, opened.info().identity().uuid().version());
    assertEquals(2, opened.info().identity().uuid().variant());
    String other = "file://" + scratch + "/other";
    BlockDevice another = registry.create(other + "?size=1MiB");
    another.close();
    assertNotEquals(created.info().identity(), another.info().identity());
  }

  @Test
  void saysThatAFileBecameShorter() throws Exception {
    try (BlockDevice device = registry.create(uri + "?size=1MiB")) {
      try (var channel = FileChannel.open(image, StandardOpenOption.WRITE)) {
        channel.truncate(4096);
      }
      var io = new SyncIo(device);
      assertEquals(IoStatus.OK, io.read(0, Arena.ofAuto().allocate(4096)));
      assertEquals(IoStatus.MEDIA_ERROR, io.read(4096, Arena.ofAuto().allocate(4096)));
    }
  }

  /** Opens the device of its argument and prints how that went. */
  static final class OpenInChild {
    public static void main(String[] args) {
      try {
        DeviceRegistry.simple().open(args[0]).close();
        System.out.println("opened");
      } catch (DeviceException e) {
        System.out.println(e.getClass().getSimpleName());
      }
    }
  }
}
