package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blocktranslation.store.FakeBucket;
import dev.isthmus.blocktranslation.store.SimulatedTimer;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What an open finds after an owner that did not close. */
class VolumeRecoveryTest {

  private final SimulatedTimer timer = new SimulatedTimer();
  private final FakeBucket bucket = new FakeBucket();
  private final SimHost host = new SimHost(timer, bucket, new Random(1));

  @AfterEach
  void noDefects() {
    assertTrue(host.defects.isEmpty(), () -> "defects: " + host.defects);
  }

  private void create(Tier ack, Tier flush) {
    host.create(1 << 20, ack, flush);
  }

  @Test
  void aCrashLosesNothing() {
    create(Tier.APPLIED, Tier.LOCAL_DURABLE);
    VolumeCore volume = host.open();
    assertEquals(IoStatus.OK, host.write(volume, 3, 2, 1));
    host.awaitUploaded(volume);
    assertEquals(IoStatus.OK, host.write(volume, 4, 2, 2));
    host.crash();
    volume = host.open();
    assertEquals(OpenOutcome.COMPLETE, volume.openOutcome());
    assertArrayEquals(new long[] {0, 1, 2, 2, 0}, host.read(volume, 2, 5));
    volume.close();
    volume = host.open();
    assertArrayEquals(new long[] {0, 1, 2, 2, 0}, host.read(volume, 2, 5));
    volume.close();
  }

  /**
   * What was uploaded but never forced may be gone from the log after a power cut: the bucket has
   * it, so nothing flushed is missing, and no word is asked for.
   */
  @Test
  void aPowerCutWithoutAnyFlushNeedsNoWord() {
    create(Tier.APPLIED, Tier.LOCAL_DURABLE);
    VolumeCore volume = host.open();
    for (int i = 1; i <= 20; i++) {
      assertEquals(IoStatus.OK, host.write(volume, i, 1, i));
      host.awaitUploaded(volume);
    }
    host.cutPower();
    volume = host.open();
    var outcome = assertInstanceOf(OpenOutcome.RolledBack.class, volume.openOutcome());
    assertEquals(20, outcome.toLsn());
    assertArrayEquals(new long[] {0, 1, 2}, host.read(volume, 0, 3));
    assertEquals(20, host.read(volume, 20, 1)[0]);
    assertEquals(IoStatus.OK, host.write(volume, 0, 1, 21));
    volume.close();
    assertEquals(OpenOutcome.COMPLETE, host.open().openOutcome());
  }
}
