package dev.isthmus.blockdevice;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A {@link BlockDevice} for programs that rather wait: each method returns when its command has
 * completed, or throws.
 *
 * <p><b>Ranges.</b> Offsets and lengths are bytes and multiples of the block size. Transfers may be
 * longer than {@link DeviceInfo#maxTransferBytes()}: they are done in pieces one after the other,
 * and an exception says which piece failed; those before it are done. Only a compare-and-write must
 * fit. An empty range does nothing.
 *
 * <p><b>Buffers.</b> A buffer is in use until the method returns, and not afterwards, whatever
 * happens. Native memory that any thread may access (of {@link Arena#ofShared}, {@code ofAuto},
 * {@code global}) goes to the device as it is; all else (arrays, heap buffers, confined memory) is
 * copied through staging memory of {@value #STAGING_BYTES} bytes for each call at the same time, of
 * which {@value #MAX_STAGING} are kept.
 *
 * <p><b>Interrupts.</b> A device may be writing to a buffer, so a method can't return early. An
 * interrupt gives the command up: if it has not been applied it ends without effect, and the method
 * throws {@link DeviceException.Unavailable}; if it has, the method returns as it would have. The
 * thread's interrupt status is set in both cases. A thread that comes in interrupted does its
 * command only if the device applies it at once; else it is given up.
 *
 * <p><b>Errors.</b> {@link StatusExceptions}. A busy device is asked again for {@value
 * #BUSY_SECONDS} s.
 *
 * <p>Threading: thread-safe; made for virtual threads too.
 */
public final class BlockingDevice implements AutoCloseable {

  private static final int STAGING_BYTES = 1 << 20;

  /** Staging buffers kept for the next calls; more at a time are made and left to the collector. */
  private static final int MAX_STAGING = 8;

  private static final int BUSY_SECONDS = 10;
  private static final long MAX_BUSY_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  /** Never started; memory that it may access is memory that any thread may access. */
  private static final Thread ANY_THREAD = new Thread("isthmus-any-thread");

  private final BlockDevice device;
  private final ArrayBlockingQueue<MemorySegment> staging = new ArrayBlockingQueue<>(MAX_STAGING);

  /** Closing this closes {@code device}. */
  public BlockingDevice(BlockDevice device) {
    this.device = Objects.requireNonNull(device);
  }

  /** What is waited for. */
  public BlockDevice device() {
    return device;
  }

  /** The device's geometry, identity and features. */
  public DeviceInfo info() {
    return device.info();
  }

  /** Fills {@code buffer} from {@code offsetBytes}. */
  public void readAt(long offsetBytes, byte[] buffer) {
    readAt(offsetBytes, MemorySegment.ofArray(buffer));
  }

  /** Fills {@code buffer} from its position to its limit, and moves the position there. */
  public void readAt(long offsetBytes, ByteBuffer buffer) {
    readAt(offsetBytes, MemorySegment.ofBuffer(buffer));
    buffer.position(buffer.limit());
  }

  /** Fills {@code buffer}. */
  public void readAt(long offsetBytes, MemorySegment buffer) {
    if (buffer.isReadOnly()) {
      throw new DeviceException.Invalid("a read needs a buffer that can be written");
    }
    boolean direct = isForAnyThread(buffer);
    int pieceBytes = direct ? device.info().maxTransferBytes() : STAGING_BYTES;
    MemorySegment stage = direct || buffer.byteSize() == 0 ? MemorySegment.NULL : takeStage();
    try {
      for (long done = 0; done < buffer.byteSize(); ) {
        long length = Math.min(pieceBytes, buffer.byteSize() - done);
        MemorySegment target = direct ? buffer.asSlice(done, length) : stage.asSlice(0, length);
        run(new IoCommand.Read(offsetBytes + done, target), "read", offsetBytes + done, length);
        if (!direct) {
          MemorySegment.copy(stage, 0, buffer, done, length);
        }
        done += length;
      }
    } finally {
      giveStage(stage);
    }
  }

  /** Writes {@code data}; durable after a {@link #flush}. */
  public void writeAt(long offsetBytes, byte[] data) {
    writeAt(offsetBytes, MemorySegment.ofArray(data), false);
  }

  /** Writes {@code data} from its position to its limit, and moves the position there. */
  public void writeAt(long offsetBytes, ByteBuffer data) {
    writeAt(offsetBytes, MemorySegment.ofBuffer(data), false);
    data.position(data.limit());
  }

  /** Writes {@code data}. */
  public void writeAt(long offsetBytes, MemorySegment data) {
    writeAt(offsetBytes, data, false);
  }

  /**
   * Writes {@code data}.
   *
   * @param fua return only when it is durable at the device's flush tier
   */
  public void writeAt(long offsetBytes, MemorySegment data, boolean fua) {
    boolean direct = isForAnyThread(data);
    int pieceBytes = direct ? device.info().maxTransferBytes() : STAGING_BYTES;
    MemorySegment stage = direct || data.byteSize() == 0 ? MemorySegment.NULL : takeStage();
    try {
      for (long done = 0; done < data.byteSize(); ) {
        long length = Math.min(pieceBytes, data.byteSize() - done);
        MemorySegment piece = data.asSlice(done, length);
        MemorySegment source = direct ? piece : stage.asSlice(0, length).copyFrom(piece);
        run(
            new IoCommand.Write(offsetBytes + done, source, fua),
            "write",
            offsetBytes + done,
            length);
        done += length;
      }
    } finally {
      giveStage(stage);
    }
  }

  /** Makes all that was completed before durable at the device's flush tier. */
  public void flush() {
    run(IoCommand.FLUSH, "flush", 0, 0);
  }

  /** Makes the range read as zeroes; the device may give its space back. */
  public void writeZeroes(long offsetBytes, long lengthBytes) {
    if (lengthBytes != 0) {
      run(
          new IoCommand.WriteZeroes(offsetBytes, lengthBytes, true, false),
          "write zeroes",
          offsetBytes,
          lengthBytes);
    }
  }

  /** Says that the range's content is no longer needed; see {@link IoCommand.Discard}. */
  public void discard(long offsetBytes, long lengthBytes) {
    if (lengthBytes != 0) {
      run(new IoCommand.Discard(offsetBytes, lengthBytes), "discard", offsetBytes, lengthBytes);
    }
  }

  /** {@link #compareAndWrite(long, MemorySegment, MemorySegment)} of arrays. */
  public OptionalLong compareAndWrite(long offsetBytes, byte[] expected, byte[] data) {
    return compareAndWrite(
        offsetBytes, MemorySegment.ofArray(expected), MemorySegment.ofArray(data));
  }

  /**
   * Writes {@code data} if the range holds {@code expected}, as one atomic step.
   *
   * @return empty if it was written; else the index of the first byte that differs
   */
  public OptionalLong compareAndWrite(
      long offsetBytes, MemorySegment expected, MemorySegment data) {
    MemorySegment sharedExpected = isForAnyThread(expected) ? expected : copy(expected);
    MemorySegment sharedData = isForAnyThread(data) ? data : copy(data);
    Waiter end =
        runWaiter(
            new IoCommand.CompareAndWrite(offsetBytes, sharedExpected, sharedData, false),
            "compare and write",
            offsetBytes,
            data.byteSize());
    return end.status == IoStatus.MISCOMPARE
        ? OptionalLong.of(end.firstDifferenceBytes)
        : OptionalLong.empty();
  }

  @Override
  public void close() {
    device.close();
  }

  private void run(IoCommand command, String verb, long offsetBytes, long lengthBytes) {
    runWaiter(command, verb, offsetBytes, lengthBytes);
  }

  private Waiter runWaiter(IoCommand command, String verb, long offsetBytes, long lengthBytes) {
    long start = System.nanoTime();
    long pauseNanos = 50_000;
    while (true) {
      var waiter = new Waiter();
      device.submit(command, waiter);
      IoStatus status = waiter.await();
      if (status == IoStatus.OK
          || (status == IoStatus.MISCOMPARE && command instanceof IoCommand.CompareAndWrite)) {
        return waiter;
      }
      boolean again =
          status == IoStatus.BUSY
              && System.nanoTime() - start < TimeUnit.SECONDS.toNanos(BUSY_SECONDS)
              && !Thread.currentThread().isInterrupted();
      if (!again) {
        throw StatusExceptions.of(
            status,
            "%s of %d bytes at %d on %s"
                .formatted(verb, lengthBytes, offsetBytes, device.info().name()));
      }
      LockSupport.parkNanos(pauseNanos);
      pauseNanos = Math.min(2 * pauseNanos, MAX_BUSY_PAUSE_NANOS);
    }
  }

  private static boolean isForAnyThread(MemorySegment memory) {
    return memory.isNative() && memory.isAccessibleBy(ANY_THREAD);
  }

  private static MemorySegment copy(MemorySegment memory) {
    return Arena.ofAuto()
        .allocate(Math.max(1, memory.byteSize()))
        .asSlice(0, memory.byteSize())
        .copyFrom(memory);
  }

  private MemorySegment takeStage() {
    MemorySegment kept = staging.poll();
    return kept == null ? Arena.ofAuto().allocate(STAGING_BYTES, 4096) : kept;
  }

  /** Only after the completion of the last command that used it. */
  private void giveStage(MemorySegment stage) {
    if (stage.byteSize() > 0) {
      staging.offer(stage);
    }
  }

  /** Waits for one command. Threading: the waiting thread, and whichever completes. */
  private static final class Waiter implements IoCompletion {
    private final Thread thread = Thread.currentThread();
    private volatile boolean done;
    private volatile boolean cancelled;

    /** Written before, and read after, {@link #done}. */
    IoStatus status = IoStatus.INTERNAL;

    long firstDifferenceBytes = -1;

    @Override
    public void complete(IoStatus endStatus) {
      status = endStatus;
      done = true;
      LockSupport.unpark(thread);
    }

    @Override
    public void completeMiscompare(long differenceBytes) {
      firstDifferenceBytes = differenceBytes;
      complete(IoStatus.MISCOMPARE);
    }

    @Override
    public boolean isCancelled() {
      return cancelled;
    }

    IoStatus await() {
      boolean interrupted = false;
      while (!done) {
        LockSupport.park(this);
        if (Thread.interrupted()) {
          interrupted = true;
          cancelled = true;
        }
      }
      if (interrupted) {
        thread.interrupt();
      }
      return status;
    }
  }
}
