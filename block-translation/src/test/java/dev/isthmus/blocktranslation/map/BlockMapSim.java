package dev.isthmus.blocktranslation.map;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blocktranslation.format.Checkpoint;
import dev.isthmus.blocktranslation.format.CheckpointCodec;
import dev.isthmus.wal.SimSeeds;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** More seeds of the model test, and the figures of docs/adr/0004-block-map.md. */
final class BlockMapSim {

  /** Of the map's writes, lookups and pieces told. */
  private static final class Counter implements LookupHandler {
    long pieces;
    long segment;
    boolean done;

    @Override
    public void extent(Extent piece) {
      pieces++;
      segment = piece.segment();
    }

    @Override
    public void done() {
      done = true;
    }

    @Override
    public void failed(dev.isthmus.blockdevice.DeviceException failure) {
      throw failure;
    }
  }

  /** The newest segment of each block; 0: none. */
  private final long[] newest = new long[1 << 22];

  @Test
  @Timeout(3600)
  void agreesWithAnArrayOfSectorsForManySeeds() {
    SimSeeds.fresh("block map", 300).forEach(seed -> BlockMapTest.simulate(seed, 1500));
  }

  /**
   * Uniformly random 4 KiB writes over a disk of 2^21 blocks with a memtable of 2^11: 1 : 1024, as
   * 1 TiB and 2^18 are. Written four times over, so that the largest merges are in it. Segments are
   * small beside the memtable, as they are there.
   */
  @Test
  void writesLittleUnderRandomOverwrites() {
    var settings = new MapSettings(1 << 11, 64L << 20, 8, 16, 2, 64);
    long blocks = 1 << 21;
    var parts = new FakeParts(1, true);
    var map =
        BlockMap.restore(MapDescription.EMPTY, settings, parts.environment(new UUID(1, 2), 1));
    var random = new Random(42);
    int filled = (int) (2 * blocks / 128);
    fill(map, blocks, random, 1, filled, 128);
    assertTrue(map.mergeAll().isDone());
    long entriesBefore = map.statistics().entriesWritten();
    long bytesBefore = map.statistics().bytesWritten();
    long putsBefore = parts.putRequests;
    int segments = (int) (4 * blocks / 128);
    int mostRuns = 0;
    long runSum = 0;
    for (int i = 0; i < segments; i++) {
      fill(map, blocks, random, 1 + filled + i, 1, 128);
      mostRuns = Math.max(mostRuns, map.statistics().runs());
      runSum += map.statistics().runs();
    }
    long writes = segments * 128L;
    double entries = (double) (map.statistics().entriesWritten() - entriesBefore) / writes;
    double share = (double) (map.statistics().bytesWritten() - bytesBefore) / (writes * 4096);
    System.out.printf(
        Locale.ROOT,
        "random overwrites 1:1024: each entry written %.2f times, map bytes %.2f %% of data, "
            + "runs at most %d, mean %.1f, PUTs %d%n",
        entries,
        share * 100,
        mostRuns,
        (double) runSum / segments,
        parts.putRequests - putsBefore);
    assertTrue(share < 0.05, "map bytes " + share);
    assertTrue(mostRuns <= 4 * 8, "runs " + mostRuns);
  }

  /** Random 4 KiB extents, all in memory, then with pages dropped: nanoseconds and reads. */
  @ParameterizedTest
  @CsvSource({"16,5", "12,11", "12,20"})
  void looksUpQuickly(int memtableBits, int wantedRuns) {
    long blocks = 1 << 22;
    var settings = new MapSettings(1 << memtableBits, 1L << 30, 8, 2048, 2, 64);
    var parts = new FakeParts(1, true);
    var map =
        BlockMap.restore(MapDescription.EMPTY, settings, parts.environment(new UUID(1, 2), 1));
    var random = new Random(43);
    fill(map, blocks, random, 1, (int) (blocks / 2048), 2048);
    assertTrue(map.mergeAll().isDone());
    for (int s = 1 + (int) (blocks / 2048); map.statistics().runs() < wantedRuns; s++) {
      assertTrue(s < 10_000, "never so many runs");
      fill(map, blocks, random, s, 1, 2048);
    }
    long entries = map.statistics().runEntries();
    int runs = map.statistics().runs();
    for (int block = 0; block < blocks; block += 64) {
      map.lookup(block * 8L, 512, new Counter());
    }
    for (int round = 0; round < 4; round++) {
      measure(map, blocks, random, "in memory, " + runs + " runs of " + entries + " entries");
    }
    MapDescription description = map.freeze().join();
    var cold =
        BlockMap.restore(
            description,
            new MapSettings(1 << 16, 16L << 20, 8, 2048, 2, 64),
            parts.environment(new UUID(1, 2), 2));
    measure(cold, blocks, random, "warm-up of a cache of 16 MiB");
    long loads = cold.statistics().pageLoads();
    long indexes = cold.statistics().indexLoads();
    int count = measure(cold, blocks, random, "with a cache of 16 MiB, reads from memory");
    System.out.printf(
        Locale.ROOT,
        "reads beyond memory for each look-up: %.3f pages, %.3f indexes; heap %,d bytes%n",
        (double) (cold.statistics().pageLoads() - loads) / count,
        (double) (cold.statistics().indexLoads() - indexes) / count,
        cold.statistics().memoryBytes());
  }

  /** The checkpoint of a fully fragmented TiB: 1,600 parts, and 200,000 segments. */
  @Test
  void opensQuickly() {
    var parts = new ArrayList<PartInfo>();
    for (int i = 0; i < 1600; i++) {
      long entries = 2048L * PartLayout.PAGE_ENTRIES;
      parts.add(
          new PartInfo(
              new PartName(1, i),
              PartLayout.totalLength(2048),
              entries,
              i * entries * 8,
              (i + 1) * entries * 8,
              2048,
              i));
    }
    var segments = new ArrayList<SegmentUsage>();
    for (int i = 1; i <= 200_000; i++) {
      segments.add(new SegmentUsage(i, 1, 8000, 8 << 20, 16_000));
    }
    var description = new MapDescription(200_000, List.of(new RunInfo(6, parts)), segments);
    var checkpoint =
        new Checkpoint(
            new UUID(1, 2),
            new UUID(3, 4),
            1,
            1,
            200_001,
            1,
            1,
            0,
            1L << 31,
            1,
            1,
            false,
            description,
            List.of());
    try (Arena arena = Arena.ofShared()) {
      for (int round = 0; round < 5; round++) {
        long start = System.nanoTime();
        MemorySegment bytes = CheckpointCodec.encode(checkpoint, arena);
        long encoded = System.nanoTime();
        Checkpoint decoded = CheckpointCodec.decode(bytes);
        var map =
            BlockMap.restore(
                decoded.map(),
                MapSettings.ofMemory(64 << 20),
                new FakeParts(1, true).environment(new UUID(1, 2), 2));
        System.out.printf(
            Locale.ROOT,
            "checkpoint of %,d bytes: encoded in %d ms, decoded and restored in %d ms%n",
            bytes.byteSize(),
            (encoded - start) / 1_000_000,
            (System.nanoTime() - encoded) / 1_000_000);
        assertTrue(map.segments().size() == 200_000);
      }
    }
  }

  @Test
  void memtableIsQuickAndSmall() {
    long used = usedHeap();
    var map = new IntervalMap<Extent>();
    var random = new Random(44);
    for (int round = 0; round < 5; round++) {
      map.clear();
      long start = System.nanoTime();
      while (map.size() < 262_144) {
        long block = random.nextLong(1L << 28);
        map.put(Extent.data(block * 8, 8, 1 + random.nextInt(100_000), 296, 4096));
      }
      long put = (System.nanoTime() - start) / map.size();
      start = System.nanoTime();
      long[] gaps = {0};
      for (int i = 0; i < 262_144; i++) {
        map.lookup(
            random.nextLong(1L << 28) * 8,
            8,
            new IntervalMap.Pieces<>() {
              @Override
              public void piece(Extent value) {}

              @Override
              public void gap(long sector, long sectorCount) {
                gaps[0]++;
              }
            });
      }
      long look = (System.nanoTime() - start) / 262_144;
      System.out.printf("memtable of 262,144: put %d ns, look-up %d ns%n", put, look);
    }
    long bytes = (usedHeap() - used) / map.size();
    System.out.printf("memtable: %d bytes of heap an entry (%d entries)%n", bytes, map.size());
    assertTrue(bytes <= 1.1 * MapSettings.MEMTABLE_ENTRY_BYTES, bytes + " bytes an entry");
  }

  private static long usedHeap() {
    var runtime = Runtime.getRuntime();
    for (int i = 0; i < 3; i++) {
      System.gc();
    }
    return runtime.totalMemory() - runtime.freeMemory();
  }

  private int measure(BlockMap map, long blocks, Random random, String what) {
    int count = 100_000;
    var nanos = new long[count];
    for (int i = 0; i < count; i++) {
      int block = (int) random.nextLong(blocks);
      long sector = block * 8L;
      var counter = new Counter();
      long start = System.nanoTime();
      map.lookup(sector, 8, counter);
      nanos[i] = System.nanoTime() - start;
      assertTrue(counter.done && counter.pieces == 1 && counter.segment == newest[block]);
    }
    double mean = Arrays.stream(nanos).average().orElse(0);
    Arrays.sort(nanos);
    System.out.printf(
        Locale.ROOT,
        "look-up %s: mean %.0f ns, median %d, 99 %% %d%n",
        what,
        mean,
        nanos[count / 2],
        nanos[count - count / 100]);
    return count;
  }

  private void fill(
      BlockMap map, long blocks, Random random, int firstSequence, int count, int extentCount) {
    for (int s = firstSequence; s < firstSequence + count; s++) {
      List<Extent> extents = new ArrayList<>(extentCount);
      for (int i = 0; i < extentCount; i++) {
        int block = (int) random.nextLong(blocks);
        newest[block] = s;
        extents.add(Extent.data(block * 8L, 8, s, 256 + 2048 * 40 + i * 4168, 4096));
      }
      map.put(s, 1, 256 + 2048 * (40 + 4168), extents);
    }
  }
}
