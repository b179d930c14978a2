package dev.isthmus.blocktranslation.map;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class IntervalMapTest {

  /** A value that knows which sectors it was made for, so that a wrong cut shows. */
  private record Tag(long sector, long sectorCount, long id, long origin)
      implements SectorRange<Tag> {

    static Tag of(long sector, long sectorCount, long id) {
      return new Tag(sector, sectorCount, id, sector);
    }

    @Override
    public Tag slice(long fromSector, long count) {
      assertTrue(count >= 1 && fromSector >= sector && fromSector + count <= endSector());
      return new Tag(fromSector, count, id, origin);
    }
  }

  private static final int SECTORS = 6000;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void agreesWithAnArrayOfSectors(long seed) {
    var random = new Random(seed);
    var map = new IntervalMap<Tag>();
    var model = new long[SECTORS];
    // Short stretches make many leaves; one in a thousand is long and empties them.
    int shortest = 1 + random.nextInt(8);
    for (int step = 1; step <= 12_000; step++) {
      int sector = random.nextInt(SECTORS);
      int most = random.nextInt(1000) == 0 ? SECTORS : shortest;
      int count = 1 + random.nextInt(Math.min(most, SECTORS - sector));
      switch (random.nextInt(16)) {
        case 0 -> removeSome(map, model, sector, count, random);
        case 1, 2 -> check(map, model, sector, Math.min(200, SECTORS - sector), seed);
        default -> put(map, model, Tag.of(sector, count, step), seed);
      }
    }
    check(map, model, 0, SECTORS, seed);
    checkOrder(map, seed);
    int all = map.size();
    assertEquals(all, map.removeIf(_ -> true));
    assertTrue(map.isEmpty());
    check(map, new long[SECTORS], 0, SECTORS, seed);
  }

  private static void put(IntervalMap<Tag> map, long[] model, Tag tag, long seed) {
    var before = Arrays.copyOfRange(model, (int) tag.sector(), (int) tag.endSector());
    var displaced = new long[before.length];
    map.put(
        tag,
        old -> {
          for (long s = old.sector(); s < old.endSector(); s++) {
            assertEquals(0, displaced[(int) (s - tag.sector())], "told twice, seed " + seed);
            displaced[(int) (s - tag.sector())] = old.id();
          }
        });
    assertArrayEquals(before, displaced, "displaced, seed " + seed);
    Arrays.fill(model, (int) tag.sector(), (int) tag.endSector(), tag.id());
  }

  private static void removeSome(
      IntervalMap<Tag> map, long[] model, int sector, int count, Random random) {
    long remainder = random.nextInt(3);
    // As a whole: pieces that only touch the range go too, so the model asks the map for them.
    var touching = new ArrayList<Tag>();
    for (Tag tag : map) {
      if (tag.sector() < sector + count && tag.endSector() > sector && tag.id() % 3 == remainder) {
        touching.add(tag);
      }
    }
    assertEquals(touching.size(), map.removeIf(sector, count, tag -> tag.id() % 3 == remainder));
    touching.forEach(tag -> Arrays.fill(model, (int) tag.sector(), (int) tag.endSector(), 0));
  }

  private static void check(IntervalMap<Tag> map, long[] model, int sector, int count, long seed) {
    var seen = new long[count];
    long[] next = {sector};
    map.lookup(
        sector,
        count,
        new IntervalMap.Pieces<>() {
          @Override
          public void piece(Tag value) {
            assertEquals(next[0], value.sector(), "seed " + seed);
            assertTrue(value.origin() <= value.sector());
            Arrays.fill(
                seen, (int) value.sector() - sector, (int) value.endSector() - sector, value.id());
            next[0] = value.endSector();
          }

          @Override
          public void gap(long from, long length) {
            assertEquals(next[0], from, "seed " + seed);
            assertTrue(length >= 1);
            next[0] = from + length;
          }
        });
    assertEquals(sector + count, next[0], "seed " + seed);
    assertArrayEquals(Arrays.copyOfRange(model, sector, sector + count), seen, "seed " + seed);
  }

  private static void checkOrder(IntervalMap<Tag> map, long seed) {
    long end = 0;
    int size = 0;
    for (Tag tag : map) {
      assertTrue(tag.sector() >= end, "seed " + seed);
      end = tag.endSector();
      size++;
    }
    assertEquals(size, map.size());
  }

  @Test
  void oneStretchOverAllTakesThePlaceOfAll() {
    var map = new IntervalMap<Tag>();
    for (int i = 0; i < 100_000; i++) {
      map.put(Tag.of(i * 8L, 8, i));
    }
    assertEquals(100_000, map.size());
    List<Tag> displaced = new ArrayList<>();
    map.put(Tag.of(0, 1L << 31, 7), displaced::add);
    assertEquals(1, map.size());
    assertEquals(100_000, displaced.size());
  }
}
