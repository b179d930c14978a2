package dev.isthmus.blockdevice.support;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.contract.Seed;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;

class RangeLockTest {

  private static final class Recorder extends RangeLock.Hold {
    private final String name;
    private final List<String> log;

    Recorder(String name, List<String> log) {
      this.name = name;
      this.log = log;
    }

    @Override
    protected void granted() {
      log.add(name);
    }
  }

  private final List<String> log = new ArrayList<>();
  private final RangeLock ranges = new RangeLock(8);

  private Recorder hold(String name, long offset, long length, boolean exclusive) {
    var hold = new Recorder(name, log);
    assertTrue(ranges.acquire(hold, offset, length, exclusive));
    return hold;
  }

  @Test
  void sharesAmongReadersAndNotWithWriters() {
    Recorder a = hold("a", 0, 10, false);
    Recorder b = hold("b", 5, 10, false);
    Recorder c = hold("c", 9, 1, true);
    assertEquals(List.of("a", "b"), log);
    ranges.release(a);
    assertEquals(List.of("a", "b"), log);
    ranges.release(b);
    assertEquals(List.of("a", "b", "c"), log);
    ranges.release(c);
    assertEquals(0, ranges.size());
  }

  @Test
  void neighboursDoNotConflict() {
    hold("a", 0, 10, true);
    hold("b", 10, 10, true);
    assertEquals(List.of("a", "b"), log);
  }

  @Test
  void isFairToAWriterThatWaits() {
    Recorder a = hold("a", 0, 10, false);
    Recorder w = hold("w", 0, 10, true);
    Recorder b = hold("b", 0, 10, false);
    assertEquals(List.of("a"), log);
    ranges.release(a);
    assertEquals(List.of("a", "w"), log);
    ranges.release(w);
    assertEquals(List.of("a", "w", "b"), log);
    ranges.release(b);
  }

  @Test
  void isBounded() {
    for (int i = 0; i < 8; i++) {
      hold("h" + i, 0, 1, true);
    }
    var further = new Recorder("further", log);
    assertFalse(ranges.acquire(further, 100, 1, false));
    assertEquals(List.of("h0"), log);
  }

  @Test
  void refusesMisuse() {
    Recorder a = hold("a", 0, 10, true);
    Recorder b = hold("b", 0, 10, true);
    assertThrows(IllegalStateException.class, () -> ranges.acquire(a, 20, 1, true));
    assertThrows(IllegalStateException.class, () -> ranges.release(b));
    ranges.release(a);
    assertThrows(IllegalStateException.class, () -> ranges.release(a));
    var c = new Recorder("c", log);
    assertThrows(IllegalArgumentException.class, () -> ranges.acquire(c, -1, 1, true));
    assertThrows(IllegalArgumentException.class, () -> ranges.acquire(c, 0, 0, true));
    assertThrows(IllegalArgumentException.class, () -> ranges.acquire(c, Long.MAX_VALUE, 1, true));
  }

  @Test
  void excludesUnderConcurrency() {
    Seed.run(seed -> contend(seed, 4, 5_000));
  }

  /** Each cell counts readers in units and writers in thousands. */
  private static void contend(long seed, int threads, int rounds) throws Exception {
    var lock = new RangeLock(threads);
    var cells = new AtomicIntegerArray(16);
    var violations = new AtomicInteger();
    var started = new ArrayList<Thread>();
    for (int t = 0; t < threads; t++) {
      var random = new Random(seed + t);
      started.add(
          Thread.ofPlatform()
              .start(() -> {
                for (int i = 0; i < rounds; i++) {
                  int first = random.nextInt(16);
                  int count = 1 + random.nextInt(16 - first);
                  round(lock, cells, violations, first, count, random.nextBoolean());
                }
              }));
    }
    for (Thread thread : started) {
      thread.join();
    }
    assertEquals(0, violations.get());
    assertEquals(0, lock.size());
  }

  private static void round(
      RangeLock lock,
      AtomicIntegerArray cells,
      AtomicInteger violations,
      int first,
      int count,
      boolean exclusive) {
    var granted = new Semaphore(0);
    var hold =
        new RangeLock.Hold() {
          @Override
          protected void granted() {
            granted.release();
          }
        };
    if (!lock.acquire(hold, first, count, exclusive)) {
      violations.incrementAndGet();
      return;
    }
    try {
      if (!granted.tryAcquire(60, TimeUnit.SECONDS)) {
        violations.incrementAndGet();
        return;
      }
    } catch (InterruptedException e) {
      violations.incrementAndGet();
      return;
    }
    int own = exclusive ? 1000 : 1;
    for (int i = first; i < first + count; i++) {
      int now = cells.addAndGet(i, own);
      if (exclusive ? now != 1000 : now >= 1000) {
        violations.incrementAndGet();
      }
    }
    for (int i = first; i < first + count; i++) {
      cells.addAndGet(i, -own);
    }
    lock.release(hold);
  }
}
