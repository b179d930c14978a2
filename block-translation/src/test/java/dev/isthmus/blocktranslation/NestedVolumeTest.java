package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.scrub.ScrubFinding;
import dev.isthmus.blocktranslation.scrub.ScrubFinding.Severity;
import dev.isthmus.blocktranslation.scrub.ScrubSettings;
import dev.isthmus.blocktranslation.scrub.VolumeScrub;
import dev.isthmus.blocktranslation.store.FakeBucket;
import dev.isthmus.blocktranslation.store.SimulatedTimer;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One volume below another's prefix, as older versions or other tools may have left them. */
class NestedVolumeTest {

  private static final String PREFIX = SimHost.PLACE.keyPrefix();
  private static final String INNER = PREFIX + "inner/";

  private final FakeBucket bucket = new FakeBucket();
  private final SimHost host = new SimHost(new SimulatedTimer(), bucket, new Random(1));

  @BeforeEach
  void writeAVolume() {
    host.create(1 << 20, Tier.APPLIED, Tier.LOCAL_DURABLE);
    VolumeCore volume = host.open();
    for (int i = 0; i < 20; i++) {
      assertEquals(IoStatus.OK, host.write(volume, i, 1, i + 1));
      host.awaitUploaded(volume);
    }
    volume.close();
  }

  private static VolumePlace place(String prefix) {
    String path = prefix.substring(0, prefix.length() - 1);
    return new VolumePlace(
        path.substring(path.lastIndexOf('/') + 1), prefix, "fake://bucket/" + path);
  }

  private VolumeAdmin admin() {
    return new VolumeAdmin(host.admin(), new Nonces(new Random(3)));
  }

  private void create(String prefix) {
    admin()
        .create(place(prefix), 1 << 20, SimHost.BLOCK_BYTES, Tiers.DEFAULT, FencingGate.TRUSTING);
  }

  /** The volume's objects once more, below it. */
  private List<String> nest() {
    for (String key : bucket.keys()) {
      host.putForeign(
          INNER + key.substring(PREFIX.length()), Objects.requireNonNull(bucket.peek(key)));
    }
    return inner();
  }

  private List<String> inner() {
    return bucket.keys().stream().filter(key -> key.startsWith(INNER)).toList();
  }

  private String refusal(Runnable task) {
    return String.valueOf(assertThrows(DeviceException.Invalid.class, task::run).getMessage());
  }

  @Test
  void deletingTheOuterOneIsRefusedBeforeAnythingChanges() {
    List<String> inner = nest();
    List<String> before = bucket.keys();
    int effects = bucket.effects().size();
    String said = refusal(() -> admin().delete(SimHost.PLACE, count -> {}));
    assertTrue(said.contains("another volume lies below it") && said.contains(INNER), said);
    assertEquals(before, bucket.keys());
    assertEquals(effects, bucket.effects().size());
    assertEquals(Manifest.State.CLOSED, host.manifest().state());
    // The inner one can go, and then the outer one.
    var _ = admin().delete(place(INNER), count -> {});
    assertFalse(inner.isEmpty());
    assertEquals(before.size() - inner.size(), bucket.keys().size());
    var _ = admin().delete(SimHost.PLACE, count -> {});
    assertEquals(List.of(), bucket.keys());
  }

  @Test
  void leftoversOfTheOuterOneAreNotDeletedEither() {
    List<String> inner = nest();
    bucket.remove(PREFIX + Keys.MANIFEST);
    var objects = new VolumeObjects(host.admin(), SimHost.PLACE);
    int before = bucket.keys().size();
    for (Runnable task : List.<Runnable>of(objects::requireOwn, () -> deleteAll(objects))) {
      assertTrue(refusal(task).contains(INNER));
      assertEquals(before, bucket.keys().size());
    }
    // What an import wrote goes by itself all the same: it lies below a UUID.
    String ours = bucket.keys().getFirst().substring(PREFIX.length());
    deleteAll(
        new VolumeObjects(host.admin(), SimHost.PLACE, ours.substring(0, ours.indexOf('/') + 1)));
    assertEquals(inner, bucket.keys());
  }

  private static void deleteAll(VolumeObjects objects) {
    long _ = objects.delete(null, 0, _ -> {});
  }

  @Test
  void whatComesThereMeanwhileIsNotDeleted() {
    String late = PREFIX + "zz-late/manifest";
    String said =
        refusal(() ->
            admin()
                .delete(
                    SimHost.PLACE,
                    count -> {
                      if (!bucket.keys().contains(late)) {
                        host.putForeign(late, new byte[1]);
                      }
                    }));
    assertTrue(said.contains(late), said);
    assertTrue(bucket.keys().contains(late));
    bucket.remove(late);
    // It goes on where it was.
    var _ = admin().delete(SimHost.PLACE, count -> {});
    assertEquals(List.of(), bucket.keys());
  }

  @Test
  void aStrayObjectIsNamed() {
    String uuid = host.manifest().volume().toString();
    for (String stray :
        List.of(
            "notes.txt",
            uuid + "/segments/12",
            uuid + "/segments/0000000000000001/x",
            uuid + "/other/0000000000000001",
            uuid.toUpperCase(java.util.Locale.ROOT) + "/segments/0000000000000001",
            uuid + "/runs/0000000000000001")) {
      host.putForeign(PREFIX + stray, new byte[1]);
      String said = refusal(() -> admin().delete(SimHost.PLACE, count -> {}));
      assertTrue(said.contains(PREFIX + stray) && said.contains("no volume's"), said);
      bucket.remove(PREFIX + stray);
    }
  }

  @Test
  void creatingOneBelowOrAboveAnotherIsRefused() {
    assertTrue(refusal(() -> create(INNER)).contains(PREFIX + Keys.MANIFEST));
    assertTrue(refusal(() -> create(PREFIX + "a/b/c/")).contains("below another volume"));
    String said = refusal(() -> create("test/"));
    assertTrue(said.contains("another volume lies below it"), said);
    // Beside it, with a name that begins alike, there is room.
    create("test/vol2/");
    create("test/vo/");
    create("test2/vol/");
    // Where the outer one's manifest is lost its segments still tell.
    bucket.remove(PREFIX + Keys.MANIFEST);
    assertTrue(refusal(() -> create("test/")).contains("test/"));
  }

  @Test
  void aScrubDoesNotCallItsObjectsSurplus() {
    List<String> inner = nest();
    VolumeScrub scrub = host.open().scrubs().prepare(new ScrubSettings(0, true, false));
    scrub.run();
    assertEquals(1, scrub.findings().size(), scrub.findings()::toString);
    ScrubFinding found = scrub.findings().getFirst();
    assertEquals(Severity.FOREIGN, found.severity());
    assertEquals(inner.getFirst(), found.object());
    assertTrue(
        found.what().contains("not of this volume: " + inner.size() + " objects"), found::what);
    assertFalse(scrub.progress().isDamaged());
    String other = "00000000-0000-4000-8000-000000000000";
    for (String key : List.of("/segments/0000000000000001", "/runs/" + "0".repeat(16) + "-")) {
      assertEquals(key.contains("segments"), Keys.parse(other + key) != null);
      assertTrue(Stream.of("a/", "a/b/").allMatch(at -> Keys.parse(at + other + key) == null));
    }
  }
}
