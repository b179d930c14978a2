package dev.isthmus.blocktranslation.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ImageComparisonTest {

  private static final int BYTES = (20 << 20) + 1024;

  private final MemoryDisk one = new MemoryDisk(new byte[BYTES]);
  private final MemoryDisk other = new MemoryDisk(new byte[BYTES]);

  private ImageComparison.Result compare(int maxDifferences) {
    return ImageComparison.run(
        one, other, new ImageComparison.Options(maxDifferences, 0, Progress.NONE));
  }

  @Test
  void equalDisksHaveNoDifference() {
    new Random(1).nextBytes(one.bytes);
    System.arraycopy(one.bytes, 0, other.bytes, 0, BYTES);
    ImageComparison.Result result = compare(10);
    assertEquals(BYTES, result.comparedBytes());
    assertEquals(List.of(), result.differences());
    assertEquals(0, result.differentSectors());
  }

  @Test
  void everyDifferenceIsFoundAndNeighboursAreOne() {
    int chunk = DiskReads.CHUNK_BYTES;
    // Across two chunks; the very first and the very last byte; one sector alone.
    for (int at : new int[] {0, chunk - 1, chunk, chunk + 513, BYTES - 1, 12 << 20}) {
      other.bytes[at] = 1;
    }
    ImageComparison.Result result = compare(10);
    assertEquals(
        List.of(
            new ImageComparison.Difference(0, 1),
            new ImageComparison.Difference(chunk / 512 - 1, 3),
            new ImageComparison.Difference((12 << 20) / 512, 1),
            new ImageComparison.Difference(BYTES / 512 - 1, 1)),
        result.differences());
    assertEquals(6, result.differentSectors());
    ImageComparison.Result few = compare(1);
    assertEquals(1, few.differences().size());
    assertEquals(4, few.differentRanges(), "all are counted");
  }

  @Test
  void ofDisksOfTwoSizesTheCommonPartIsCompared() {
    var shorter = new MemoryDisk(new byte[1 << 20]);
    shorter.bytes[512] = 1;
    ImageComparison.Result result =
        ImageComparison.run(shorter, one, new ImageComparison.Options(10, 0, Progress.NONE));
    assertEquals(1 << 20, result.comparedBytes());
    assertEquals(1, result.differentSectors());
  }

  @Test
  void whatCannotBeReadIsNoDifference() {
    one.damaged.add(new DamagedRange(8, 8, "object s"));
    assertThrows(DeviceException.Corrupt.class, () -> compare(10));
  }

  @Test
  void theRateIsKept() {
    List<Long> done = new ArrayList<>();
    long begin = System.nanoTime();
    ImageComparison.Result _ =
        ImageComparison.run(
            one, other, new ImageComparison.Options(1, 100 << 20, (d, t) -> done.add(d)));
    long millis = (System.nanoTime() - begin) / 1_000_000;
    assertTrue(millis >= 150, millis + " ms for 20 MiB at 100 MiB a second");
    assertEquals(BYTES, done.getLast());
  }
}
