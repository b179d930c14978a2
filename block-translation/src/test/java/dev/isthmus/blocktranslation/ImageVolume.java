package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blockdevice.contract.BlockStamp;
import dev.isthmus.blocktranslation.format.Keys;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.blocktranslation.store.FakeBucket;
import dev.isthmus.blocktranslation.store.SimulatedTimer;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;

/**
 * A volume under a random load, each change of which is a segment of its own, and what its disk
 * held after each LSN. Threading: confined to the test's thread.
 */
final class ImageVolume {

  static final int BLOCKS = 6000;
  static final int BYTES = BLOCKS * SimHost.BLOCK_BYTES;
  private static final int MAX_BLOCKS = 8;

  final FakeBucket bucket = new FakeBucket();
  final SimHost host;
  final Random random;

  /** What the disk held, by block, after each LSN. */
  private final TreeMap<Long, long[]> states = new TreeMap<>();

  private final long[] model = new long[BLOCKS];
  private long id;

  ImageVolume(long seed) {
    random = new Random(seed);
    host = new SimHost(new SimulatedTimer(), bucket, random);
    host.create(BYTES, Tier.APPLIED, Tier.LOCAL_DURABLE);
    states.put(0L, model.clone());
  }

  /** Two checkpoints, segments behind the newer one, and an owner that did not close. */
  static ImageVolume played(long seed) {
    var volume = new ImageVolume(seed);
    for (int i = 0; i < 2; i++) {
      VolumeCore core = volume.host.open();
      volume.play(core, 60);
      core.close();
    }
    volume.play(volume.host.open(), 40);
    volume.host.crash();
    assertEquals(2, volume.host.manifest().checkpoints().size());
    return volume;
  }

  /** So many changes. */
  void play(VolumeCore volume, int changes) {
    for (int i = 0; i < changes; i++) {
      int blocks = 1 + random.nextInt(MAX_BLOCKS);
      int block = random.nextInt(BLOCKS - blocks + 1);
      boolean clears = random.nextInt(5) == 0;
      long value = clears ? 0 : ++id;
      IoStatus status =
          clears
              ? host.run(volume, clear(block, blocks))
              : host.write(volume, block, blocks, value);
      assertEquals(IoStatus.OK, status);
      Arrays.fill(model, block, block + blocks, value);
      host.awaitUploaded(volume);
      states.put(volume.positions().uploadedLsn(), model.clone());
    }
  }

  private IoCommand clear(int block, int blocks) {
    long offset = (long) block * SimHost.BLOCK_BYTES;
    long length = (long) blocks * SimHost.BLOCK_BYTES;
    return random.nextBoolean()
        ? new IoCommand.WriteZeroes(offset, length, true, false)
        : new IoCommand.Discard(offset, length);
  }

  long lastLsn() {
    return states.lastKey();
  }

  /** The disk's bytes after an LSN. */
  byte[] bytesAt(long lsn) {
    long[] ids = states.get(lsn);
    if (ids == null) {
      throw new AssertionError("no change ended with LSN " + lsn);
    }
    byte[] bytes = new byte[BYTES];
    MemorySegment all = MemorySegment.ofArray(bytes);
    for (int block = 0; block < BLOCKS; block++) {
      if (ids[block] != 0) {
        BlockStamp.fill(
            all.asSlice((long) block * SimHost.BLOCK_BYTES, SimHost.BLOCK_BYTES),
            SimHost.BLOCK_BYTES,
            block,
            ids[block]);
      }
    }
    return bytes;
  }

  byte[] bytes() {
    return bytesAt(lastLsn());
  }

  /** Keys of the checkpoints that the manifest names, the newest first. */
  List<String> checkpoints() {
    Manifest manifest = host.manifest();
    return manifest.checkpoints().stream()
        .map(ref ->
            SimHost.PLACE.keyPrefix()
                + Keys.checkpoint(manifest.volume(), ref.epoch(), ref.nonce()))
        .toList();
  }
}
