package dev.isthmus.gateway.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.DeviceProvider;
import dev.isthmus.blockdevice.DeviceRegistry;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blockdevice.simple.FileProvider;
import dev.isthmus.blockdevice.simple.MallocProvider;
import dev.isthmus.blockdevice.simple.NullProvider;
import dev.isthmus.blocktranslation.Fencing;
import dev.isthmus.blocktranslation.ObjectVolumeProvider;
import dev.isthmus.blocktranslation.ObjectVolumeSettings;
import dev.isthmus.blocktranslation.TierChange;
import dev.isthmus.gateway.config.GatewaySettings;
import dev.isthmus.targets.nvme.HostAccess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

class VolumeManagerTest {

  private static final String HOST = "nqn.2014-08.org.nvmexpress:uuid:host";

  /** A caller who never gives up. */
  private static final CompletableFuture<Void> FOREVER = new CompletableFuture<>();

  @TempDir Path directory;
  private final AtomicReference<VolumeManager> running = new AtomicReference<>();
  private final BrokenProvider broken = new BrokenProvider();
  private FakeExports exports = new FakeExports();

  @BeforeEach
  void start() {
    exports = new FakeExports();
    var buckets = new ObjectVolumeProvider(ObjectVolumeSettings.defaults(directory.resolve("v")));
    var registry =
        new DeviceRegistry(
            List.of(new MallocProvider(), new NullProvider(), new FileProvider(), broken, buckets));
    var opener = new DeviceOpener(registry, buckets, GatewaySettings.embeddedBucket(directory));
    var manager =
        new VolumeManager(
            new Catalogue(directory.resolve("catalogue.json")), opener, exports, HostAccess.any());
    manager.openAll();
    running.set(manager);
  }

  private VolumeManager volumes() {
    return Objects.requireNonNull(running.get());
  }

  @AfterEach
  void stop() {
    assertEquals(List.of(), volumes().closeAll(Duration.ofMinutes(1)));
  }

  private void restart() {
    stop();
    start();
  }

  private String file(String name) {
    return "file://" + directory.resolve(name);
  }

  private VolumeView create(String uri, long sizeBytes) {
    return volumes().create(new CreateRequest(uri, "", sizeBytes, 0, "", "", ""));
  }

  private static String message(DeviceException failure) {
    return String.valueOf(failure.getMessage());
  }

  @Test
  void aRestartFindsVolumesAndExportsAsTheyWere() {
    VolumeView before = create(file("a"), 1 << 20);
    create(file("b"), 2 << 20);
    volumes().publish("a", "", List.of());
    volumes().publish("b", "nqn.2026-01.org.example:b", List.of(HOST));
    restart();
    assertEquals(List.of("a", "b"), volumes().list().stream().map(VolumeView::name).toList());
    VolumeView after = volumes().get("a");
    assertEquals(open(before.open()).info().identity(), open(after.open()).info().identity());
    assertEquals("READY", after.stateName());
    assertEquals(
        Set.of("nqn.2026-01.dev.isthmus:a", "nqn.2026-01.org.example:b"),
        exports.published.keySet());
    assertEquals(HostAccess.only(HOST), exports.published.get("nqn.2026-01.org.example:b"));
  }

  private static VolumeView.Open open(VolumeView.@Nullable Open open) {
    return Objects.requireNonNull(open);
  }

  @Test
  void whatCannotBeOpenedIsToldAndStopsNoOther() throws IOException {
    create(file("good"), 1 << 20);
    create(file("lost"), 1 << 20);
    volumes().publish("lost", "", List.of());
    stop();
    Files.move(directory.resolve("lost"), directory.resolve("hidden"));
    start();
    assertEquals("READY", volumes().get("good").stateName());
    VolumeView lost = volumes().get("lost");
    assertEquals("NOT_OPEN", lost.stateName());
    assertFalse(lost.reason().isEmpty());
    assertNull(lost.publication());
    var taken =
        assertThrows(
            DeviceException.Invalid.class,
            () -> volumes().publish("good", "nqn.2026-01.dev.isthmus:lost", List.of()));
    assertTrue(message(taken).contains("that of volume lost"), message(taken));
    Files.move(directory.resolve("hidden"), directory.resolve("lost"));
    assertEquals("READY", volumes().open("lost", "", "", "").stateName());
    assertEquals(Set.of("nqn.2026-01.dev.isthmus:lost"), exports.published.keySet());
  }

  @Test
  void retriesFindWhatCameBackAndSayOnceWhatKeepsIt() throws IOException {
    create(file("shy"), 1 << 20);
    stop();
    Files.move(directory.resolve("shy"), directory.resolve("hidden"));
    var log = (Logger) LoggerFactory.getLogger(ManagedVolume.class);
    var heard = new ListAppender<ILoggingEvent>();
    heard.start();
    log.addAppender(heard);
    try {
      start();
      assertEquals("NOT_OPEN", volumes().get("shy").stateName());
      volumes().retryUnavailable();
      volumes().retryUnavailable();
      assertEquals(1, heard.list.stream().filter(e -> e.getLevel() == Level.ERROR).count());
    } finally {
      log.detachAppender(heard);
    }
    Files.move(directory.resolve("hidden"), directory.resolve("shy"));
    volumes().retryUnavailable();
    assertEquals("READY", volumes().get("shy").stateName());
  }

  @Test
  void aVolumeThatWasLostToAnotherOwnerSaysSoUntilItIsClosedAgain() {
    VolumeView created = create("lost", 1 << 20);
    try (var other =
        new ObjectVolumeProvider(ObjectVolumeSettings.defaults(directory.resolve("other")))) {
      var uri = StorageUri.parse(created.uri());
      other.open(DeviceOpener.with(uri, Map.of("takeover", "lossy"))).close();
    }
    var fenced = assertThrows(DeviceException.Fenced.class, () -> volumes().close("lost"));
    VolumeView left = volumes().get("lost");
    assertEquals("NOT_OPEN", left.stateName());
    assertEquals(message(fenced), left.reason());
    volumes().close("lost");
    assertEquals(List.of(), volumes().list());
  }

  @Test
  void memoryComesBackEmptyUnderAnotherIdentity() {
    VolumeView before = create("malloc:///bench?size=1MiB", 0);
    volumes().publish("bench", "", List.of());
    restart();
    VolumeView after = volumes().get("bench");
    assertEquals(1 << 20, open(after.open()).info().sizeBytes());
    assertFalse(open(before.open()).info().identity().equals(open(after.open()).info().identity()));
    assertEquals(1, exports.published.size());
  }

  @Test
  void theBlockSizeOfAFileIsRemembered() {
    volumes().create(new CreateRequest(file("small"), "", 1 << 20, 512, "", "", ""));
    restart();
    assertEquals(512, open(volumes().get("small").open()).info().blockSizeBytes());
  }

  /**
   * A kind of device with a defect. Fault model: while {@link #isBroken}, an open ends by an
   * exception that no contract knows. Threading: confined to the test's thread and those it waits
   * for.
   */
  private static final class BrokenProvider implements DeviceProvider {
    private volatile boolean isBroken;

    @Override
    public Set<String> schemes() {
      return Set.of("broken");
    }

    @Override
    public BlockDevice open(StorageUri uri) {
      if (isBroken) {
        throw new IllegalStateException("out of its mind");
      }
      return new MallocProvider().create(StorageUri.parse("malloc:///x?size=1MiB"));
    }

    @Override
    public BlockDevice create(StorageUri uri) {
      return open(uri);
    }
  }

  @Test
  void aDefectWhileAVolumeIsOpenedIsToldAndLeavesItToBeTriedAgain() {
    create("broken:///b", 0);
    broken.isBroken = true;
    restart();
    assertTrue(
        volumes().get("b").reason().contains("out of its mind"), volumes().get("b").reason());
    var told = assertThrows(DeviceException.Internal.class, () -> volumes().open("b", "", "", ""));
    assertTrue(message(told).contains("a defect: "), message(told));
    assertEquals(message(told), volumes().get("b").reason());
    broken.isBroken = false;
    assertEquals("READY", volumes().open("b", "", "", "").stateName());
  }

  @Test
  void wrongWordsOfAnOpenLeaveTheReasonAsItWas() throws IOException {
    create(file("shy"), 1 << 20);
    stop();
    Files.move(directory.resolve("shy"), directory.resolve("hidden"));
    start();
    String reason = volumes().get("shy").reason();
    assertThrows(
        DeviceException.Invalid.class, () -> volumes().open("shy", "", "", directory.toString()));
    assertThrows(DeviceException.Invalid.class, () -> volumes().open("shy", "", "lossy", ""));
    assertEquals(reason, volumes().get("shy").reason());
    Files.move(directory.resolve("hidden"), directory.resolve("shy"));
    volumes().retryUnavailable();
    assertEquals("READY", volumes().get("shy").stateName());
  }

  @Test
  void namesAreCheckedAndTakenOnce() {
    create("malloc:///one", 1 << 20);
    assertTrue(
        message(assertThrows(DeviceException.Invalid.class, () -> create(file("one"), 1 << 20)))
            .contains("named one already"));
    assertFalse(Files.exists(directory.resolve("one")), "nothing is made for a refused name");
    assertTrue(
        message(assertThrows(DeviceException.Invalid.class, () -> create(file("Disk A"), 1 << 20)))
            .contains("not a URI"));
    assertTrue(
        message(
                assertThrows(
                    DeviceException.Invalid.class, () -> create(file("DISK.IMG"), 1 << 20)))
            .contains("--name"));
    assertThrows(DeviceException.Invalid.class, () -> create("UPPER", 1 << 20));
    assertTrue(
        message(
                assertThrows(
                    DeviceException.Invalid.class, () -> create("malloc:///x?size=1MiB", 1 << 20)))
            .contains("says size already"));
    assertEquals(1, volumes().list().size());
  }

  @Test
  void aCreateThatFailsLeavesNothing() {
    assertThrows(DeviceException.class, () -> create("malloc:///x", 1));
    assertThrows(DeviceException.Invalid.class, () -> volumes().get("x"));
    create("malloc:///x", 1 << 20);
  }

  @Test
  void publishingAgainWithTheSameWordsChangesNothing() {
    create("malloc:///p", 1 << 20);
    volumes().publish("p", "", List.of());
    volumes().publish("p", "", List.of());
    assertThrows(
        DeviceException.Invalid.class,
        () -> volumes().publish("p", "nqn.2026-01.org.example:p", List.of()));
    assertThrows(DeviceException.Invalid.class, () -> volumes().publish("none", "", List.of()));
    assertThrows(DeviceException.Invalid.class, () -> volumes().delete("p", n -> {}));
    assertThrows(DeviceException.Invalid.class, () -> volumes().close("p"));
    volumes().unpublish("p");
    volumes().unpublish("p");
    assertTrue(exports.published.isEmpty());
  }

  @Test
  void tiersChangeUnderHostsUnlessTheseWouldHaveToFlushAllAtOnce() {
    volumes().create(new CreateRequest("db", "", 1 << 20, 0, "local", "", "30s"));
    volumes().publish("db", "", List.of());
    exports.associations = 1;
    var refused =
        assertThrows(
            DeviceException.Invalid.class,
            () -> volumes().setTiers("db", TierChange.parse("applied", "", ""), FOREVER));
    assertTrue(message(refused).contains("Unpublish"), message(refused));
    assertEquals("ack=local flush=local rpo=30s", tiers());
    volumes().setTiers("db", TierChange.parse("", "", "5s,enforce"), FOREVER);
    volumes().unpublish("db");
    volumes().setTiers("db", TierChange.parse("applied", "uploaded", ""), FOREVER);
    assertEquals("ack=applied flush=uploaded rpo=5s,enforce", tiers());
    assertTrue(open(volumes().get("db").open()).info().volatileWriteCache());
    restart();
    assertEquals("ack=applied flush=uploaded rpo=5s,enforce", tiers());
  }

  private String tiers() {
    VolumeView.Bucket bucket =
        Objects.requireNonNull(open(volumes().get("db").open()).bucket(), "in a bucket");
    assertEquals(bucket.summary().tiers(), bucket.keepsTo());
    return bucket.keepsTo().toString();
  }

  /** The word is the manifest's: a gateway keeps none of its own. */
  @Test
  void fencingIsSaidOnceAndStaysWithTheVolume() {
    volumes().create(new CreateRequest("db", "", 1 << 20, 0, "", "", "", "none"));
    assertEquals(Fencing.NONE, fencing());
    restart();
    assertEquals(Fencing.NONE, fencing());
    volumes().close("db");
    volumes().open("db", "", "", "");
    assertEquals(Fencing.NONE, fencing());
    volumes().close("db");
    volumes().open("db", "", "", "", "conditional");
    assertEquals(Fencing.CONDITIONAL, fencing());
    restart();
    assertEquals(Fencing.CONDITIONAL, fencing());
    volumes().close("db");
    assertThrows(
        DeviceException.Invalid.class, () -> volumes().open("db", "", "", "", "sometimes"));
  }

  private Fencing fencing() {
    return Objects.requireNonNull(open(volumes().get("db").open()).bucket(), "in a bucket")
        .summary()
        .fencing();
  }

  @Test
  void onlyVolumesInBucketsHaveTiers() {
    create("malloc:///m", 1 << 20);
    assertThrows(
        DeviceException.Invalid.class,
        () -> volumes().setTiers("m", TierChange.parse("local", "", ""), FOREVER));
    assertThrows(
        DeviceException.Invalid.class,
        () -> volumes().create(new CreateRequest("db", "", 1 << 20, 0, "", "", "1d")));
    assertEquals(1, volumes().list().size());
  }

  @Test
  void hostNamesAreCheckedBeforeAnythingHappens() {
    create("malloc:///p", 1 << 20);
    assertThrows(
        DeviceException.Invalid.class, () -> volumes().publish("p", "", List.of("my host")));
    assertNull(volumes().get("p").publication());
    restart();
    assertTrue(exports.published.isEmpty());
  }

  @Test
  void deleteRemovesTheFileAndCloseKeepsIt() {
    create(file("gone"), 1 << 20);
    create(file("kept"), 1 << 20);
    volumes().delete("gone", n -> {});
    volumes().close("kept");
    assertFalse(Files.exists(directory.resolve("gone")));
    assertTrue(Files.exists(directory.resolve("kept")));
    restart();
    assertEquals(List.of(), volumes().list());
    assertEquals("READY", volumes().open(file("kept"), "", "", "").stateName());
  }

  @Test
  void aDeviceWithCommandsInItIsNotClosedUnderThem() {
    create("malloc:///busy", 1 << 20);
    volumes().publish("busy", "", List.of());
    exports.drains = false;
    volumes().unpublish("busy");
    assertEquals(List.of("busy"), volumes().closeAll(Duration.ofSeconds(5)));
    start();
  }

  @Test
  void aDeviceWithCommandsInItIsClosedOnceTheyEnded() {
    create(file("late"), 1 << 20);
    volumes().publish("late", "", List.of());
    exports.drains = false;
    volumes().unpublish("late");
    for (Executable end :
        List.<Executable>of(
            () -> volumes().close("late"), () -> volumes().delete("late", n -> {}))) {
      var busy = assertThrows(DeviceException.Unavailable.class, end);
      assertTrue(message(busy).contains("commands of a host"), message(busy));
      assertEquals("READY", volumes().get("late").stateName());
      assertTrue(Files.exists(directory.resolve("late")));
    }
    exports.drains = true;
    volumes().close("late");
    assertEquals(List.of(), volumes().list());
    volumes().open(file("late"), "", "", "");
    volumes().delete("late", n -> {});
    assertFalse(Files.exists(directory.resolve("late")));
  }

  @Test
  void aDamagedCatalogueIsRefusedByName() throws IOException {
    create("malloc:///a", 1 << 20);
    stop();
    Path file = directory.resolve("catalogue.json");
    String good = Files.readString(file);
    for (String bad :
        List.of(
            "",
            "{",
            good.replace("\"version\" : 1", "\"version\" : 2"),
            good.replace("\"uri\"", "\"url\""),
            good.replace("\"a\"", "\"../a\""),
            good + "x")) {
      Files.writeString(file, bad);
      var failure =
          assertThrows(DeviceException.Corrupt.class, () -> new Catalogue(file), () -> bad);
      assertTrue(message(failure).contains(file.toString()), message(failure));
    }
    Files.writeString(file, good);
    start();
    assertEquals(1, volumes().list().size());
  }

  @Test
  void directoriesThatLogsLeftAreRemembered() throws IOException {
    Path file = directory.resolve("catalogue.json");
    create("db", 1 << 20);
    String first = directory.resolve("first").toString();
    String second = directory.resolve("second").toString();
    VolumeManager.Recovered moved = volumes().recover("db", first, "", FOREVER);
    UUID uuid = open(moved.volume().open()).info().identity().uuid();
    Path left = directory.resolve("v").resolve(uuid.toString());
    assertTrue(moved.warnings().getFirst().startsWith("the old log stays in " + left), "" + moved);
    assertEquals(List.of(), new Catalogue(file).formerLogDirectories(), "that one is always known");
    moved = volumes().recover("db", second, "", FOREVER);
    assertTrue(
        moved.warnings().getFirst().startsWith("the old log stays in " + first + "/" + uuid),
        "" + moved);
    assertEquals(List.of(first), new Catalogue(file).formerLogDirectories());
    volumes().close("db");
    assertEquals(List.of(first, second), new Catalogue(file).formerLogDirectories());
    restart();
    assertEquals(List.of(first, second), new Catalogue(file).formerLogDirectories());
  }

  @Test
  void formerLogDirectoriesAreBoundedAndCheckedAndMayBeMissing() throws IOException {
    Path file = directory.resolve("catalogue.json");
    var catalogue = new Catalogue(file);
    for (int i = 0; i <= Catalogue.MAX_FORMER_LOG_DIRECTORIES + 2; i++) {
      catalogue.put(new CatalogueEntry("a", "bucket+file:///b/a?log_dir=/logs/" + i, null));
    }
    List<String> former = new Catalogue(file).formerLogDirectories();
    assertEquals(Catalogue.MAX_FORMER_LOG_DIRECTORIES, former.size());
    assertEquals("/logs/2", former.getFirst(), "the oldest gave way");
    String good = Files.readString(file);
    for (String bad :
        List.of(
            good.replace("\"/logs/9\"", "\"logs/9\""),
            good.replace("\"/logs/9\"", "\"/logs/../9\""),
            good.replace("\"/logs/9\"", "\"/logs/\\u0000\""),
            good.replace("\"/logs/9\"", "null"),
            good.replace("\"/logs/9\"", "{}"),
            good.replace("\"/logs/9\"", "\"/logs/9\", \"/logs/9b\""))) {
      assertNotEquals(good, bad);
      Files.writeString(file, bad);
      assertThrows(DeviceException.Corrupt.class, () -> new Catalogue(file), bad);
    }
    Files.writeString(
        file, "{\"version\":1,\"volumes\":[{\"name\":\"a\",\"uri\":\"malloc:///a\"}]}");
    assertEquals(List.of(), new Catalogue(file).formerLogDirectories());
    assertEquals(1, new Catalogue(file).entries().size());
    Files.delete(file);
  }

  @Test
  void oneDaemonToADirectory() {
    Path data = directory.resolve("data");
    try (DataDirectory first = DataDirectory.take(data)) {
      var refused =
          assertThrows(DeviceException.Unavailable.class, () -> DataDirectory.take(first.path()));
      assertTrue(
          message(refused).contains("process " + ProcessHandle.current().pid()), message(refused));
    }
    DataDirectory.take(data).close();
  }
}
