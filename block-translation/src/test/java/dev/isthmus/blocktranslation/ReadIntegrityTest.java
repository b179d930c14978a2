package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blocktranslation.store.FakeBucket;
import dev.isthmus.blocktranslation.store.RequestKind;
import dev.isthmus.blocktranslation.store.SimulatedTimer;
import dev.isthmus.blocktranslation.store.StoreFaults;
import dev.isthmus.blocktranslation.store.StoreFaults.Fault;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A wrong byte is fetched again from where a good copy may be, and else the read is corrupt. */
class ReadIntegrityTest {

  private static final int BLOCKS = 64;

  private final SimulatedTimer timer = new SimulatedTimer();
  private final FakeBucket bucket = new FakeBucket();
  private final SimHost host = new SimHost(timer, bucket, new Random(1));

  @AfterEach
  void noDefects() {
    assertTrue(host.defects.isEmpty(), () -> "defects: " + host.defects);
  }

  /** Blocks 0 to 63, written one by one, in the bucket and no longer dirty. */
  private VolumeCore written() {
    host.create(64 << 20, Tier.APPLIED, Tier.LOCAL_DURABLE);
    VolumeCore volume = host.open();
    for (int block = 0; block < BLOCKS; block++) {
      assertEquals(IoStatus.OK, host.write(volume, block, 1, 100 + block));
    }
    host.awaitUploaded(volume);
    return volume;
  }

  private static long[] expected() {
    var ids = new long[BLOCKS];
    for (int block = 0; block < BLOCKS; block++) {
      ids[block] = 100L + block;
    }
    return ids;
  }

  private IoStatus readStatus(VolumeCore volume, int block) {
    MemorySegment data = Arena.ofAuto().allocate(SimHost.BLOCK_BYTES, 8);
    return host.run(volume, new IoCommand.Read((long) block * SimHost.BLOCK_BYTES, data));
  }

  private static ReadIntegrity integrity(VolumeCore volume) {
    return volume.statistics().integrity();
  }

  /** Flips a byte of the data of a block in the bucket, wherever its frame lies there. */
  private void damageInBucket(int block) {
    byte[] data = new byte[SimHost.BLOCK_BYTES];
    dev.isthmus.blockdevice.contract.BlockStamp.fill(
        MemorySegment.ofArray(data), SimHost.BLOCK_BYTES, block, 100 + block);
    for (String key : host.keys("segments")) {
      byte[] bytes = java.util.Objects.requireNonNull(bucket.peek(key));
      for (int at = 0; at + data.length <= bytes.length; at += 4) {
        if (java.util.Arrays.equals(bytes, at, at + data.length, data, 0, data.length)) {
          bytes[at + 77] ^= 0x10;
          host.putForeign(key, bytes);
          return;
        }
      }
    }
    throw new AssertionError("block " + block + " is in no segment");
  }

  @Test
  void aDamagedFrameInMemoryIsDroppedAndFetchedFromTheBucket() {
    VolumeCore volume = written();
    assertArrayEquals(expected(), host.read(volume, 0, BLOCKS));
    int damaged = 0;
    for (FrameRef ref : volume.cache().frames()) {
      MemorySegment memory = java.util.Objects.requireNonNull(volume.cache().memoryOf(ref));
      long at = (ref.sector() * 7) % memory.byteSize();
      memory.set(ValueLayout.JAVA_BYTE, at, (byte) (memory.get(ValueLayout.JAVA_BYTE, at) ^ 1));
      damaged++;
    }
    assertTrue(damaged > 0);
    long hits = volume.statistics().cacheHits();
    assertArrayEquals(expected(), host.read(volume, 0, BLOCKS));
    assertEquals(damaged, integrity(volume).cacheDamages());
    assertEquals(0, integrity(volume).corruptReads());
    assertEquals(hits, volume.statistics().cacheHits(), "a damaged frame is no hit");
    assertArrayEquals(expected(), host.read(volume, 0, BLOCKS));
    assertEquals(damaged, integrity(volume).cacheDamages(), "the good copies are cached");
  }

  @Test
  void aLostCacheChangesNothing() {
    VolumeCore volume = written();
    assertArrayEquals(expected(), host.read(volume, 0, BLOCKS));
    volume.cache().clear();
    assertArrayEquals(expected(), host.read(volume, 0, BLOCKS));
    assertEquals(ReadIntegrity.NONE, integrity(volume));
  }

  @Test
  void aReplyDamagedOnItsWayIsFetchedOnceMore() {
    VolumeCore volume = written();
    for (int block = 0; block < BLOCKS; block++) {
      volume.cache().clear();
      // One bit of header or data, another one each time.
      host.withFaults(
          StoreFaults.script(RequestKind.GET, "/segments/", StoreFaults.NONE, Fault.DAMAGED_REPLY));
      assertArrayEquals(new long[] {100 + block}, host.read(volume, block, 1));
    }
    assertEquals(BLOCKS, integrity(volume).refetchedFrames());
    assertEquals(0, integrity(volume).corruptReads());
  }

  @Test
  void damagedRepliesOfMapCheckpointManifestAndChainAreFetchedOnceMore() {
    VolumeCore volume = written();
    volume.close();
    for (String part : new String[] {"/manifest", "/checkpoints/", "/segments/", "/runs/"}) {
      for (int i = 0; i < 20; i++) {
        host.withFaults(
            StoreFaults.script(RequestKind.GET, part, StoreFaults.NONE, Fault.DAMAGED_REPLY));
        volume = host.open();
        assertEquals(104, host.read(volume, 4, 1)[0]);
        assertEquals(0, integrity(volume).corruptReads(), part);
        host.crash();
      }
    }
  }

  @Test
  void whatTheBucketLostTheLogMayStillHave() {
    VolumeCore volume = written();
    damageInBucket(5);
    assertEquals(105, host.read(volume, 5, 1)[0]);
    assertEquals(1, integrity(volume).servedFromLog());
    assertEquals(0, integrity(volume).corruptReads());
    // From memory now.
    assertEquals(105, host.read(volume, 5, 1)[0]);
    assertEquals(1, integrity(volume).servedFromLog());
    // With the process the memory of where the log has it is gone, and with a close the log is.
    volume.close();
    volume = host.open();
    assertEquals(IoStatus.CORRUPT, readStatus(volume, 5));
    assertEquals(IoStatus.OK, readStatus(volume, 6));
    assertEquals(1, integrity(volume).corruptReads());
    assertEquals(0, integrity(volume).servedFromLog());
  }

  @Test
  void aDamagedPageOfTheMapIsACorruptRead() {
    VolumeCore volume = written();
    volume.close();
    String part = host.keys("runs").getFirst();
    byte[] bytes = java.util.Objects.requireNonNull(bucket.peek(part));
    bytes[128 + 40] ^= 1; // within the first page's entries
    host.putForeign(part, bytes);
    volume = host.open();
    assertEquals(IoStatus.CORRUPT, readStatus(volume, 0));
    assertEquals(1, integrity(volume).corruptReads());
  }
}
