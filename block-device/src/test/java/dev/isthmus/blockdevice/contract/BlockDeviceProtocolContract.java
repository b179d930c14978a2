package dev.isthmus.blockdevice.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.DeviceListener;
import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoCompletion;
import dev.isthmus.blockdevice.IoStatus;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What every device keeps, whatever it does with data: refusals, completions, cancel, close. Each
 * test runs with both block sizes and a fresh device; a subclass that has one only says so with a
 * {@code @ValueSource} of its own.
 */
@ParameterizedClass(name = "block size {0}")
@ValueSource(ints = {512, 4096})
@Timeout(180)
public abstract class BlockDeviceProtocolContract {

  /** 512 or 4096. */
  @Parameter protected int blockSizeBytes;

  /** Empty at the start of each test. */
  @TempDir protected Path scratch;

  private BlockDevice device;
  private Arena arena;

  @SuppressWarnings("NullAway.Init") // JUnit sets the fields before any test.
  protected BlockDeviceProtocolContract() {}

  /**
   * Makes a device of zeroes, ready for commands; the suite closes it.
   *
   * @param atBlockSizeBytes its block size
   * @param scratchDir an empty directory for whatever it keeps
   */
  protected abstract BlockDevice create(int atBlockSizeBytes, Path scratchDir) throws Exception;

  /** Length of the chains and bursts; lower it for a device that takes long for one command. */
  protected int chainLength() {
    return 100_000;
  }

  /** The device under test. */
  protected final BlockDevice device() {
    return device;
  }

  /** Puts another device in the place of the one under test, which was closed. */
  protected final void replaceDevice(BlockDevice reopened) {
    device = reopened;
  }

  @BeforeEach
  final void createDevice() throws Exception {
    device = create(blockSizeBytes, scratch);
    arena = Arena.ofShared();
  }

  @AfterEach
  final void closeDevice() {
    device.close();
    arena.close();
  }

  /** Zeroed memory that any thread may use, freed after the test's device is closed. */
  protected final MemorySegment memory(long bytes) {
    return arena.allocate(bytes, 4096);
  }

  /** Memory with a pattern that is not zeroes, different for another {@code salt}. */
  protected final MemorySegment pattern(long bytes, int salt) {
    MemorySegment memory = memory(bytes);
    for (long i = 0; i < bytes; i++) {
      memory.set(java.lang.foreign.ValueLayout.JAVA_BYTE, i, (byte) (i * 31 + (i >> 8) + salt));
    }
    return memory;
  }

  /** Submits, and gives the future. */
  protected final IoFuture submit(IoCommand command) {
    var future = new IoFuture();
    device.submit(command, future);
    return future;
  }

  /** Synchronous commands to the device. */
  protected final SyncIo io() {
    return new SyncIo(device);
  }

  /** Length of the longest transfer that the device's size allows. */
  protected final int maxTransfer() {
    return (int) Math.min(device.info().maxTransferBytes(), device.info().sizeBytes());
  }

  @Test
  void describesItself() {
    assertEquals(blockSizeBytes, device.info().blockSizeBytes());
    assertEquals(device.info(), device.info());
    assertEquals(DeviceState.READY, device.state());
    assertNotNull(device.openOutcome());
    var positions = device.positions();
    assertTrue(positions.localDurableLsn() <= positions.appliedLsn(), positions::toString);
    assertTrue(positions.uploadedLsn() <= positions.appliedLsn(), positions::toString);
  }

  @Test
  @SuppressWarnings("NullAway") // Passing null is the test.
  void refusesNulls() {
    assertThrows(NullPointerException.class, () -> device.submit(null, status -> {}));
    assertThrows(NullPointerException.class, () -> device.submit(IoCommand.FLUSH, null));
  }

  @Test
  void refusesRangesThatAreNone() {
    long size = device.info().sizeBytes();
    int block = blockSizeBytes;
    var invalid = IoStatus.INVALID;
    var outside = IoStatus.OUT_OF_RANGE;
    record Range(long offset, long length) {}
    var ranges = new LinkedHashMap<Range, IoStatus>();
    ranges.put(new Range(1, block), invalid);
    ranges.put(new Range(block / 2, block), invalid);
    ranges.put(new Range(0, block + 1), invalid);
    ranges.put(new Range(0, block - 1), invalid);
    ranges.put(new Range(0, 0), invalid);
    ranges.put(new Range(-block, block), invalid);
    ranges.put(new Range(Long.MIN_VALUE, block), invalid);
    ranges.put(new Range(size, block), outside);
    ranges.put(new Range(size - block, 2L * block), outside);
    ranges.put(new Range(Long.MAX_VALUE - block + 1, block), outside);
    for (Map.Entry<Range, IoStatus> entry : ranges.entrySet()) {
      Range range = entry.getKey();
      MemorySegment data = pattern(range.length, 1);
      for (IoCommand command :
          List.of(
              new IoCommand.Read(range.offset, data),
              new IoCommand.Write(range.offset, data, false),
              new IoCommand.Write(range.offset, data, true),
              new IoCommand.WriteZeroes(range.offset, range.length, true, false),
              new IoCommand.Discard(range.offset, range.length),
              new IoCommand.CompareAndWrite(range.offset, data, data, false))) {
        assertEquals(entry.getValue(), submit(command).await(), () -> range + " " + command);
      }
    }
    assertEquals(invalid, submit(new IoCommand.WriteZeroes(0, -block, true, false)).await());
    assertEquals(invalid, submit(new IoCommand.Discard(0, Long.MIN_VALUE)).await());
    assertEquals(outside, submit(new IoCommand.Discard(0, size + block)).await());
    long huge = Long.MAX_VALUE / block * block;
    assertEquals(outside, submit(new IoCommand.WriteZeroes(block, huge, true, true)).await());
  }

  @Test
  void refusesTransfersThatAreTooLongAndTakesTheLongest() {
    MemorySegment tooLong = memory((long) device.info().maxTransferBytes() + blockSizeBytes);
    for (IoCommand command :
        List.of(
            new IoCommand.Read(0, tooLong),
            new IoCommand.Write(0, tooLong, false),
            new IoCommand.CompareAndWrite(0, tooLong, tooLong, false))) {
      assertEquals(IoStatus.INVALID, submit(command).await());
    }
    MemorySegment longest = tooLong.asSlice(0, maxTransfer());
    assertEquals(IoStatus.OK, io().write(device.info().sizeBytes() - maxTransfer(), longest));
    assertEquals(IoStatus.OK, io().read(0, longest));
  }

  @Test
  void refusesAReadIntoMemoryThatCanNotBeWritten() {
    MemorySegment readOnly = memory(blockSizeBytes).asReadOnly();
    assertEquals(IoStatus.INVALID, submit(new IoCommand.Read(0, readOnly)).await());
    assertEquals(IoStatus.OK, io().write(0, readOnly));
  }

  @Test
  void refusesACompareOfUnequalLengths() {
    var command =
        new IoCommand.CompareAndWrite(
            0, memory(blockSizeBytes), memory(2L * blockSizeBytes), false);
    assertEquals(IoStatus.INVALID, submit(command).await());
  }

  @Test
  void leavesTheDataOfAWriteAsItIs() {
    MemorySegment data = pattern(4L * blockSizeBytes, 3);
    assertEquals(IoStatus.OK, io().write(0, data));
    assertEquals(IoStatus.OK, io().run(new IoCommand.Write(8L * blockSizeBytes, data, true)));
    assertEquals(-1, data.mismatch(pattern(4L * blockSizeBytes, 3)));
  }

  @Test
  void flushesAlsoWhenThereIsNothingToFlush() {
    assertEquals(IoStatus.OK, io().flush());
    assertEquals(IoStatus.OK, io().flush());
  }

  @Test
  void takesSubmitsFromCompletionsWithoutEnd() throws Exception {
    MemorySegment data = memory(blockSizeBytes);
    chain(new IoCommand.Read(0, data), IoStatus.OK);
    chain(new IoCommand.Write(0, data, false), IoStatus.OK);
    // A refusal is quicker than any work, and must not recurse either.
    chain(new IoCommand.Discard(1, 1), IoStatus.INVALID);
    chain(new IoCommand.Read(-blockSizeBytes, data), IoStatus.INVALID);
  }

  private void chain(IoCommand command, IoStatus expected) throws Exception {
    var remaining = new AtomicInteger(chainLength());
    var end = new CountDownLatch(1);
    var unexpected = new AtomicInteger();
    var completion =
        new IoCompletion() {
          @Override
          public void complete(IoStatus status) {
            if (status != expected) {
              unexpected.incrementAndGet();
            }
            if (remaining.decrementAndGet() > 0) {
              device.submit(command, this);
            } else {
              end.countDown();
            }
          }
        };
    device.submit(command, completion);
    assertTrue(end.await(IoFuture.LIMIT_SECONDS, TimeUnit.SECONDS), "the chain broke");
    assertEquals(0, unexpected.get(), "other statuses than " + expected);
    assertEquals(0, remaining.get());
  }

  @Test
  void takesABurstFromOneCompletion() {
    int count = 500;
    var futures = new ArrayList<IoFuture>();
    for (int i = 0; i < count; i++) {
      futures.add(new IoFuture());
    }
    MemorySegment data = memory(blockSizeBytes);
    var first = new IoFuture();
    device.submit(
        new IoCommand.Read(0, data),
        status -> {
          for (IoFuture future : futures) {
            device.submit(new IoCommand.Write(0, data, false), future);
          }
          first.complete(status);
        });
    first.await();
    for (IoFuture future : futures) {
      IoStatus status = future.await();
      assertTrue(status == IoStatus.OK || status == IoStatus.BUSY, status::toString);
    }
  }

  @Test
  void completesCancelledCommandsOnce() {
    MemorySegment data = memory(blockSizeBytes);
    for (IoCommand command :
        List.of(
            new IoCommand.Read(0, data),
            new IoCommand.Write(0, data, false),
            new IoCommand.Write(0, data, true),
            new IoCommand.WriteZeroes(0, blockSizeBytes, true, false),
            new IoCommand.Discard(0, blockSizeBytes),
            new IoCommand.CompareAndWrite(0, data, data, false),
            IoCommand.FLUSH)) {
      var future = new IoFuture().cancel();
      device.submit(command, future);
      IoStatus status = future.await();
      // The device asks before it applies; what has nothing to apply may as well be done.
      boolean applies =
          !(command instanceof IoCommand.Read
              || command instanceof IoCommand.Flush
              || command instanceof IoCommand.Discard);
      assertTrue(
          status == IoStatus.CANCELLED || (status == IoStatus.OK && !applies),
          () -> command + " " + status);
    }
  }

  @Test
  void completesEachOfManyConcurrentCommandsOnce() throws Exception {
    var futures = java.util.Collections.synchronizedList(new ArrayList<IoFuture>());
    runConcurrently(4, thread -> submitSome(futures, thread, 500));
    for (IoFuture future : futures) {
      IoStatus status = future.await();
      assertTrue(status == IoStatus.OK || status == IoStatus.BUSY, status::toString);
    }
    assertEquals(2000, futures.size());
  }

  private void submitSome(List<IoFuture> futures, int thread, int count) {
    MemorySegment data = memory(blockSizeBytes);
    MemorySegment own = memory((long) count * blockSizeBytes);
    for (int i = 0; i < count; i++) {
      MemorySegment buffer = own.asSlice((long) i * blockSizeBytes, blockSizeBytes);
      futures.add(
          submit(
              switch (i % 4) {
                case 0 -> new IoCommand.Write((long) thread * blockSizeBytes, data, i % 16 == 0);
                case 1 -> new IoCommand.Read(0, buffer);
                case 2 -> new IoCommand.WriteZeroes(0, 2L * blockSizeBytes, true, false);
                default -> IoCommand.FLUSH;
              }));
    }
  }

  /** Runs {@code body} in several threads with their number, and waits for them. */
  protected static void runConcurrently(int threads, java.util.function.IntConsumer body)
      throws InterruptedException {
    var failures = java.util.Collections.synchronizedList(new ArrayList<Throwable>());
    var started = new ArrayList<Thread>();
    for (int i = 0; i < threads; i++) {
      int thread = i;
      started.add(
          Thread.ofPlatform()
              .start(() -> {
                try {
                  body.accept(thread);
                } catch (RuntimeException | Error e) {
                  failures.add(e);
                }
              }));
    }
    for (Thread thread : started) {
      thread.join();
    }
    if (!failures.isEmpty()) {
      throw new AssertionError(failures.getFirst().getMessage(), failures.getFirst());
    }
  }

  @Test
  void refusesEverythingOnceClosed() {
    device.close();
    MemorySegment data = memory(blockSizeBytes);
    assertEquals(IoStatus.CLOSED, submit(new IoCommand.Read(0, data)).await());
    assertEquals(IoStatus.CLOSED, submit(new IoCommand.Write(0, data, false)).await());
    assertEquals(IoStatus.CLOSED, submit(IoCommand.FLUSH).await());
    assertEquals(DeviceState.Kind.CLOSED, device.state().kind());
    assertEquals(blockSizeBytes, device.info().blockSizeBytes());
    device.close();
  }

  @Test
  void closesOnceUnderLoadFromManyThreads() throws Exception {
    var futures = java.util.Collections.synchronizedList(new ArrayList<IoFuture>());
    var submitted = new CountDownLatch(200);
    var late = new AtomicInteger();
    runConcurrently(
        5,
        thread -> {
          if (thread >= 3) {
            awaitLatch(submitted);
            List<IoFuture> before;
            synchronized (futures) {
              before = List.copyOf(futures);
            }
            device.close();
            // What had been submitted before the close has completed when it returns.
            late.addAndGet((int) before.stream().filter(f -> f.completions() == 0).count());
          } else {
            MemorySegment data = memory(blockSizeBytes);
            for (int i = 0; i < 5000; i++) {
              var future = new IoFuture();
              device.submit(new IoCommand.Write(0, data, i % 64 == 0), future);
              futures.add(future);
              submitted.countDown();
              if (future.completions() > 0 && future.await() == IoStatus.CLOSED) {
                break;
              }
            }
          }
        });
    for (IoFuture future : futures) {
      IoStatus status = future.await();
      assertTrue(
          status == IoStatus.OK || status == IoStatus.BUSY || status == IoStatus.CLOSED,
          status::toString);
    }
    assertEquals(0, late.get(), "commands completed after close() had returned");
  }

  private static void awaitLatch(CountDownLatch latch) {
    try {
      if (!latch.await(IoFuture.LIMIT_SECONDS, TimeUnit.SECONDS)) {
        throw new AssertionError("no load");
      }
    } catch (InterruptedException e) {
      throw new AssertionError("interrupted", e);
    }
  }

  @Test
  void takesAndLosesListeners() {
    var heard = new AtomicInteger();
    DeviceListener listener = changed -> heard.incrementAndGet();
    device.addListener(listener);
    device.removeListener(listener);
    device.removeListener(listener);
    device.close();
    assertEquals(0, heard.get());
  }
}
