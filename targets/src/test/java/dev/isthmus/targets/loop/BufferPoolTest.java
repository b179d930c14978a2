package dev.isthmus.targets.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BufferPoolTest {

  @Test
  void buffersAreUsedAgain() {
    var pool = new BufferPool(1 << 20);
    Buffer first = Objects.requireNonNull(pool.acquire(5000));
    assertEquals(8192, first.capacityBytes());
    assertEquals(5000, first.payload(5000).byteSize());
    first.release();
    assertEquals(0, pool.usedBytes());
    assertSame(first, pool.acquire(8192));
  }

  @Test
  void unusedBuffersOfOtherSizesMakeRoom() {
    var pool = new BufferPool(1 << 20);
    var small = new ArrayList<Buffer>();
    for (Buffer b = pool.acquire(4096); b != null; b = pool.acquire(4096)) {
      small.add(b);
    }
    assertEquals((1 << 20) / (4096 + 192), small.size());
    small.forEach(Buffer::release);
    Buffer large = pool.acquire(512 << 10);
    assertNotNull(large);
    assertNull(pool.acquire(512 << 10));
  }

  @Test
  void thoseWhoWaitAreServedInOrderAndNoOneOvertakes() {
    var pool = new BufferPool(20_000);
    Buffer all = Objects.requireNonNull(pool.acquire(16_384));
    assertNull(pool.acquire(8192));
    var served = new ArrayList<String>();
    pool.await(waiter(pool, "first", 16_384, served));
    pool.await(waiter(pool, "second", 4096, served));
    pool.serveWaiters();
    assertEquals(List.of(), served);
    assertNull(pool.acquire(1), "others wait already");
    all.release();
    pool.serveWaiters();
    assertEquals(List.of("first"), served, "there is no room for the second");
  }

  private static BufferPool.Waiter waiter(
      BufferPool pool, String name, int bytes, List<String> served) {
    return () -> {
      if (pool.acquire(bytes) == null) {
        return BufferPool.Outcome.STARVED;
      }
      served.add(name);
      return BufferPool.Outcome.SATISFIED;
    };
  }

  @Test
  void theBudgetHoldsWhateverComes() {
    long seed = System.nanoTime();
    var random = new Random(seed);
    var pool = new BufferPool(4 << 20);
    var held = new ArrayList<Buffer>();
    long used = 0;
    for (int i = 0; i < 20_000; i++) {
      if (random.nextBoolean() && !held.isEmpty()) {
        Buffer b = held.remove(random.nextInt(held.size()));
        used -= Buffer.grossBytes(b.capacityBytes());
        b.release();
      } else {
        Buffer b = pool.acquire(1 << random.nextInt(21));
        if (b != null) {
          held.add(b);
          used += Buffer.grossBytes(b.capacityBytes());
        }
      }
      assertEquals(used, pool.usedBytes(), "seed " + seed);
      assertTrue(used <= 4 << 20, "seed " + seed);
    }
    held.forEach(Buffer::release);
    assertNotNull(pool.acquire(2 << 20), "seed " + seed);
  }
}
