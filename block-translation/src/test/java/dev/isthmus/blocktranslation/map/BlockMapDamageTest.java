package dev.isthmus.blocktranslation.map;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.map.BlockMapTest.Check;
import dev.isthmus.blocktranslation.map.BlockMapTest.Model;
import dev.isthmus.blocktranslation.map.BlockMapTest.World;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Parts of runs are damaged in the bucket: no wrong answer, and no end of merges and commits. */
final class BlockMapDamageTest {

  private static final UUID VOLUME = new UUID(1, 2);

  @Test
  void damagedPageIsCorruptAndNeverAnOlderAnswer() {
    var parts = new FakeParts(1, true);
    var settings = new MapSettings(16, 0, 8, 4, 2, 64);
    var map = BlockMap.restore(MapDescription.EMPTY, settings, parts.environment(VOLUME, 1));
    map.put(1, 1, 1 << 20, List.of(Extent.data(0, 8, 1, 296, 4096)));
    assertTrue(map.freeze().isDone());
    map.put(2, 1, 1 << 20, List.of(Extent.data(0, 8, 2, 296, 4096)));
    MapDescription description = map.freeze().join();
    damage(parts, description.runs().getFirst().parts().getFirst().name());
    var model = new Model(8);
    var check = new Check(model, 0, 8, "damaged");
    assertTrue(map.lookup(0, 8, check));
    assertInstanceOf(DeviceException.Corrupt.class, check.failure);
  }

  /** Flips a bit of the first page of a part, as it lies in the bucket. */
  private static void damage(FakeParts parts, PartName part) {
    byte[] bytes = parts.stored.get(part);
    assertNotNull(bytes);
    bytes[PartLayout.HEADER_BYTES + 40] ^= 1;
  }

  /** One memtable of 16 blocks, from {@code block} on, each of them by itself. */
  private static void putTable(BlockMap map, Model model, long sequence, int block) {
    var extents = new ArrayList<Extent>();
    for (int i = 0; i < 16; i++) {
      // A gap between places in the segment, so that neighbours stay entries of their own.
      extents.add(Extent.data((block + i) * 8L, 8, sequence, 2048 + i * 8192, 4096));
    }
    extents.forEach(model::put);
    map.put(sequence, 1, 8 << 20, extents);
  }

  @Test
  void aDamagedPageStopsNeitherMergesNorCommits() {
    var parts = new FakeParts(1, true);
    var settings = new MapSettings(16, 0, 8, 4, 2, 64);
    var map = BlockMap.restore(MapDescription.EMPTY, settings, parts.environment(VOLUME, 1));
    var model = new Model(16 * 8 * 16);
    for (int sequence = 1; sequence <= 4; sequence++) {
      putTable(map, model, sequence, 0);
    }
    PartName damaged = map.freeze().join().runs().getFirst().parts().getFirst().name();
    damage(parts, damaged);
    for (int sequence = 5; sequence <= 204; sequence++) {
      putTable(map, model, sequence, 16 * (1 + sequence % 15));
      assertTrue(!map.congested(), "congested at " + sequence);
    }
    assertTrue(map.mergeAll().isDone());
    assertEquals(1, parts.damages.size(), "told once");
    assertTrue(
        String.valueOf(parts.damages.getFirst().getMessage()).contains(damaged.key()),
        () -> "names the part: " + parts.damages);
    assertEquals(List.of(), parts.failures, "nothing to be tried again");
    assertEquals(3, map.statistics().runs(), "newer ones, the damaged one, older ones");
    assertEquals(1, map.statistics().damagedRuns());
    assertTrue(!parts.dropped.contains(damaged));
    MapDescription description = map.freeze().join();
    assertEquals(damaged, description.runs().get(1).parts().getFirst().name(), "still named");
    assertDamagedIn(map, model, 16);

    putTable(map, model, 205, 8);
    assertDamagedIn(map, model, 8);

    var again = BlockMap.restore(map.freeze().join(), settings, parts.environment(VOLUME, 2));
    assertDamagedIn(again, model, 8);
    assertTrue(again.mergeAll().isDone());
    assertTrue(!again.congested());
    assertDamagedIn(again, model, 8);
  }

  /** Blocks before {@code end} are corrupt, and all others as the model has them. */
  private static void assertDamagedIn(BlockMap map, Model model, int end) {
    for (int block = 0; block < model.segment.length / 8; block++) {
      var check = new Check(model, block * 8, 8, "block " + block);
      assertTrue(map.lookup(block * 8L, 8, check));
      if (block < end) {
        assertInstanceOf(DeviceException.Corrupt.class, check.failure, "block " + block);
      } else {
        assertNull(check.failure, "block " + block);
      }
    }
  }

  /** As many runs as a bucket can spoil: bounded, told, and over when the bucket is whole again. */
  @Test
  void runsAreBoundedThoughEveryOneIsDamaged() {
    var parts = new FakeParts(1, true);
    var settings = new MapSettings(16, 0, 8, 4, 2, 64);
    var map = BlockMap.restore(MapDescription.EMPTY, settings, parts.environment(VOLUME, 1));
    var model = new Model(16 * 8 * 16);
    var spoilt = new HashSet<PartName>();
    int sequence = 0;
    while (!map.congested()) {
      putTable(map, model, ++sequence, 16 * (sequence % 16));
      for (PartName name : parts.stored.keySet()) {
        if (spoilt.add(name)) {
          damage(parts, name);
        }
      }
      assertTrue(sequence < 1000, "no bound");
    }
    assertEquals(MapSettings.MAX_RUNS, map.statistics().runs());
    map.retryWork();
    assertTrue(map.congested());
    assertEquals(map.statistics().damagedRuns(), parts.damages.size());
    MapDescription description = map.freeze().join();
    map.close();
    spoilt.forEach(name -> damage(parts, name));
    var again = BlockMap.restore(description, settings, parts.environment(VOLUME, 2));
    assertTrue(!again.congested());
    assertEquals(0, again.statistics().damagedRuns());
    assertDamagedIn(again, model, 0);
  }

  /** Parts are damaged at any time: what is told is right, or corrupt; and the map goes on. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void damageAtAnyTimeNeverLeadsToAWrongAnswerOrAnEnd(long seed) {
    var world = new World(seed);
    var damaged = new HashSet<PartName>();
    for (int step = 0; step < 3000; step++) {
      switch (world.random.nextInt(12)) {
        case 0, 1, 2 -> {
          if (!world.map.congested()) {
            world.put();
          }
        }
        case 3, 4 -> world.look();
        case 5 -> {
          if (!world.parts.failures.isEmpty()) {
            world.map.retryWork();
          }
          if (world.random.nextInt(4) == 0) {
            world.checkpoint();
          }
          if (world.random.nextInt(4) == 0 && damaged.size() < 40) {
            var names = new ArrayList<>(world.parts.stored.keySet());
            names.removeAll(world.parts.dropped);
            names.removeAll(damaged);
            if (!names.isEmpty()) {
              PartName name = names.get(world.random.nextInt(names.size()));
              damaged.add(name);
              damage(world.parts, name);
            }
          }
        }
        default -> world.parts.pump(world.random.nextInt(20));
      }
    }
    world.settle();
    assertTrue(!world.map.congested(), "seed " + seed);
    var merged = world.map.mergeAll();
    world.settle();
    assertTrue(merged.isDone(), "seed " + seed);
    assertTrue(world.map.statistics().damagedRuns() > 0, "nothing was found, seed " + seed);
    assertTrue(
        world.map.statistics().runs() <= 2 * world.map.statistics().damagedRuns() + 1,
        "seed " + seed);
    world.put();
    var frozen = world.map.freeze();
    world.settle();
    MapDescription description = frozen.join();
    world.checkUpperBound(description.segments(), world.model);
    for (int at = 0; at < world.sectors; at += 100) {
      world.look(at, Math.min(100, world.sectors - at));
    }
    world.settle();
    for (Check check : world.checks) {
      assertTrue(check.ended, check.what);
      if (check.failure instanceof DeviceException.Unavailable) {
        continue; // a read that the fakes made fail
      }
      assertTrue(
          check.failure == null || check.failure instanceof DeviceException.Corrupt, check.what);
    }
  }
}
