package dev.isthmus.blocktranslation.map;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The map beside an array that knows each sector's place. */
final class BlockMapTest {

  private static final UUID VOLUME = new UUID(1, 2);

  /** Where each sector lies: three arrays. Segment 0: zeroes. */
  static final class Model {
    final long[] segment;
    final int[] frame;
    final int[] inFrame;

    Model(int sectors) {
      segment = new long[sectors];
      frame = new int[sectors];
      inFrame = new int[sectors];
    }

    Model copy(int from, int to) {
      var copy = new Model(to - from);
      System.arraycopy(segment, from, copy.segment, 0, to - from);
      System.arraycopy(frame, from, copy.frame, 0, to - from);
      System.arraycopy(inFrame, from, copy.inFrame, 0, to - from);
      return copy;
    }

    void put(Extent extent) {
      for (long s = extent.sector(); s < Math.min(segment.length, extent.endSector()); s++) {
        segment[(int) s] = extent.segment();
        frame[(int) s] = extent.frameOffset();
        inFrame[(int) s] =
            extent.isZeroes() ? 0 : extent.sectorInFrame() + (int) (s - extent.sector());
      }
    }

    Map<Long, Long> live() {
      var live = new HashMap<Long, Long>();
      for (long s : segment) {
        live.merge(s, 1L, Long::sum);
      }
      live.remove(0L);
      return live;
    }
  }

  /** Compares a look-up with the model as it was when it began. */
  static final class Check implements LookupHandler {
    final int sector;
    final Model expected;
    final String what;
    final Model seen;
    int next;
    boolean ended;
    @Nullable DeviceException failure;

    Check(Model model, int sector, int count, String what) {
      this.sector = sector;
      this.expected = model.copy(sector, sector + count);
      this.seen = new Model(count);
      this.next = sector;
      this.what = what;
    }

    @Override
    public void extent(Extent piece) {
      assertEquals(next, piece.sector(), what);
      next = (int) piece.endSector();
      seen.put(
          new Extent(
              piece.sector() - sector,
              piece.sectorCount(),
              piece.segment(),
              piece.frameOffset(),
              piece.storedLength(),
              piece.sectorInFrame(),
              piece.source()));
    }

    @Override
    public void done() {
      assertTrue(!ended, what);
      ended = true;
      assertEquals(sector + expected.segment.length, next, what);
      assertTrue(Arrays.equals(expected.segment, seen.segment), what + ": segments");
      assertTrue(Arrays.equals(expected.frame, seen.frame), what + ": frames");
      assertTrue(Arrays.equals(expected.inFrame, seen.inFrame), what + ": sectors in frames");
    }

    @Override
    public void failed(DeviceException cause) {
      assertTrue(!ended, what);
      ended = true;
      failure = cause;
      assertEquals(sector, next, "pieces before a failure");
    }
  }

  record Segment(long sequence, List<Extent> extents) {}

  record Taken(MapDescription description, Model model, int segmentCount) {}

  /** One run of the simulation: a map, its model, and all segments ever put. */
  static final class World {
    final long seed;
    final Random random;
    final int sectors;
    final FakeParts parts;
    final MapSettings settings;
    final Model model;
    final List<Segment> history = new ArrayList<>();
    final List<Check> checks = new ArrayList<>();
    final List<Taken> checkpoints = new ArrayList<>();
    long sequence;
    BlockMap map;

    World(long seed) {
      this.seed = seed;
      random = new Random(seed);
      sectors = 2000 + random.nextInt(20_000);
      parts = new FakeParts(seed, random.nextInt(4) == 0);
      parts.failPerMille = random.nextInt(3) == 0 ? 20 : 0;
      int fanOut = 2 + random.nextInt(4);
      settings =
          new MapSettings(
              16 + random.nextInt(400),
              random.nextInt(3) == 0 ? 0 : random.nextInt(200_000),
              fanOut,
              1 + random.nextInt(3),
              1 + random.nextInt(3),
              fanOut + 1 + random.nextInt(20));
      model = new Model(sectors);
      map = BlockMap.restore(MapDescription.EMPTY, settings, parts.environment(VOLUME, 1));
    }

    void put() {
      // Sequences have gaps where fences are.
      sequence += 1 + (random.nextInt(20) == 0 ? 5 : 0);
      var extents = new ArrayList<Extent>();
      int count = random.nextInt(30);
      int offset = 256 + 40 * count;
      for (int i = 0; i < count; i++) {
        int sector = random.nextInt(sectors);
        if (random.nextInt(12) == 0) {
          long length = random.nextInt(4) == 0 ? 1L << 33 : 1 + random.nextInt(sectors);
          extents.add(Extent.zeroes(sector, length));
        } else {
          int length =
              1 + random.nextInt(Math.min(random.nextBoolean() ? 8 : 64, sectors - sector));
          extents.add(Extent.data(sector, length, sequence, offset, length * 512));
          offset += 72 + length * 512;
        }
      }
      apply(new Segment(sequence, extents));
    }

    void apply(Segment segment) {
      history.add(segment);
      segment.extents().forEach(model::put);
      map.put(segment.sequence(), 1, 8 << 20, segment.extents());
    }

    void look() {
      int sector = random.nextInt(sectors);
      int count = 1 + random.nextInt(Math.min(random.nextBoolean() ? 16 : 3000, sectors - sector));
      look(sector, count);
    }

    void look(int sector, int count) {
      var check = new Check(model, sector, count, "look-up at " + sector + ", seed " + seed);
      boolean ended = map.lookup(sector, count, check);
      assertEquals(ended, check.ended);
      checks.add(check);
    }

    void checkpoint() {
      var copy = model.copy(0, sectors);
      int count = history.size();
      long through = map.throughSequence();
      var _ =
          map.freeze()
              .thenAccept(description -> {
                assertEquals(through, description.throughSequence(), "seed " + seed);
                for (RunInfo run : description.runs()) {
                  for (PartInfo part : run.parts()) {
                    assertTrue(parts.stored.containsKey(part.name()), "not stored, seed " + seed);
                    assertTrue(!parts.dropped.contains(part.name()), "dropped, seed " + seed);
                  }
                }
                checkUpperBound(description.segments(), copy);
                // As the engine does: what is empty is doomed by this checkpoint.
                for (SegmentUsage empty : description.emptySegments()) {
                  if (map.segments().get(empty.sequence()) != null) {
                    map.segments().remove(empty.sequence());
                  }
                }
                checkpoints.add(new Taken(description.withoutEmptySegments(), copy, count));
              });
    }

    void checkUpperBound(List<SegmentUsage> table, Model at) {
      var live = at.live();
      for (SegmentUsage usage : table) {
        long really = live.getOrDefault(usage.sequence(), 0L);
        assertTrue(
            usage.liveSectors() >= really,
            usage + " has " + really + " live sectors, seed " + seed);
      }
    }

    void settle() {
      parts.failPerMille = 0;
      map.retryWork();
      while (parts.pump(1000)) {
        // goes on until nothing is under way
      }
      if (!parts.errors.isEmpty()) {
        throw new AssertionError("seed " + seed, parts.errors.getFirst());
      }
    }

    /** Merges everything, and checks all there is to check. */
    void finish() {
      settle();
      look(0, sectors);
      var merged = map.mergeAll();
      settle();
      assertTrue(merged.isDone(), "seed " + seed);
      for (int at = 0; at < sectors; at += 5000) {
        look(at, Math.min(5000, sectors - at));
      }
      settle();
      checks.forEach(check -> assertTrue(check.ended, check.what));
      var live = model.live();
      for (SegmentUsage usage : map.segments().list(Long.MAX_VALUE)) {
        assertEquals(live.getOrDefault(usage.sequence(), 0L), usage.liveSectors(), "seed " + seed);
      }
      assertTrue(map.statistics().runs() <= 1, "seed " + seed);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
  void agreesWithAnArrayOfSectors(long seed) {
    simulate(seed, 600);
  }

  static void simulate(long seed, int steps) {
    try {
      run(seed, steps);
    } catch (RuntimeException | Error e) {
      throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
    }
  }

  private static void run(long seed, int steps) {
    var world = new World(seed);
    for (int step = 0; step < steps; step++) {
      switch (world.random.nextInt(12)) {
        case 0, 1, 2 -> {
          if (!world.map.congested()) {
            world.put();
          }
        }
        case 3, 4, 5 -> world.look();
        case 6 -> {
          if (world.random.nextInt(4) == 0) {
            world.checkpoint();
          }
        }
        case 7 -> {
          if (!world.parts.failures.isEmpty()) {
            world.map.retryWork();
          }
        }
        default -> world.parts.pump(world.random.nextInt(20));
      }
    }
    world.finish();
    var named = new HashSet<PartName>();
    MapDescription last = world.map.freeze().join();
    last.runs().forEach(run -> run.parts().forEach(part -> named.add(part.name())));
    var left = new HashSet<>(world.parts.stored.keySet());
    left.removeAll(world.parts.dropped);
    assertEquals(named, left, "parts that are neither named nor dropped, seed " + seed);
    world.checkpoints.forEach(taken -> restore(world, taken));
  }

  /** What a checkpoint named makes the same map again, and the same one after the same segments. */
  private static void restore(World world, Taken taken) {
    var again = new World(world.seed);
    again.parts.failPerMille = 0;
    again.parts.stored.putAll(world.parts.stored);
    again.map =
        BlockMap.restore(taken.description(), again.settings, again.parts.environment(VOLUME, 2));
    for (int i = 0; i < taken.segmentCount(); i++) {
      world.history.get(i).extents().forEach(again.model::put);
    }
    again.look(0, again.sectors);
    again.settle();
    for (Segment segment : world.history.subList(taken.segmentCount(), world.history.size())) {
      again.apply(segment);
      again.parts.pump(5);
    }
    again.finish();
  }

  @Test
  void wholeDiskDiscardIsOneEntryAndFreesAllSegments() {
    var parts = new FakeParts(1, true);
    var settings = new MapSettings(64, 1 << 20, 4, 4, 2, 64);
    var map = BlockMap.restore(MapDescription.EMPTY, settings, parts.environment(VOLUME, 1));
    for (int i = 1; i <= 1000; i++) {
      map.put(i, 1, 1 << 20, List.of(Extent.data(i * 100L, 8, i, 296, 4096)));
    }
    map.put(1001, 1, 296, List.of(Extent.zeroes(0, 1L << 31)));
    assertEquals(1, map.statistics().memtableEntries());
    assertTrue(map.mergeAll().isDone());
    assertEquals(0, map.statistics().runs());
    assertEquals(0, map.segments().liveSectors());
  }

  /** Each short open and close of a volume leaves a run and cancels the merge that is due. */
  @Test
  void aMapThatIsRestoredWithTooManyRunsMergesThem() {
    var parts = new FakeParts(1, true);
    var description = MapDescription.EMPTY;
    for (int sequence = 1; sequence <= 5; sequence++) {
      var many = new MapSettings(16, 0, 16, 1, 1, 256);
      try (var map = BlockMap.restore(description, many, parts.environment(VOLUME, sequence))) {
        map.put(sequence, 1, 4096, List.of(Extent.data(sequence * 8L, 8, sequence, 300, 4096)));
        description = map.freeze().join();
      }
    }
    assertEquals(5, description.runs().size());
    var few = new MapSettings(16, 0, 2, 1, 1, 4);
    var map = BlockMap.restore(description, few, parts.environment(VOLUME, 6));
    assertTrue(!map.congested(), "nothing could ever be put");
    for (int sequence = 1; sequence <= 5; sequence++) {
      var segment = new long[1];
      map.lookup(sequence * 8L, 8, new SegmentOf(segment));
      assertEquals(sequence, segment[0]);
    }
  }

  /** Notes the segment of the piece. */
  @SuppressWarnings("ArrayRecordComponent") // the answer
  private record SegmentOf(long[] segment) implements LookupHandler {
    @Override
    public void extent(Extent piece) {
      segment[0] = piece.segment();
    }

    @Override
    public void done() {}

    @Override
    public void failed(DeviceException failure) {
      throw failure;
    }
  }

  @Test
  void lookupsThatWaitFailWhenTheMapCloses() {
    var parts = new FakeParts(1, false);
    var settings = new MapSettings(16, 1 << 20, 4, 4, 2, 64);
    var map = BlockMap.restore(MapDescription.EMPTY, settings, parts.environment(VOLUME, 1));
    map.put(1, 1, 1 << 20, List.of(Extent.data(0, 8, 1, 296, 4096)));
    var frozen = map.freeze();
    while (parts.pump(10)) {
      // until the run is stored
    }
    assertTrue(frozen.isDone());
    var check = new Check(new Model(8), 0, 8, "closing");
    assertTrue(!map.lookup(0, 8, check));
    map.close();
    assertInstanceOf(DeviceException.Unavailable.class, check.failure);
    parts.pump(100);
  }
}
