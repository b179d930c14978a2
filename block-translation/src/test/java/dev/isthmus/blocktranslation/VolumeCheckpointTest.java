package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.store.FakeBucket;
import dev.isthmus.blocktranslation.store.RequestKind;
import dev.isthmus.blocktranslation.store.SimulatedTimer;
import dev.isthmus.blocktranslation.store.StoreFaults;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Checkpoints while the volume runs, and what becomes of what they no longer name. */
class VolumeCheckpointTest {

  private static final int BLOCKS = 4096;
  private static final int BETWEEN = 128;

  private final FakeBucket bucket = new FakeBucket();
  private final SimHost host = new SimHost(new SimulatedTimer(), bucket, new Random(1));
  private final long[] model = new long[BLOCKS];
  private long id;

  @AfterEach
  void noDefects() {
    assertTrue(host.defects.isEmpty(), () -> "defects: " + host.defects);
  }

  private VolumeCore open() {
    host.create((long) BLOCKS * SimHost.BLOCK_BYTES, Tier.APPLIED, Tier.LOCAL_DURABLE);
    return host.open();
  }

  /** So many segments of one write each. */
  private void upload(VolumeCore volume, int segments) {
    for (int i = 0; i < segments; i++) {
      int block = (int) (++id * 37 % BLOCKS);
      model[block] = id;
      assertEquals(IoStatus.OK, host.write(volume, block, 1, id));
      host.awaitUploaded(volume);
    }
  }

  private void assertContent(VolumeCore volume) {
    for (int block = 0; block < BLOCKS; block += 128) {
      long[] found = host.read(volume, block, 128);
      for (int i = 0; i < 128; i++) {
        assertEquals(model[block + i], found[i], "block " + (block + i));
      }
    }
  }

  @Test
  void aCheckpointThatFailedIsTriedAgainAndLeavesNothingBehind() {
    VolumeCore volume = open();
    host.withFaults((kind, key) ->
        kind == RequestKind.PUT && key.endsWith("/manifest")
            ? StoreFaults.Fault.UNREACHABLE
            : StoreFaults.Fault.NONE);
    upload(volume, BETWEEN + 1);
    host.advance(60_000);
    assertEquals(0, host.manifest().checkpoints().size());
    String abandoned = host.keys("checkpoints").getFirst();
    host.withFaults(StoreFaults.NONE);
    upload(volume, 2);
    host.advance(1_000);
    assertEquals(1, host.manifest().checkpoints().size(), "tried again soon");
    for (int i = 0; i < 4; i++) {
      upload(volume, BETWEEN);
      host.advance(360_000);
    }
    assertFalse(bucket.keys().contains(abandoned), "what nobody names is deleted");
    volume.close();
    assertContent(host.open());
  }

  @Test
  void onlyWhatNoKeptCheckpointNeedsIsDeletedAndThatIs() {
    VolumeCore volume = open();
    for (int i = 0; i < 24; i++) {
      upload(volume, BETWEEN);
      BucketInvariants.check(host);
      host.advance(200_000);
      BucketInvariants.check(host);
      if (i % 7 == 6) {
        host.crash();
        volume = host.open();
        assertContent(volume);
      }
    }
    host.advance(1_000);
    int runs = volume.statistics().mapRuns();
    assertTrue(runs <= 16, "runs: " + runs);
    assertTrue(host.keys("runs").size() < 24, () -> "parts: " + host.keys("runs").size());
    assertTrue(host.keys("checkpoints").size() <= 8, () -> "" + host.keys("checkpoints"));
    volume.close();
    Manifest manifest = host.manifest();
    assertEquals(2, manifest.checkpoints().size());
    BucketInvariants.check(host);
    assertContent(host.open());
  }
}
