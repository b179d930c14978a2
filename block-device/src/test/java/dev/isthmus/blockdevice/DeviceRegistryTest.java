package dev.isthmus.blockdevice;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.simple.MallocProvider;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeviceRegistryTest {

  private final DeviceRegistry registry = DeviceRegistry.simple();
  @TempDir private Path scratch;

  private static String refusal(Runnable call) {
    return String.valueOf(assertThrows(DeviceException.Invalid.class, call::run).getMessage());
  }

  @Test
  void refusesAnUnknownSchemeByName() {
    String message = refusal(() -> registry.open("nfs://host/disk"));
    assertTrue(message.contains("nfs://"), message);
    assertTrue(message.contains("[aio, file, malloc, null]"), message);
  }

  @Test
  void refusesUnknownKeysByNameOnEveryScheme() {
    for (String scheme : List.of("malloc", "null", "file", "aio")) {
      String uri = scheme + "://" + scratch + "/x?size=1MiB&sync=no";
      assertTrue(refusal(() -> registry.create(uri)).contains("[sync]"));
      assertTrue(refusal(() -> registry.open(uri)).contains("[sync]"));
    }
    assertEquals(0, scratch.toFile().list().length);
  }

  @Test
  void refusesASizeAtOpenOnEveryScheme() {
    for (String uri :
        List.of("malloc:///x?size=1MiB", "null:///x?size=1MiB", "file:///x?size=1MiB")) {
      assertTrue(refusal(() -> registry.open(uri)).contains("size is said when"));
    }
  }

  @Test
  void wantsASizeAtCreateOnEveryScheme() {
    for (String uri : List.of("malloc:///x", "null:///x", "file://" + scratch + "/x")) {
      assertTrue(refusal(() -> registry.create(uri)).contains("needs a size"));
    }
  }

  @Test
  void saysThatAMissingDeviceIsUnavailable() {
    for (String uri : List.of("malloc:///x", "null:///x", "file://" + scratch + "/x")) {
      assertThrows(DeviceException.Unavailable.class, () -> registry.open(uri));
    }
  }

  @Test
  void opensWhatItCreated() throws Exception {
    for (String uri : List.of("malloc:///x", "null:///x")) {
      try (BlockDevice created = registry.create(uri + "?size=1MiB&blk_size=512");
          BlockDevice opened = registry.open(uri)) {
        assertEquals(created.info(), opened.info());
        assertEquals(512, opened.info().blockSizeBytes());
        assertTrue(refusal(() -> registry.open(uri + "?blk_size=4096")).contains("blk_size=512"));
        assertTrue(refusal(() -> registry.create(uri + "?size=1MiB")).contains("exists"));
      }
      assertThrows(DeviceException.Unavailable.class, () -> registry.open(uri));
    }
    String file = "aio://" + scratch + "/disk.img";
    registry.create(file + "?size=1MiB").close();
    assertEquals(1 << 20, Files.size(scratch.resolve("disk.img")));
    try (BlockDevice device = registry.open(file.replace("aio:", "file:"))) {
      assertEquals(1 << 20, device.info().sizeBytes());
    }
  }

  @Test
  void refusesNamesThatAreNone() {
    for (String uri :
        List.of("malloc://x", "malloc://host/x", "malloc:///", "malloc:///a/b", "null:///a%20b")) {
      refusal(() -> registry.create(uri + "?size=1MiB"));
    }
  }

  @Test
  void refusesTwoProvidersForOneScheme() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new DeviceRegistry(List.of(new MallocProvider(), new MallocProvider())));
  }
}
