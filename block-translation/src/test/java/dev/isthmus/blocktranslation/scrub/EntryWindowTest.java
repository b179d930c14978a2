package dev.isthmus.blocktranslation.scrub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blocktranslation.map.Extent;
import dev.isthmus.blocktranslation.map.SegmentUsage;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Extents come back as they were, each with its segment, in as many stretches as it takes. */
class EntryWindowTest {

  private static final int SEGMENTS = 40;

  private final Random random = new Random(11);

  private static List<SegmentUsage> segments() {
    var segments = new ArrayList<SegmentUsage>();
    for (int i = 1; i <= SEGMENTS; i++) {
      segments.add(new SegmentUsage(3L * i, 1, 100, 8 << 20, 1000));
    }
    return segments;
  }

  private List<Extent> extents(int count) {
    var extents = new ArrayList<Extent>();
    long sector = 0;
    for (int i = 0; i < count; i++) {
      int sectors = 1 + random.nextInt(64);
      int inFrame = random.nextInt(65 - sectors);
      int stored = i % 7 == 0 ? Extent.MAX_STORED_BYTES : 1 + random.nextInt(65_536);
      extents.add(
          new Extent(
              sector,
              sectors,
              3L * (1 + random.nextInt(SEGMENTS)),
              256 + random.nextInt(Extent.MAX_SEGMENT_BYTES - 72 - stored - 256),
              stored,
              inFrame,
              0));
      sector += sectors + random.nextInt(3);
    }
    return extents;
  }

  @Test
  void everyExtentIsSeenOnceWithItsSegment() {
    for (int max : new int[] {300, 1000, 4096, 100_000}) {
      List<SegmentUsage> segments = segments();
      List<Extent> extents = extents(5000);
      var seen = new ArrayList<Extent>();
      int from = 0;
      int walks = 0;
      while (from < segments.size()) {
        var window = new EntryWindow(segments, from, segments.size(), max);
        extents.forEach(extent -> assertTrue(window.add(extent)));
        window.sort();
        assertTrue(window.endIndex() > from, "each walk gets on");
        for (int i = from; i < window.endIndex(); i++) {
          long sequence = segments.get(i).sequence();
          window.forEach(
              i,
              (sector, count, offset, stored, inFrame) ->
                  seen.add(new Extent(sector, count, sequence, offset, stored, inFrame, 0)));
        }
        from = window.endIndex();
        walks++;
      }
      seen.sort(java.util.Comparator.comparingLong(Extent::sector));
      assertEquals(extents, seen);
      assertEquals(max >= 5000, walks == 1, max + " at once: " + walks + " walks");
    }
  }

  @Test
  void aSegmentThatTheTableDoesNotHaveIsTold() {
    var window = new EntryWindow(segments(), 0, SEGMENTS, 16);
    assertFalse(window.add(Extent.data(0, 8, 4, 256, 4096)));
    assertTrue(window.add(Extent.data(0, 8, 3, 256, 4096)));
  }
}
