package dev.isthmus.blocktranslation.map;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RunPartTest {

  private static final UUID VOLUME = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");

  /** The part of {@code part.golden.hex}: two pages of every kind of entry. */
  static List<Extent> goldenExtents() {
    var extents = new ArrayList<Extent>();
    extents.add(Extent.zeroes(0, PartLayout.MAX_ENTRY_SECTORS));
    long sector = PartLayout.MAX_ENTRY_SECTORS;
    for (int i = 1; i < 130; i++) {
      extents.add(new Extent(sector, 1 + i % 8, i, 256 + i * 100, 4096, i % 57, i % 3));
      sector += 8 + i;
    }
    return extents;
  }

  static byte[] write(List<Extent> extents, int maxPages) {
    try (var writer = new RunPartWriter(VOLUME, new PartName(7, 0xFEDCBA9876543210L), maxPages)) {
      for (Extent extent : extents) {
        writer.add(
            extent.sector(),
            EntryWords.lengths(extent.sectorCount(), extent.storedLength()),
            extent.segment(),
            EntryWords.place(extent.frameOffset(), extent.sectorInFrame(), extent.source()));
      }
      PartInfo info = writer.finish();
      assertEquals(extents.size(), info.entryCount());
      return writer.bytes().toArray(ValueLayout.JAVA_BYTE);
    }
  }

  static List<Extent> read(byte[] bytes) {
    var extents = new ArrayList<Extent>();
    new RunPartReader(MemorySegment.ofArray(bytes)).forEach(extents::add);
    return extents;
  }

  @Test
  void bytesAreThoseOfTheGoldenFile() throws IOException {
    byte[] golden;
    try (var in = RunPartTest.class.getResourceAsStream("part.golden.hex")) {
      String hex = new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.US_ASCII);
      golden = HexFormat.of().parseHex(hex.replace("\n", ""));
    }
    assertArrayEquals(golden, write(goldenExtents(), 4));
    assertEquals(goldenExtents(), read(golden));
    var reader = new RunPartReader(MemorySegment.ofArray(golden));
    assertEquals(VOLUME, reader.volume());
    assertEquals("runs/0000000000000007-fedcba9876543210", reader.info().name().key());
    assertEquals(2, reader.info().pageCount());
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void readsWhatWasWritten(long seed) {
    var random = new Random(seed);
    var extents = new ArrayList<Extent>();
    long sector = random.nextInt(1000);
    for (int i = 0; i < 1 + random.nextInt(1000); i++) {
      if (random.nextInt(5) == 0) {
        extents.add(Extent.zeroes(sector, 1 + random.nextInt(1 << random.nextInt(31))));
      } else {
        int inFrame = random.nextInt(64);
        extents.add(
            new Extent(
                sector,
                1 + random.nextInt(64 - inFrame),
                1 + random.nextLong(Long.MAX_VALUE - 1),
                256 + random.nextInt(60 << 20),
                1 + random.nextInt(65_536),
                inFrame,
                random.nextInt(65_536)));
      }
      sector = extents.getLast().endSector() + random.nextInt(1 << random.nextInt(20));
    }
    assertEquals(extents, read(write(extents, 10)), "seed " + seed);
  }

  /** A range that touches an entry is never excluded; most others are. */
  @ParameterizedTest
  @ValueSource(ints = {1, 8, 16, 64, 100_000})
  void filterExcludesOnlyWhatThePageDoesNotSay(int mostSectors) {
    var random = new Random(mostSectors);
    int excluded = 0;
    int asked = 0;
    for (int round = 0; round < 50; round++) {
      var words = new long[4 * PartLayout.PAGE_ENTRIES];
      long sector = 0;
      for (int i = 0; i < PartLayout.PAGE_ENTRIES; i++) {
        sector += random.nextInt(16 * mostSectors * (1 + round));
        words[4 * i] = sector;
        words[4 * i + 1] = EntryWords.lengths(1 + random.nextInt(mostSectors), 0);
        sector += EntryWords.count(words[4 * i + 1]);
      }
      var filter = new long[PageFilter.WORDS];
      PageFilter.build(words, PartLayout.PAGE_ENTRIES, filter, 0);
      for (int i = 0; i < 1000; i++) {
        long from = random.nextLong(sector);
        long end = from + 1 + random.nextInt(20);
        boolean touches = false;
        for (int e = 0; e < words.length; e += 4) {
          touches |= words[e] < end && words[e] + EntryWords.count(words[e + 1]) > from;
        }
        boolean may = PageFilter.mayTouch(filter, 0, from, end);
        assertTrue(may || !touches);
        asked += touches ? 0 : 1;
        excluded += may ? 0 : 1;
      }
    }
    assertTrue(excluded > asked * 0.7, excluded + " of " + asked + " excluded");
  }

  @Test
  void writerRefusesWhatIsNotInOrder() {
    try (var writer = new RunPartWriter(VOLUME, new PartName(1, 1), 1)) {
      assertThrows(IllegalStateException.class, writer::finish);
      writer.add(8, EntryWords.lengths(8, 0), 0, 0);
      assertThrows(
          IllegalArgumentException.class, () -> writer.add(15, EntryWords.lengths(1, 0), 0, 0));
      assertThrows(
          IllegalArgumentException.class, () -> writer.add(16, EntryWords.lengths(0, 0), 0, 0));
    }
  }

  @Test
  void everySingleWrongByteIsFound() {
    byte[] golden = write(goldenExtents(), 4);
    for (int at = 0; at < golden.length; at++) {
      byte[] damaged = golden.clone();
      damaged[at] ^= (byte) (1 << at % 8);
      int where = at;
      assertThrows(DeviceException.Corrupt.class, () -> read(damaged), () -> "byte " + where);
    }
  }
}
