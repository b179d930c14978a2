package dev.isthmus.blockdevice.contract;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoCompletion;
import dev.isthmus.blockdevice.IoStatus;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Seeded concurrent commands of every kind over a small range of blocks, so that they overlap, each
 * checked against a {@link DiskModel}. Some are cancelled in flight. The choice of commands follows
 * from the seed; their interleaving does not.
 */
public final class RandomWorkload {

  private static final int MAX_BLOCKS = 8;

  private final BlockDevice device;
  private final DiskModel model;
  private final long firstBlock;
  private final int blockCount;
  private final int blockSizeBytes;
  private final AtomicReference<Throwable> failure = new AtomicReference<>();
  private final Map<IoStatus, Integer> statuses = new EnumMap<>(IoStatus.class);

  /** Works on {@code blockCount} blocks from {@code firstBlock}. */
  public RandomWorkload(BlockDevice device, DiskModel model, long firstBlock, int blockCount) {
    this.device = device;
    this.model = model;
    this.firstBlock = firstBlock;
    this.blockCount = blockCount;
    this.blockSizeBytes = device.info().blockSizeBytes();
  }

  /**
   * Runs {@code threads} submitters of {@code commandsEach} commands, {@code depth} in flight each,
   * and waits for all completions.
   *
   * @throws AssertionError for anything illegal
   */
  public void run(long seed, int threads, int depth, int commandsEach) {
    try (Arena arena = Arena.ofShared()) {
      var submitters = new ArrayList<Thread>();
      for (int i = 0; i < threads; i++) {
        var submitter = new Submitter(new Random(seed + i * 7919L), depth, arena);
        submitters.add(Thread.ofPlatform().start(() -> submitter.run(commandsEach)));
      }
      for (Thread submitter : submitters) {
        join(submitter);
      }
    }
    Throwable failed = failure.get();
    if (failed != null) {
      throw new AssertionError(failed.getMessage(), failed);
    }
  }

  /** How often each status came. */
  public Map<IoStatus, Integer> statuses() {
    synchronized (statuses) {
      return new EnumMap<>(statuses);
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new AssertionError("interrupted", e);
    }
  }

  /** What is done with a completion, on the device's thread. */
  @FunctionalInterface
  private interface End {
    void with(IoStatus status);
  }

  private final class Submitter {
    private final Random random;
    private final int depth;
    private final Semaphore free;
    private final List<Slot> slots = new ArrayList<>();

    Submitter(Random random, int depth, Arena arena) {
      this.random = random;
      this.depth = depth;
      this.free = new Semaphore(depth);
      for (int i = 0; i < depth; i++) {
        slots.add(new Slot(arena));
      }
    }

    void run(int commands) {
      try {
        for (int i = 0; i < commands && failure.get() == null; i++) {
          acquire(1);
          Slot slot = slots.stream().filter(s -> !s.busy.get()).findFirst().orElseThrow();
          slot.busy.set(true);
          slot.next();
          if (random.nextInt(32) == 0) {
            slots.get(random.nextInt(depth)).cancelled = true;
          }
        }
        acquire(depth);
      } catch (RuntimeException | Error e) {
        failure.compareAndSet(null, e);
        // Buffers must outlive what is in flight.
        free.tryAcquire(depth);
      }
    }

    private void acquire(int permits) {
      try {
        if (!free.tryAcquire(permits, IoFuture.LIMIT_SECONDS, TimeUnit.SECONDS)) {
          throw new AssertionError("no completion within " + IoFuture.LIMIT_SECONDS + " s");
        }
      } catch (InterruptedException e) {
        throw new AssertionError("interrupted", e);
      }
    }

    /** One command in flight at a time. */
    private final class Slot {
      final AtomicBoolean busy = new AtomicBoolean();
      private final MemorySegment buffer;
      private final MemorySegment expected;
      volatile boolean cancelled;
      private long lastReadId;
      private long lastReadBlock = -1;

      Slot(Arena arena) {
        buffer = arena.allocate((long) MAX_BLOCKS * blockSizeBytes, 4096);
        expected = arena.allocate((long) MAX_BLOCKS * blockSizeBytes, 4096);
      }

      void next() {
        int count = 1 + random.nextInt(Math.min(MAX_BLOCKS, blockCount));
        long first = firstBlock + random.nextInt(blockCount - count + 1);
        long offset = first * blockSizeBytes;
        MemorySegment data = buffer.asSlice(0, (long) count * blockSizeBytes);
        boolean fua = random.nextInt(16) == 0;
        cancelled = random.nextInt(64) == 0;
        int kind = random.nextInt(100);
        if (kind < 40) {
          long readTick = model.beginRead();
          submit(
              new IoCommand.Read(offset, data),
              status -> {
                model.endRead(readTick, status, first, data);
                lastReadBlock = first;
                lastReadId = data.get(java.lang.foreign.ValueLayout.JAVA_LONG, 0);
              });
        } else if (kind < 75) {
          var change = model.beginWrite(first, count);
          BlockStamp.fill(data, blockSizeBytes, first, change.id());
          submit(new IoCommand.Write(offset, data, fua), status -> model.end(change, status, fua));
        } else if (kind < 83) {
          compareAndWrite(fua);
        } else if (kind < 89) {
          var change = model.beginZeroes(first, count);
          submit(
              new IoCommand.WriteZeroes(offset, data.byteSize(), random.nextBoolean(), fua),
              status -> model.end(change, status, fua));
        } else if (kind < 94) {
          var change = model.beginDiscard(first, count);
          submit(
              new IoCommand.Discard(offset, data.byteSize()),
              status -> model.end(change, status, false));
        } else {
          long flushTick = model.beginFlush();
          submit(IoCommand.FLUSH, status -> model.endFlush(flushTick, status));
        }
      }

      /** Expects what this slot read last: matches at times, since others write in between. */
      private void compareAndWrite(boolean fua) {
        long first = lastReadBlock >= 0 ? lastReadBlock : firstBlock;
        long expectedId = lastReadBlock >= 0 ? lastReadId : BlockStamp.ZEROES;
        MemorySegment compare = expected.asSlice(0, blockSizeBytes);
        MemorySegment data = buffer.asSlice(0, blockSizeBytes);
        BlockStamp.fill(compare, blockSizeBytes, first, expectedId);
        var change = model.beginCompare(first, 1);
        BlockStamp.fill(data, blockSizeBytes, first, change.id());
        submit(
            new IoCommand.CompareAndWrite(first * blockSizeBytes, compare, data, fua),
            status -> model.endCompare(change, expectedId, status, fua));
      }

      private void submit(IoCommand command, End end) {
        device.submit(
            command,
            new IoCompletion() {
              private final AtomicBoolean done = new AtomicBoolean();

              @Override
              public void complete(IoStatus status) {
                ended(command, status, end, !done.getAndSet(true));
              }

              @Override
              public boolean isCancelled() {
                return cancelled;
              }
            });
      }

      private void ended(IoCommand command, IoStatus status, End end, boolean first) {
        try {
          if (!first) {
            throw new AssertionError("a second completion of " + command);
          }
          switch (status) {
            case OK, BUSY, CANCELLED -> {}
            case MISCOMPARE -> {
              if (!(command instanceof IoCommand.CompareAndWrite)) {
                throw new AssertionError(command + " ended as MISCOMPARE");
              }
            }
            default -> throw new AssertionError(command + " ended as " + status);
          }
          end.with(status);
        } catch (RuntimeException | Error e) {
          failure.compareAndSet(null, e);
        }
        synchronized (statuses) {
          statuses.merge(status, 1, Integer::sum);
        }
        if (first) {
          busy.set(false);
          free.release();
        }
      }
    }
  }
}
