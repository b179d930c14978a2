package dev.isthmus.blocktranslation.map;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/**
 * The map on real threads: an engine thread, two for its work, and I/O that completes elsewhere.
 */
final class BlockMapThreadsTest {

  private static final int BLOCKS = 20_000;

  private final Map<PartName, byte[]> stored = new ConcurrentHashMap<>();
  private final ConcurrentLinkedQueue<Throwable> errors = new ConcurrentLinkedQueue<>();
  private final long[] newest = new long[BLOCKS];

  @Test
  void agreesWithAnArrayOfBlocks() throws Exception {
    long seed = 77;
    try (ExecutorService engine = Executors.newSingleThreadExecutor();
        ExecutorService work = Executors.newFixedThreadPool(2);
        ExecutorService io = Executors.newFixedThreadPool(3)) {
      var map =
          engine
              .submit(() ->
                  BlockMap.restore(
                      MapDescription.EMPTY,
                      new MapSettings(500, 100_000, 3, 2, 2, 20),
                      environment(engine, work, io)))
              .get();
      var random = new Random(seed);
      var inFlight = new Semaphore(64);
      for (int sequence = 1; sequence <= 400; sequence++) {
        int s = sequence;
        engine.submit(() -> guard(() -> put(map, random, s))).get();
        while (engine.submit(map::congested).get()) {
          LockSupport.parkNanos(100_000);
        }
        for (int i = 0; i < 20; i++) {
          inFlight.acquire();
          engine.execute(() -> guard(() -> look(map, random, inFlight)));
        }
      }
      inFlight.acquire(64);
      CompletableFuture.completedFuture(map)
          .thenComposeAsync(BlockMap::mergeAll, engine)
          .get(60, TimeUnit.SECONDS);
      long live = 0;
      for (long segment : newest) {
        live += segment == 0 ? 0 : 8;
      }
      assertEquals(live, engine.submit(() -> map.segments().liveSectors()).get());
      engine.submit(map::close).get();
    }
    assertTrue(errors.isEmpty(), () -> "seed " + seed + ": " + errors.peek());
  }

  private void put(BlockMap map, Random random, int sequence) {
    var extents = new ArrayList<Extent>();
    for (int i = 0; i < 100; i++) {
      int block = random.nextInt(BLOCKS);
      newest[block] = sequence;
      extents.add(Extent.data(block * 8L, 8, sequence, 5000 + i * 4168, 4096));
    }
    map.put(sequence, 1, 1 << 20, extents);
  }

  private void look(BlockMap map, Random random, Semaphore inFlight) {
    int block = random.nextInt(BLOCKS);
    long expected = newest[block];
    map.lookup(
        block * 8L,
        8,
        new LookupHandler() {
          private long segment = -1;

          @Override
          public void extent(Extent piece) {
            segment = piece.segment();
          }

          @Override
          public void done() {
            inFlight.release();
            guard(() -> assertEquals(expected, segment));
          }

          @Override
          public void failed(DeviceException failure) {
            inFlight.release();
            errors.add(failure);
          }
        });
  }

  private void guard(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException | Error e) {
      errors.add(e);
    }
  }

  private BlockMap.Environment environment(Executor engine, Executor work, Executor io) {
    return new BlockMap.Environment(
        new UUID(1, 2),
        1,
        task -> engine.execute(() -> guard(task)),
        task -> work.execute(() -> guard(task)),
        (part, offset, length) ->
            CompletableFuture.supplyAsync(
                () -> {
                  LockSupport.parkNanos(ThreadLocalRandom.current().nextInt(200_000));
                  byte[] bytes = Objects.requireNonNull(stored.get(part.name()));
                  return MemorySegment.ofArray(bytes).asSlice(offset, length);
                },
                io),
        (part, bytes) ->
            CompletableFuture.runAsync(
                () -> {
                  LockSupport.parkNanos(ThreadLocalRandom.current().nextInt(500_000));
                  stored.put(part.name(), bytes.toArray(ValueLayout.JAVA_BYTE));
                },
                io),
        () -> ThreadLocalRandom.current().nextLong(),
        new MapListener() {
          @Override
          public void workDone() {}

          @Override
          public void partsDropped(List<PartInfo> parts) {}

          @Override
          public void runsDamaged(int runs, DeviceException why) {
            errors.add(why);
          }

          @Override
          public void workFailed(DeviceException failure) {
            errors.add(failure);
          }
        });
  }
}
