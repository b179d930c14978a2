package dev.isthmus.blocktranslation.scrub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.map.Extent;
import dev.isthmus.blocktranslation.map.SegmentUsage;
import dev.isthmus.blocktranslation.scrub.EntryWindow.Added;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
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
        extents.forEach(extent -> assertEquals(Added.TAKEN, window.add(extent)));
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
    assertEquals(Added.UNKNOWN_SEGMENT, window.add(Extent.data(0, 8, 4, 256, 4096)));
    assertEquals(Added.TAKEN, window.add(Extent.data(0, 8, 3, 256, 4096)));
  }

  /** Which only a map that lies can bring about. */
  @Test
  void moreThanOneSegmentCanHaveIsToldAndTheOthersStay() {
    var window = new EntryWindow(segments(), 0, SEGMENTS, 16);
    assertEquals(Added.TAKEN, window.add(Extent.data(0, 8, 6, 256, 4096)));
    for (int i = 1; i <= 16; i++) {
      assertEquals(Added.TAKEN, window.add(Extent.data(8L * i, 8, 3, 256, 4096)));
    }
    assertEquals(Added.TOO_MANY, window.add(Extent.data(8L * 17, 8, 3, 256, 4096)));
    assertEquals(Added.TAKEN, window.add(Extent.data(8L * 18, 8, 6, 256, 4096)));
    window.sort();
    assertEquals(1, window.endIndex());
    var sectors = new ArrayList<Long>();
    window.forEach(0, (sector, count, offset, stored, inFrame) -> sectors.add(sector));
    assertEquals(16, sectors.size());
  }

  @Test
  void itAsksForItsShareOfTheHeapAndNoMore() {
    for (long heapMib : new long[] {12, 16, 64, 124, 128, 256, 494, 512, 1024, 4096, 65_536}) {
      long heapBytes = heapMib << 20;
      int entries = EntryWindow.maxEntries(heapBytes);
      assertTrue(
          (long) entries * EntryWindow.BYTES_PER_ENTRY <= heapBytes / EntryWindow.HEAP_SHARE,
          heapMib + " MiB: " + entries);
      assertTrue(entries >= EntryWindow.MIN_ENTRIES && entries <= EntryWindow.MAX_ENTRIES);
      assertEquals(1, Integer.bitCount(entries));
    }
    // The launcher's heap for a scrub, and that of the gateway, less what no object may use.
    assertEquals(EntryWindow.MAX_ENTRIES, EntryWindow.maxEntries(494L << 20));
    assertEquals(EntryWindow.MAX_ENTRIES, EntryWindow.maxEntries(1L << 30));
    assertThrows(DeviceException.Exhausted.class, () -> EntryWindow.maxEntries(11L << 20));
  }

  /**
   * The figure of {@link EntryWindow#BYTES_PER_ENTRY}, measured: in a heap of which half is taken a
   * window is filled again and again to its limit, halved, and sorted.
   */
  @Test
  void aWindowOfItsShareFitsIntoThatShare() throws Exception {
    List<String> command =
        List.of(
            System.getProperty("java.home") + "/bin/java",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xmx64m",
            "-XX:+ExitOnOutOfMemoryError",
            "-cp",
            System.getProperty("java.class.path"),
            WindowFiller.class.getName());
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    assertEquals(0, process.exitValue(), said);
    assertEquals("524288 entries, 5 walks beside 30 MiB", said.strip());
  }

  /** Keeps half of the heap itself, as the rest of a scrub might. */
  static final class WindowFiller {

    private WindowFiller() {}

    public static void main(String[] arguments) {
      var rest = new byte[(int) (Runtime.getRuntime().maxMemory() >> 21)][1 << 20];
      int max = EntryWindow.maxEntries(Runtime.getRuntime().maxMemory());
      List<SegmentUsage> segments = segments();
      int from = 0;
      int walks = 0;
      while (from < segments.size()) {
        var window = new EntryWindow(segments, from, segments.size(), max);
        for (int i = 0; i < 4 * max; i++) {
          var _ = window.add(Extent.data(8L * i, 8, 3L * (1 + i % SEGMENTS), 256, 4096));
        }
        window.sort();
        from = window.endIndex();
        walks++;
      }
      System.out.println(max + " entries, " + walks + " walks beside " + rest.length + " MiB");
    }
  }
}
