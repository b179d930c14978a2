package dev.isthmus.blocktranslation.scrub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;

/** One at a time, in order, whoever leaves and how often he says so. */
class ScrubQueueTest {

  private final ScrubQueue queue = new ScrubQueue();

  @Test
  void firstComeFirstServed() {
    var turns = new ArrayList<ScrubQueue.Turn>();
    for (int i = 0; i < 5; i++) {
      turns.add(queue.enter("v" + i));
    }
    for (int i = 0; i < 5; i++) {
      for (int j = i; j < 5; j++) {
        assertEquals(j == i, turns.get(j).come().isDone(), j + " while " + i + " runs");
      }
      turns.get(i).close();
    }
    assertTrue(ScrubTesting.isFree(queue));
  }

  @Test
  void whoeverWaitsSaysForWhom() {
    queue.enter("v0");
    ScrubQueue.Turn second = queue.enter("v1");
    ScrubQueue.Turn third = queue.enter("v2");
    assertEquals("one scrub runs at a time: now that of v0", second.ahead());
    assertEquals("one scrub runs at a time: now that of v0, then 1 more", third.ahead());
    second.close();
    assertEquals("one scrub runs at a time: now that of v0", third.ahead());
  }

  @Test
  void leavingTwiceOrWithoutATurnLetsNobodyElseIn() {
    ScrubQueue.Turn first = queue.enter("v0");
    ScrubQueue.Turn second = queue.enter("v1");
    ScrubQueue.Turn third = queue.enter("v2");
    second.close();
    second.close();
    assertFalse(third.come().isDone());
    first.close();
    assertTrue(third.come().isDone());
    first.close();
    ScrubQueue.Turn fourth = queue.enter("v3");
    assertFalse(fourth.come().isDone());
    third.close();
    assertTrue(fourth.come().isDone());
    assertFalse(second.come().isDone());
  }

  @Test
  void itIsBounded() {
    ScrubQueue.Turn runs = queue.enter("runs");
    for (int i = 0; i < ScrubQueue.MAX_WAITING; i++) {
      var _ = queue.enter("waits");
    }
    assertThrows(DeviceException.Exhausted.class, () -> queue.enter("too many"));
    runs.close();
    assertFalse(queue.enter("again").come().isDone());
  }
}
