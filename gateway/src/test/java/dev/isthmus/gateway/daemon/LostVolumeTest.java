package dev.isthmus.gateway.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.DeviceRegistry;
import dev.isthmus.blocktranslation.ObjectVolumeProvider;
import dev.isthmus.blocktranslation.ObjectVolumeSettings;
import dev.isthmus.gateway.config.GatewaySettings;
import dev.isthmus.targets.nvme.HostAccess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two gateways and one bucket: what one does about a volume that the other has taken. */
class LostVolumeTest {

  @TempDir Path directory;
  private final List<VolumeManager> running = new ArrayList<>();
  private Gateway first = new Gateway("unset");
  private Gateway second = new Gateway("unset");

  /** A gateway's data directory, and the manager that runs on it now. */
  private final class Gateway {
    private final String name;

    Gateway(String name) {
      this.name = name;
    }

    VolumeManager start() {
      var buckets =
          new ObjectVolumeProvider(ObjectVolumeSettings.defaults(directory.resolve(name)));
      var opener =
          new DeviceOpener(
              new DeviceRegistry(List.of(buckets)),
              buckets,
              GatewaySettings.embeddedBucket(directory));
      var manager =
          new VolumeManager(
              new Catalogue(directory.resolve(name + ".json")),
              opener,
              new FakeExports(),
              HostAccess.any());
      manager.openAll();
      running.add(manager);
      return manager;
    }
  }

  @BeforeEach
  void makeGateways() {
    first = new Gateway("first");
    second = new Gateway("second");
  }

  @AfterEach
  void stop() {
    running.forEach(manager -> manager.closeAll(Duration.ofMinutes(1)));
  }

  private String uri(String volume) {
    return GatewaySettings.embeddedBucket(directory) + "/" + volume;
  }

  private static void assertNotOpen(VolumeManager manager, String... words) {
    manager.retryUnavailable();
    VolumeView view = manager.get("v");
    assertEquals("NOT_OPEN", view.stateName());
    for (String word : words) {
      assertTrue(view.reason().contains(word), () -> "\"" + word + "\" in: " + view.reason());
    }
  }

  @Test
  void aRestartDoesNotTakeBackWhatAnotherGatewayTook() {
    VolumeManager one = first.start();
    var _ = one.create(new CreateRequest("v", "", 1 << 20, 0, "", "", ""));
    VolumeManager two = second.start();
    var refused =
        assertThrows(DeviceException.Unavailable.class, () -> two.open(uri("v"), "", "", ""));
    String message = String.valueOf(refused.getMessage());
    assertTrue(
        message.endsWith("Type: isthmus volume open " + uri("v") + " --takeover=lossy"), message);
    assertTrue(message.contains("would be lost"), message);
    assertEquals("READY", two.open(uri("v"), "", "lossy", "").stateName());
    var _ = one.closeAll(Duration.ofMinutes(1));

    VolumeManager again = first.start();
    assertNotOpen(
        again, "not tried again by itself", "Type: isthmus volume open v --takeover=lossy");
    two.close("v");
    assertNotOpen(again, "not tried again by itself");
    VolumeManager later = first.start();
    assertNotOpen(later, "taken over by another gateway", "Type: isthmus volume open v");
    assertTrue(
        later.get("v").reason().endsWith("Type: isthmus volume open v"), "nothing to agree to");
    assertEquals("READY", later.open("v", "", "", "").stateName());
  }

  @Test
  void anotherVolumeOfTheSameNameIsNotOpenedByItself() {
    VolumeManager one = first.start();
    var _ = one.create(new CreateRequest("v", "", 1 << 20, 0, "", "", ""));
    var _ = one.closeAll(Duration.ofMinutes(1));
    VolumeManager two = second.start();
    var _ = two.open(uri("v"), "", "", "");
    two.delete("v", objects -> {});
    var _ = two.create(new CreateRequest("v", "", 2 << 20, 0, "", "", ""));
    two.close("v");
    VolumeManager again = first.start();
    assertNotOpen(again, "is another volume now", "Type: isthmus volume open v");
    assertEquals("READY", again.open("v", "", "", "").stateName());
    // Known from now on.
    var _ = again.closeAll(Duration.ofMinutes(1));
    assertEquals("READY", first.start().get("v").stateName());
  }

  @Test
  void whatNeedsAWordIsNotTriedAgainUntilItsLogDirectoryChanges() throws IOException {
    VolumeManager one = first.start();
    VolumeView created = one.create(new CreateRequest("v", "", 1 << 20, 0, "", "", ""));
    // The same catalogue on a host without the log.
    Files.copy(directory.resolve("first.json"), directory.resolve("second.json"));
    VolumeManager two = second.start();
    assertNotOpen(two, "is not on this host", "--takeover=lossy");
    one.close("v");
    two.retryUnavailable();
    assertEquals("NOT_OPEN", two.get("v").stateName(), "an open would succeed now");
    String uuid = Objects.requireNonNull(created.open()).info().identity().uuid().toString();
    Files.createDirectories(directory.resolve("second").resolve(uuid).resolve("log-x"));
    two.retryUnavailable();
    assertEquals("READY", two.get("v").stateName());
  }

  @Test
  void whatToTypeNamesTheLogDirectoryThatWasSaid() {
    VolumeManager one = first.start();
    var _ = one.create(new CreateRequest("v", "", 1 << 20, 0, "", "", ""));
    VolumeManager two = second.start();
    String logs = directory.resolve("their logs").toString();
    var unknown =
        assertThrows(DeviceException.Unavailable.class, () -> two.open(uri("v"), "w", "", logs));
    assertEndsWith(
        unknown,
        "Type: isthmus volume open "
            + uri("v")
            + " --name w --log-dir '"
            + logs
            + "' --takeover=lossy");
    assertEquals("READY", two.open(uri("v"), "w", "lossy", logs).stateName());
    var _ = one.closeAll(Duration.ofMinutes(1));
    VolumeManager again = first.start();
    String elsewhere = directory.resolve("elsewhere").toString();
    var known =
        assertThrows(DeviceException.Unavailable.class, () -> again.open("v", "", "", elsewhere));
    assertEndsWith(
        known, "Type: isthmus volume open v --log-dir " + elsewhere + " --takeover=lossy");
  }

  private static void assertEndsWith(DeviceException failure, String words) {
    String message = String.valueOf(failure.getMessage());
    assertTrue(message.endsWith(words), message);
  }
}
