package dev.isthmus.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.benchmarks.wire.ClosedLoop.Blocks;
import java.util.HashSet;
import org.junit.jupiter.api.Test;

class LayoutTest {

  @Test
  void onceIsEachBlockOnce() {
    var range = new Layout.Range(100, 1000);
    Blocks blocks = range.once(1);
    var seen = new HashSet<Long>();
    for (long block = blocks.next(); block != Blocks.NONE; block = blocks.next()) {
      assertTrue(block >= 100 && block < 1100 && seen.add(block), "block " + block);
    }
    assertEquals(1000, seen.size());
  }

  @Test
  void limitsLeaveTheRestForLater() {
    Blocks blocks = new Layout.Range(0, 10).once(1);
    int taken = 0;
    for (Blocks some = Layout.atMost(4, blocks); some.next() != Blocks.NONE; ) {
      taken++;
    }
    assertEquals(4, taken);
    while (blocks.next() != Blocks.NONE) {
      taken++;
    }
    assertEquals(10, taken);
  }

  @Test
  void rangesFitTheVolumeApart() {
    for (Plan plan : new Plan[] {Plan.FULL, Plan.QUICK}) {
      Layout layout = plan.layout();
      assertEquals(layout.cold().first(), layout.hot().count());
      assertEquals(layout.written().first(), layout.hot().count() + layout.cold().count());
      assertTrue(layout.written().first() + layout.written().count() <= 1 << 18);
    }
  }
}
