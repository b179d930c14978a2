package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.BlockingDevice;
import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blocktranslation.scrub.ScrubProgress.State;
import dev.isthmus.blocktranslation.scrub.ScrubSettings;
import dev.isthmus.blocktranslation.scrub.VolumeScrub;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** All volumes of one process take turns, with real threads and a real bucket's directory. */
class ScrubTurnsTest {

  private static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(60);

  /** Four segments of 1 MiB: most of a minute. */
  private static final ScrubSettings SLOW = ScrubSettings.readOnly(64 << 10);

  private static final ScrubSettings FAST = ScrubSettings.readOnly(0);

  @TempDir private Path directory = Path.of("unset");

  private String uri(String name) {
    return "bucket+file://" + directory.resolve("bucket") + "/" + name;
  }

  private ObjectVolume volume(ObjectVolumeProvider provider, String name) {
    ObjectVolume volume = provider.create(StorageUri.parse(uri(name) + "?size=16MiB"));
    byte[] bytes = new byte[1 << 20];
    new Random(1).nextBytes(bytes);
    var device = new BlockingDevice(volume);
    for (int i = 0; i < 4; i++) {
      device.writeAt((long) i * bytes.length, bytes);
    }
    volume.close();
    return provider.open(StorageUri.parse(uri(name)));
  }

  @Test
  void closedOrCancelledTheyLetTheNextOneRun() {
    try (var provider = new ObjectVolumeProvider(TestHost.settings(directory.resolve("host")))) {
      ObjectVolume first = volume(provider, "first");
      ObjectVolume second = volume(provider, "second");
      ObjectVolume third = volume(provider, "third");
      VolumeScrub one = first.startScrub(SLOW);
      VolumeScrub two = second.startScrub(FAST);
      VolumeScrub three = third.startScrub(FAST);
      VolumeScrub offline = provider.scrub(StorageUri.parse(uri("third")), FAST).start("offline");
      assertEquals(State.RUNNING, one.progress().state());
      for (VolumeScrub waits : new VolumeScrub[] {two, three, offline}) {
        assertEquals(State.QUEUED, waits.progress().state());
        assertTrue(waits.progress().note().contains("/first"), waits.progress()::note);
        assertEquals(0, waits.progress().requests());
      }
      // One at a time for each volume, too, whether it runs or waits.
      assertThrows(DeviceException.Invalid.class, () -> first.startScrub(FAST));
      assertThrows(DeviceException.Invalid.class, () -> second.startScrub(FAST));
      second.close();
      assertTrue(two.awaitEnd(LONGEST_NANOS));
      assertEquals(State.CANCELLED, two.progress().state());
      assertEquals(State.QUEUED, three.progress().state());
      first.close();
      assertTrue(one.awaitEnd(LONGEST_NANOS));
      assertEquals(State.CANCELLED, one.progress().state());
      for (VolumeScrub next : new VolumeScrub[] {three, offline}) {
        assertTrue(next.awaitEnd(LONGEST_NANOS));
        assertEquals(State.DONE, next.progress().state(), next.progress()::toString);
        assertTrue(next.progress().bytesDone() > 4 << 20);
      }
      third.close();
    }
  }
}
