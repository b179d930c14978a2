package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blocktranslation.store.FakeBucket;
import dev.isthmus.blocktranslation.store.RequestKind;
import dev.isthmus.blocktranslation.store.SimulatedTimer;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Volumes with {@code fencing=none} in simulated time; {@code FencingIT} has real servers. */
class FencingTest {

  private final SimulatedTimer timer = new SimulatedTimer();
  private final FakeBucket bucket = new FakeBucket();
  private final SimHost host = new SimHost(timer, bucket, new Random(1));

  @BeforeEach
  void createUnfenced() {
    host.create(64 << 20, Tier.APPLIED, Tier.LOCAL_DURABLE);
    host.changeManifest(m -> m.withFencing(Fencing.NONE));
  }

  private boolean anyConditionFailed(int from) {
    return bucket.effectsFrom(from).stream().anyMatch(e -> e.kind() == RequestKind.PUT && !e.won());
  }

  @Test
  void anOpenWaitsForLongerThanAWriteTakes() {
    long start = timer.nanoTime();
    VolumeCore volume = host.open();
    assertTrue(timer.nanoTime() - start >= TimeUnit.SECONDS.toNanos(2));
    assertEquals(Fencing.NONE, volume.summary().fencing());
    assertEquals(Fencing.NONE, host.manifest().fencing(), "an open keeps it");
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 7));
    host.awaitUploaded(volume);
    volume.close();
    assertArrayEquals(new long[] {7}, host.read(host.open(), 0, 1));
    assertEquals(Fencing.NONE, host.manifest().fencing(), "and so does a checkpoint");
  }

  /** What an older owner had under its way lands on the fence. */
  @Test
  void anOpenThatFindsItsFenceWrittenOverServesNothing() {
    boolean[] done = {false};
    host.withInterleaving(() -> {
      if (!done[0] && !host.keys("segments").isEmpty()) {
        done[0] = true;
        bucket.truncate(host.keys("segments").getLast(), 200);
      }
    });
    var refused = assertThrows(DeviceException.Unavailable.class, host::open);
    assertTrue(done[0]);
    assertTrue(String.valueOf(refused.getMessage()).contains("still writes to it"));
    assertEquals(1, host.keys("segments").size(), "nothing is behind it");
  }

  /**
   * One host's requests take up to 1.2 s from its look to the end of its put, the other's next to
   * nothing: without the wait that one has written, looked again and serves before the slow one's
   * manifest lands on its own.
   */
  @Test
  void ofTwoOpensAtOnceAtMostOneServes() {
    int overlaps = 0;
    for (long seed = 1; seed <= 200; seed++) {
      var ownTimer = new SimulatedTimer();
      var ownBucket = new FakeBucket();
      var random = new Random(seed);
      var slow = new SimHost(ownTimer, ownBucket, random).withDelays(600_000_000, 1_000_000);
      var fast = new SimHost(ownTimer, ownBucket, new Random(~seed)).withDelays(5_000_000, 0);
      slow.create(64 << 20, Tier.APPLIED, Tier.LOCAL_DURABLE);
      slow.changeManifest(m -> m.withFencing(Fencing.NONE));
      @Nullable VolumeCore[] second = {null};
      int[] waits = {0};
      int at = random.nextInt(30);
      slow.withInterleaving(() -> {
        if (waits[0]++ == at) {
          second[0] = opened(fast);
        }
      });
      VolumeCore first = opened(slow);
      assertTrue(first == null || second[0] == null, "seed " + seed + " at " + at);
      overlaps += waits[0] > at ? 1 : 0;
    }
    assertTrue(overlaps > 50, overlaps + " overlapped");
  }

  private static @Nullable VolumeCore opened(SimHost host) {
    try {
      return host.open();
    } catch (DeviceException e) {
      return null;
    }
  }

  @Test
  void noConditionIsSent() {
    int from = bucket.effectCount();
    VolumeCore volume = host.open();
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 7));
    host.awaitUploaded(volume);
    volume.close();
    assertTrue(!anyConditionFailed(from));
  }
}
