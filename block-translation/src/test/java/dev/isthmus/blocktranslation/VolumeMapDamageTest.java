package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.store.FakeBucket;
import dev.isthmus.blocktranslation.store.SimulatedTimer;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A page of the map is damaged in the bucket: what it told is corrupt, and the volume goes on. */
class VolumeMapDamageTest {

  private static final int BLOCKS = 1024;

  /** In the damaged page; older runs have older data for them. */
  private static final int DAMAGED = 32;

  /** Behind a part's header, in the entries of its first page (FORMAT.md). */
  private static final int IN_FIRST_PAGE = 128 + 64;

  private final FakeBucket bucket = new FakeBucket();
  private final SimHost host = new SimHost(new SimulatedTimer(), bucket, new Random(1));
  private final long[] model = new long[BLOCKS];
  private long id;

  @AfterEach
  void noDefects() {
    assertTrue(host.defects.isEmpty(), () -> "defects: " + host.defects);
  }

  private void write(VolumeCore volume, int block) {
    model[block] = ++id;
    assertEquals(IoStatus.OK, host.write(volume, block, 1, id));
  }

  /** A run of all blocks, and a newer one of the first; the part of that. */
  private String closedWithTwoRuns() {
    host.create((long) BLOCKS * SimHost.BLOCK_BYTES, Tier.APPLIED, Tier.UPLOADED);
    VolumeCore volume = host.open();
    for (int block = 0; block < BLOCKS; block++) {
      write(volume, block);
    }
    volume.close();
    var older = new ArrayList<>(host.keys("runs"));
    volume = host.open();
    for (int block = 0; block < DAMAGED; block++) {
      write(volume, block);
    }
    volume.close();
    var parts = new ArrayList<>(host.keys("runs"));
    parts.removeAll(older);
    assertEquals(1, parts.size());
    return parts.getFirst();
  }

  private void damage(String key) {
    byte[] bytes = java.util.Objects.requireNonNull(bucket.peek(key));
    bytes[IN_FIRST_PAGE] ^= 1;
    host.putForeign(key, bytes);
  }

  private void assertContent(VolumeCore volume, int corruptFrom, int corruptTo) {
    for (int block = corruptFrom; block < corruptTo; block++) {
      var read =
          new IoCommand.Read(
              (long) block * SimHost.BLOCK_BYTES, Arena.ofAuto().allocate(SimHost.BLOCK_BYTES, 8));
      assertEquals(IoStatus.CORRUPT, host.run(volume, read), "block " + block);
    }
    for (int block = 0; block < BLOCKS; block++) {
      if (block < corruptFrom || block >= corruptTo) {
        assertArrayEquals(new long[] {model[block]}, host.read(volume, block, 1), "block " + block);
      }
    }
  }

  private static void assertSaysSo(VolumeCore volume, String key) {
    DeviceState state = volume.state();
    assertEquals(DeviceState.Kind.DEGRADED, state.kind());
    String part = key.substring(key.indexOf("runs/"));
    for (String word : new String[] {part, "volume scrub", "volume export"}) {
      assertTrue(state.reason().contains(word), () -> word + " in: " + state.reason());
    }
    assertEquals(1, volume.statistics().mapDamagedRuns());
  }

  private void close(VolumeCore volume) {
    volume.close();
    assertEquals(Manifest.State.CLOSED, host.manifest().state());
  }

  @Test
  void aVolumeGoesOnClosesAndOpensBesideADamagedPage() {
    String damaged = closedWithTwoRuns();
    damage(damaged);
    VolumeCore volume = host.open();
    assertContent(volume, 0, DAMAGED);
    // 12 checkpoints, each a run: merges become due, and meet the damage.
    for (int i = 0; i < 12 * 128; i++) {
      write(volume, DAMAGED + i * 37 % (BLOCKS - DAMAGED));
      assertEquals(IoStatus.OK, host.flush(volume));
    }
    host.advance(5_000);
    assertSaysSo(volume, damaged);
    assertContent(volume, 0, DAMAGED);
    write(volume, 0); // what is written anew is read again
    assertEquals(IoStatus.OK, host.flush(volume));
    assertContent(volume, 1, DAMAGED);
    close(volume);
    assertTrue(bucket.keys().contains(damaged), "nothing is forgotten");
    volume = host.open();
    assertEquals(OpenOutcome.COMPLETE, volume.openOutcome());
    assertContent(volume, 1, DAMAGED);
    write(volume, 1);
    assertEquals(IoStatus.OK, host.flush(volume));
    close(volume);
    assertContent(host.open(), 2, DAMAGED);
  }

  /** Short terms leave a run each, and no time for a merge that would meet the damage. */
  @Test
  void aVolumeThatIsOpenedWithTooManyRunsAndADamagedOneGoesOn() {
    String damaged = closedWithTwoRuns();
    damage(damaged);
    for (int i = 0; i < 70; i++) {
      VolumeCore volume = host.open();
      write(volume, DAMAGED + i);
      close(volume);
    }
    VolumeCore volume = host.open();
    for (int i = 0; i < 200; i++) {
      write(volume, DAMAGED + i);
      assertEquals(IoStatus.OK, host.flush(volume));
    }
    assertSaysSo(volume, damaged);
    assertTrue(volume.statistics().mapRuns() < 64, () -> "" + volume.statistics());
    assertContent(volume, 0, DAMAGED);
    close(volume);
    assertContent(host.open(), 0, DAMAGED);
  }
}
