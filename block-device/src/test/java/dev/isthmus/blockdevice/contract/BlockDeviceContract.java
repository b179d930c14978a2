package dev.isthmus.blockdevice.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoStatus;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/**
 * The contract of a device that keeps data, whole. The device must hold at least {@value
 * #MIN_BLOCKS} blocks and take compare-and-write.
 */
public abstract class BlockDeviceContract extends BlockDeviceProtocolContract {

  /** Least size of the device under test. */
  protected static final int MIN_BLOCKS = 1024;

  /**
   * Opens again what {@link #create} made and the suite closed; empty if it outlives no close.
   * Called at most once in a test.
   */
  protected Optional<BlockDevice> reopen(int atBlockSizeBytes, Path scratchDir) throws Exception {
    return Optional.empty();
  }

  /** Commands of the random workload; lower it for a device that takes long for one. */
  protected int workloadCommands() {
    return 20_000;
  }

  private MemorySegment zeroes(long bytes) {
    return memory(bytes);
  }

  private void expect(long offsetBytes, MemorySegment expected) {
    MemorySegment read = io().read(offsetBytes, expected.byteSize());
    assertEquals(-1, read.mismatch(expected), () -> "first difference, read at " + offsetBytes);
  }

  @Test
  void isZeroesAtFirst() {
    long size = device().info().sizeBytes();
    assertTrue(device().info().blocks() >= MIN_BLOCKS);
    expect(0, zeroes(maxTransfer()));
    expect(size - blockSizeBytes, zeroes(blockSizeBytes));
  }

  @Test
  void readsWhatWasWritten() {
    long size = device().info().sizeBytes();
    for (long offset :
        new long[] {
          0, blockSizeBytes, size / 2 / blockSizeBytes * blockSizeBytes, size - 3L * blockSizeBytes
        }) {
      MemorySegment data = pattern(3L * blockSizeBytes, (int) offset + 1);
      assertEquals(IoStatus.OK, io().write(offset, data));
      expect(offset, data);
    }
    MemorySegment longest = pattern(maxTransfer(), 9);
    assertEquals(
        IoStatus.OK, io().write(blockSizeBytes * 5L, longest.asSlice(0, maxTransfer() / 2)));
    expect(blockSizeBytes * 5L, longest.asSlice(0, maxTransfer() / 2));
    assertEquals(IoStatus.OK, io().write(size - maxTransfer(), longest));
    expect(size - maxTransfer(), longest);
  }

  @Test
  void takesFuaAndFlush() {
    MemorySegment data = pattern(2L * blockSizeBytes, 2);
    assertEquals(IoStatus.OK, io().run(new IoCommand.Write(0, data, true)));
    expect(0, data);
    assertEquals(IoStatus.OK, io().run(new IoCommand.WriteZeroes(0, blockSizeBytes, false, true)));
    assertEquals(IoStatus.OK, io().flush());
    expect(0, zeroes(blockSizeBytes));
    expect(blockSizeBytes, data.asSlice(blockSizeBytes));
  }

  @Test
  void zeroesExactlyTheRange() {
    int blocks = 64;
    for (boolean mayDeallocate : new boolean[] {true, false}) {
      MemorySegment data = pattern((long) blocks * blockSizeBytes, 4);
      assertEquals(IoStatus.OK, io().write(0, data));
      var random = new Random(4);
      for (int i = 0; i < 10; i++) {
        int first = random.nextInt(blocks);
        int count = 1 + random.nextInt(blocks - first);
        long offset = (long) first * blockSizeBytes;
        long length = (long) count * blockSizeBytes;
        var command = new IoCommand.WriteZeroes(offset, length, mayDeallocate, i % 2 == 0);
        assertEquals(IoStatus.OK, io().run(command));
        data.asSlice(offset, length).fill((byte) 0);
        expect(0, data);
      }
    }
  }

  @Test
  void discardsAndThenReadsTheSameEachTime() {
    MemorySegment data = pattern(32L * blockSizeBytes, 5);
    assertEquals(IoStatus.OK, io().write(0, data));
    assertEquals(
        IoStatus.OK, io().run(new IoCommand.Discard(blockSizeBytes, 30L * blockSizeBytes)));
    MemorySegment once = io().read(0, data.byteSize());
    MemorySegment middle = once.asSlice(blockSizeBytes, 30L * blockSizeBytes);
    boolean zeroed = middle.mismatch(zeroes(middle.byteSize())) < 0;
    if (device().info().zeroesAfterDiscard()) {
      assertTrue(zeroed, "discarded blocks are not zeroes");
    }
    for (int block = 0; block < 32; block++) {
      MemorySegment read = once.asSlice((long) block * blockSizeBytes, blockSizeBytes);
      MemorySegment old = data.asSlice((long) block * blockSizeBytes, blockSizeBytes);
      boolean edge = block == 0 || block == 31;
      assertTrue(
          read.mismatch(old) < 0 || (!edge && read.mismatch(zeroes(blockSizeBytes)) < 0),
          "block " + block + " is neither its old content nor zeroes");
    }
    assertEquals(IoStatus.OK, io().flush());
    expect(0, once);
    // And a discarded block can be written again.
    assertEquals(IoStatus.OK, io().write(0, data));
    expect(0, data);
  }

  @Test
  void zeroesAndDiscardsTheWholeDevice() {
    long size = device().info().sizeBytes();
    MemorySegment data = pattern(maxTransfer(), 6);
    for (boolean discard : new boolean[] {true, false}) {
      for (long offset : new long[] {0, size - maxTransfer()}) {
        assertEquals(IoStatus.OK, io().write(offset, data));
      }
      assertEquals(
          IoStatus.OK,
          io().run(
                  discard
                      ? new IoCommand.Discard(0, size)
                      : new IoCommand.WriteZeroes(0, size, true, false)));
      if (!discard || device().info().zeroesAfterDiscard()) {
        for (long offset = 0; offset < size; offset += size / 16) {
          long at = Math.min(offset / blockSizeBytes * blockSizeBytes, size - maxTransfer());
          expect(at, zeroes(maxTransfer()));
        }
        // Space that is taken into use again shows nothing of what it held.
        assertEquals(IoStatus.OK, io().write(blockSizeBytes, data.asSlice(0, blockSizeBytes)));
        expect(0, zeroes(blockSizeBytes));
        expect(2L * blockSizeBytes, zeroes(maxTransfer() - 2L * blockSizeBytes));
      }
    }
  }

  @Test
  void comparesBeforeItWrites() {
    long length = 4L * blockSizeBytes;
    MemorySegment before = pattern(length, 7);
    MemorySegment after = pattern(length, 8);
    assertEquals(IoStatus.OK, io().write(0, before));
    for (long difference :
        new long[] {
          0, 1, blockSizeBytes - 1, blockSizeBytes, 2L * blockSizeBytes + 5, length - 1
        }) {
      MemorySegment wrong = pattern(length, 7);
      wrong.set(
          ValueLayout.JAVA_BYTE, difference, (byte) ~wrong.get(ValueLayout.JAVA_BYTE, difference));
      // Later differences don't matter: the first is reported.
      wrong.set(
          ValueLayout.JAVA_BYTE, length - 1, (byte) ~before.get(ValueLayout.JAVA_BYTE, length - 1));
      IoFuture miss = io().runFuture(new IoCommand.CompareAndWrite(0, wrong, after, false));
      assertEquals(IoStatus.MISCOMPARE, miss.await());
      assertEquals(difference, miss.firstDifferenceBytes());
      expect(0, before);
    }
    var command = new IoCommand.CompareAndWrite(0, before, after, true);
    assertEquals(IoStatus.OK, io().run(command));
    expect(0, after);
    assertEquals(IoStatus.MISCOMPARE, io().run(command));
    expect(0, after);
  }

  @Test
  void findsADifferenceFarIntoALongCompare() {
    MemorySegment before = pattern(maxTransfer(), 7);
    assertEquals(IoStatus.OK, io().write(0, before));
    for (long difference : new long[] {maxTransfer() / 3 * 2 + 1, maxTransfer() - 1}) {
      MemorySegment wrong = memory(maxTransfer()).copyFrom(before);
      wrong.set(
          ValueLayout.JAVA_BYTE, difference, (byte) ~before.get(ValueLayout.JAVA_BYTE, difference));
      IoFuture miss = io().runFuture(new IoCommand.CompareAndWrite(0, wrong, wrong, false));
      assertEquals(IoStatus.MISCOMPARE, miss.await());
      assertEquals(difference, miss.firstDifferenceBytes());
    }
    expect(0, before);
  }

  @Test
  void comparesBlocksNeverWrittenAsZeroes() {
    MemorySegment data = pattern(blockSizeBytes, 1);
    long offset = 100L * blockSizeBytes;
    assertEquals(
        IoStatus.OK,
        io().run(new IoCommand.CompareAndWrite(offset, zeroes(blockSizeBytes), data, false)));
    expect(offset, data);
  }

  @Test
  void losesNoIncrementOfACounterRaisedByCompareAndWrite() throws Exception {
    int threads = 4;
    int each = Math.max(20, workloadCommands() / 100);
    long offset = 7L * blockSizeBytes;
    runConcurrently(
        threads,
        thread -> {
          MemorySegment seen = memory(blockSizeBytes);
          MemorySegment next = memory(blockSizeBytes);
          for (int i = 0; i < each; ) {
            SyncIo.expectOk(io().read(offset, seen));
            next.copyFrom(seen);
            next.set(ValueLayout.JAVA_LONG, 0, seen.get(ValueLayout.JAVA_LONG, 0) + 1);
            IoStatus status = io().run(new IoCommand.CompareAndWrite(offset, seen, next, false));
            assertTrue(status == IoStatus.OK || status == IoStatus.MISCOMPARE, status::toString);
            i += status == IoStatus.OK ? 1 : 0;
          }
        });
    assertEquals(
        (long) threads * each, io().read(offset, blockSizeBytes).get(ValueLayout.JAVA_LONG, 0));
  }

  @Test
  void comparesAndWritesManyBlocksAsOneStep() throws Exception {
    // Across the middle of the device, where structures of devices tend to have their seams.
    long length = 16L * blockSizeBytes;
    long offset = device().info().sizeBytes() / 2 / blockSizeBytes * blockSizeBytes - length / 2;
    MemorySegment[] sides = {pattern(length, 1), pattern(length, 2)};
    SyncIo.expectOk(io().write(offset, sides[0]));
    var stop = new AtomicBoolean();
    var flips = new AtomicInteger();
    runConcurrently(
        3,
        thread -> {
          if (thread == 0) {
            try {
              for (int i = 0; i < workloadCommands() / 20; i++) {
                SyncIo.expectOk(
                    io().run(
                            new IoCommand.CompareAndWrite(
                                offset, sides[i % 2], sides[(i + 1) % 2], false)));
                flips.incrementAndGet();
              }
            } finally {
              stop.set(true);
            }
          } else {
            MemorySegment seen = memory(length);
            while (!stop.get()) {
              SyncIo.expectOk(io().read(offset, seen));
              long mixed = Math.min(seen.mismatch(sides[0]), seen.mismatch(sides[1]));
              assertEquals(-1, mixed, "a read saw part of a compare-and-write");
            }
          }
        });
    assertEquals(workloadCommands() / 20, flips.get());
  }

  @Test
  void neverAppliesWhatItCancelled() {
    MemorySegment before = pattern(blockSizeBytes, 1);
    MemorySegment after = pattern(blockSizeBytes, 2);
    for (int round = 0; round < 200; round++) {
      assertEquals(IoStatus.OK, io().write(0, before));
      var futures = new ArrayList<IoFuture>();
      for (int i = 0; i < 4; i++) {
        var future = new IoFuture();
        if (round % 2 == 0) {
          future.cancel();
        }
        device()
            .submit(
                i == 3
                    ? new IoCommand.CompareAndWrite(0, before, after, false)
                    : new IoCommand.Write(0, after, false),
                future);
        futures.add(future.cancel());
      }
      boolean applied = false;
      for (IoFuture future : futures) {
        IoStatus status = future.await();
        applied |= status == IoStatus.OK;
        assertTrue(
            List.of(IoStatus.OK, IoStatus.CANCELLED, IoStatus.MISCOMPARE, IoStatus.BUSY)
                .contains(status),
            status::toString);
      }
      expect(0, applied ? after : before);
    }
  }

  @Test
  void servesOverlappingCommandsAsOneOfTheLegalOrders() {
    Seed.run(seed -> workload(seed, 96, 3, 8));
  }

  @Test
  void servesVeryHotBlocksAsOneOfTheLegalOrders() {
    Seed.run(seed -> workload(seed, 3, 4, 4));
  }

  private void workload(long seed, int blocks, int threads, int depth) {
    var model = new DiskModel(blockSizeBytes, device().info().zeroesAfterDiscard());
    long first = device().info().blocks() / 2 - blocks / 2;
    var workload = new RandomWorkload(device(), model, first, blocks);
    workload.run(seed, threads, depth, workloadCommands() / threads);
    assertTrue(model.checkedBlocks() > workloadCommands() / 4, "too few reads checked");
    verifyAll(model, first, blocks);
    var statuses = workload.statuses();
    int ok = statuses.getOrDefault(IoStatus.OK, 0);
    assertTrue(ok > workloadCommands() / 2, () -> "few commands succeeded: " + statuses);
    assertTrue(statuses.containsKey(IoStatus.MISCOMPARE), statuses::toString);
  }

  private void verifyAll(DiskModel model, long firstBlock, int blocks) {
    for (int pass = 0; pass < 2; pass++) {
      for (int i = 0; i < blocks; i++) {
        long readTick = model.beginRead();
        MemorySegment data = io().read((firstBlock + i) * blockSizeBytes, blockSizeBytes);
        model.endRead(readTick, IoStatus.OK, firstBlock + i, data);
      }
    }
  }

  @Test
  void keepsEverythingOverACloseIfItOutlivesOne() {
    Seed.run(seed -> {
      var model = new DiskModel(blockSizeBytes, device().info().zeroesAfterDiscard());
      var workload = new RandomWorkload(device(), model, 10, 200);
      workload.run(seed, 2, 8, workloadCommands() / 8);
      var info = device().info();
      device().close();
      Optional<BlockDevice> reopened = reopen(blockSizeBytes, scratch);
      Assumptions.assumeTrue(reopened.isPresent(), "nothing outlives a close");
      replaceDevice(reopened.get());
      assertEquals(info, device().info());
      assertEquals(dev.isthmus.blockdevice.OpenOutcome.COMPLETE, device().openOutcome());
      verifyAll(model, 10, 200);
      expect(0, zeroes(10L * blockSizeBytes));
      workload = new RandomWorkload(device(), model, 10, 200);
      workload.run(seed + 1, 2, 8, workloadCommands() / 8);
      verifyAll(model, 10, 200);
    });
  }
}
