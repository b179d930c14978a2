package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blockdevice.contract.BlockStamp;
import dev.isthmus.blocktranslation.scrub.ScrubFinding;
import dev.isthmus.blocktranslation.scrub.ScrubSettings;
import dev.isthmus.blocktranslation.scrub.ScrubTarget;
import dev.isthmus.blocktranslation.scrub.VolumeScrub;
import dev.isthmus.blocktranslation.store.FakeBucket;
import dev.isthmus.blocktranslation.store.SimulatedTimer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * A volume in a fake bucket, whose copies are damaged, opened, read from end to end and scrubbed.
 * Threading: one thread.
 */
final class DamageVolume {

  static final int BLOCKS = 512;

  private static final int READ_BLOCKS = 64;

  /** What became of a damaged copy. Wrong data, another exception or a hang is a failure. */
  enum Outcome {
    /** The open says that it is damaged, and which object. */
    REFUSED,
    /** Some reads are {@code CORRUPT}, all others right. */
    CORRUPT_READS,
    /** All data is right: the damage is in what is redundant. */
    RIGHT
  }

  final FakeBucket bucket = new FakeBucket();
  final SimHost host;
  final long[] model = new long[BLOCKS];
  private final Random random;
  private final Takeover takeover;
  private long nextId = 1;

  /** The manifests of earlier owners, as they closed. */
  final List<byte[]> olderManifests = new ArrayList<>();

  private DamageVolume(long seed, Takeover takeover) {
    this.random = new Random(seed);
    this.takeover = takeover;
    this.host = new SimHost(new SimulatedTimer(), bucket, new Random(seed));
  }

  /** Closed in order, after several owners: two checkpoints, several runs, doomed objects. */
  static DamageVolume closed(long seed) {
    var volume = new DamageVolume(seed, Takeover.NONE);
    volume.host.create((long) BLOCKS * SimHost.BLOCK_BYTES, Tier.APPLIED, Tier.LOCAL_DURABLE);
    for (int owner = 0; owner < 4; owner++) {
      VolumeCore core = volume.host.open();
      volume.write(core, 60);
      core.close();
      volume.olderManifests.add(volume.peek(SimHost.PLACE.keyPrefix() + "manifest"));
    }
    volume.olderManifests.removeLast();
    return volume;
  }

  /** The bucket of a host that is lost: segments and a fence behind the newest checkpoint. */
  static DamageVolume orphaned(long seed) {
    var volume = new DamageVolume(seed, Takeover.LOSSY);
    volume.host.create((long) BLOCKS * SimHost.BLOCK_BYTES, Tier.APPLIED, Tier.LOCAL_DURABLE);
    VolumeCore core = volume.host.open();
    volume.write(core, 60);
    core.close();
    core = volume.host.open();
    for (int i = 0; i < 3; i++) {
      volume.write(core, 20);
    }
    volume.host.crash();
    return volume;
  }

  private void write(VolumeCore core, int writes) {
    for (int i = 0; i < writes; i++) {
      int blocks = 1 + random.nextInt(8);
      int block = random.nextInt(BLOCKS - blocks);
      long id = nextId++;
      if (random.nextInt(6) == 0) {
        id = 0;
        assertEquals(
            IoStatus.OK,
            host.run(
                core,
                new IoCommand.WriteZeroes(
                    (long) block * SimHost.BLOCK_BYTES,
                    (long) blocks * SimHost.BLOCK_BYTES,
                    false,
                    false)));
      } else {
        assertEquals(IoStatus.OK, host.write(core, block, blocks, id));
      }
      java.util.Arrays.fill(model, block, block + blocks, id);
    }
    host.awaitUploaded(core);
  }

  /** Keys of one kind, in order. */
  List<String> keys(String kind) {
    return host.keys(kind);
  }

  byte[] peek(String key) {
    return java.util.Objects.requireNonNull(bucket.peek(key), key);
  }

  /**
   * Opens and reads a copy of the bucket in which {@code key} has other bytes.
   *
   * @param what for messages
   */
  Outcome outcome(String key, byte[] bytes, String what) {
    FakeBucket copy = bucket.copy();
    var opener = new SimHost(new SimulatedTimer(), copy, new Random(7));
    opener.putForeign(key, bytes);
    VolumeCore core;
    try {
      core = opener.open(takeover);
    } catch (DeviceException.Corrupt | DeviceException.Invalid | DeviceException.Fenced e) {
      String name = key.substring(key.lastIndexOf('/') + 1);
      // Another valid manifest is betrayed by what it names.
      assertTrue(
          e instanceof DeviceException.Fenced
              || String.valueOf(e.getMessage()).contains(name)
              || (name.equals("manifest")
                  && String.valueOf(e.getMessage()).contains("/checkpoints/")),
          () -> what + ": the refusal does not name the object " + name + ": " + e.getMessage());
      assertTrue(opener.defects.isEmpty(), () -> what + ": " + opener.defects);
      return Outcome.REFUSED;
    }
    Outcome outcome = readAll(opener, core, what);
    assertTrue(opener.defects.isEmpty(), () -> what + ": " + opener.defects);
    return outcome;
  }

  /** Large reads first: a block is asked for by itself only where one of those is corrupt. */
  private Outcome readAll(SimHost opener, VolumeCore core, String what) {
    int corruptReads = 0;
    for (int from = 0; from < BLOCKS; from += READ_BLOCKS) {
      if (isCorrupt(opener, core, from, READ_BLOCKS, what)) {
        corruptReads++;
        int corruptBlocks = 0;
        for (int block = from; block < from + READ_BLOCKS; block++) {
          corruptBlocks += isCorrupt(opener, core, block, 1, what) ? 1 : 0;
        }
        assertTrue(corruptBlocks > 0, () -> what + ": a corrupt read of sound blocks");
        corruptReads += corruptBlocks;
      }
    }
    assertEquals(corruptReads, core.statistics().integrity().corruptReads(), what);
    return corruptReads == 0 ? Outcome.RIGHT : Outcome.CORRUPT_READS;
  }

  private boolean isCorrupt(SimHost opener, VolumeCore core, int from, int blocks, String what) {
    MemorySegment data = Arena.ofAuto().allocate((long) blocks * SimHost.BLOCK_BYTES, 8);
    IoStatus status = opener.run(core, new IoCommand.Read((long) from * SimHost.BLOCK_BYTES, data));
    if (status == IoStatus.CORRUPT) {
      return true;
    }
    assertEquals(IoStatus.OK, status, what);
    for (int i = 0; i < blocks; i++) {
      MemorySegment one = data.asSlice((long) i * SimHost.BLOCK_BYTES, SimHost.BLOCK_BYTES);
      assertEquals(model[from + i], BlockStamp.idOf(one, from + i), what + ": block " + (from + i));
    }
    return false;
  }

  /** Whether a scrub of the copy, by itself, finds damage and names the object. */
  boolean scrubFinds(String key, byte[] bytes, String what) {
    FakeBucket copy = bucket.copy();
    var other = new SimHost(new SimulatedTimer(), copy, new Random(8));
    other.putForeign(key, bytes);
    return found(scrub(other), key, what);
  }

  static VolumeScrub scrub(SimHost host) {
    var scrub =
        new VolumeScrub(
            ScrubTarget.offline(
                host.admin(), SimHost.PLACE.keyPrefix(), SimHost.PLACE.where(), host.scrubs),
            ScrubSettings.readOnly(0));
    scrub.start("damage");
    assertTrue(scrub.awaitEnd(TimeUnit.SECONDS.toNanos(60)), "a hang");
    return scrub;
  }

  private static boolean found(VolumeScrub scrub, String key, String what) {
    DeviceException failure = scrub.failure();
    if (failure != null) {
      assertTrue(
          failure instanceof DeviceException.Corrupt,
          () -> what + ": the scrub failed: " + failure);
      return String.valueOf(failure.getMessage()).contains(key) || !scrub.findings().isEmpty();
    }
    return scrub.findings().stream()
        .map(ScrubFinding::object)
        .anyMatch(object -> object.equals(key));
  }
}
