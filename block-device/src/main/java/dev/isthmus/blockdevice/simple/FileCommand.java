package dev.isthmus.blockdevice.simple;

import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoCompletion;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.support.Completions;
import dev.isthmus.blockdevice.support.RangeLock;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * One command in flight on a {@link FileDevice}: waits for its range, is done by an I/O thread, and
 * with FUA joins a flush.
 *
 * <p>Threading: handed from thread to thread by the range lock, the executor and the flush group.
 */
final class FileCommand extends RangeLock.Hold implements Runnable, FlushGroup.Member {

  /** What write zeroes does between two locks, so that others get a turn. */
  private static final int PIECE_BYTES = 4 << 20;

  /** Bytes compared, or written as zeroes, at a time. */
  private static final int SCRATCH_BYTES = 256 << 10;

  /** One per I/O thread. */
  private static final ThreadLocal<ByteBuffer> SCRATCH =
      ThreadLocal.withInitial(() -> ByteBuffer.allocateDirect(SCRATCH_BYTES));

  private static final ByteBuffer ZEROES =
      ByteBuffer.allocateDirect(SCRATCH_BYTES).asReadOnlyBuffer();

  private final FileDevice device;
  private final IoCommand command;
  private final IoCompletion completion;

  /** Bytes of write zeroes that are done. */
  private long doneBytes;

  private boolean began;
  private long firstDifferenceBytes = -1;

  FileCommand(FileDevice device, IoCommand command, IoCompletion completion) {
    this.device = device;
    this.command = command;
    this.completion = completion;
  }

  void start() {
    boolean accepted =
        switch (command) {
          case IoCommand.Read c -> acquire(c.offsetBytes(), c.buffer().byteSize(), false);
          case IoCommand.Write c -> acquire(c.offsetBytes(), c.data().byteSize(), true);
          case IoCommand.CompareAndWrite c -> acquire(c.offsetBytes(), c.data().byteSize(), true);
          case IoCommand.WriteZeroes c ->
              acquire(
                  c.offsetBytes() + doneBytes,
                  Math.min(PIECE_BYTES, c.lengthBytes() - doneBytes),
                  true);
          case IoCommand.Discard c -> throw new IllegalStateException("discards have no range");
          case IoCommand.Flush c -> throw new IllegalStateException("flushes have no range");
        };
    if (!accepted) {
      throw new IllegalStateException("each command in flight has room for one hold");
    }
  }

  private boolean acquire(long offsetBytes, long lengthBytes, boolean exclusive) {
    return device.ranges().acquire(this, offsetBytes, lengthBytes, exclusive);
  }

  @Override
  protected void granted() {
    device.execute(this);
  }

  @Override
  public void run() {
    IoStatus status = began ? IoStatus.OK : mayBegin();
    boolean more = false;
    if (status == IoStatus.OK) {
      began = true;
      try {
        more = perform();
      } catch (IOException | RuntimeException e) {
        status = device.failure(command, e);
      }
    }
    device.ranges().release(this);
    if (more) {
      start();
    } else if (status == IoStatus.OK && firstDifferenceBytes < 0 && isFua()) {
      device.flushes().join(this);
    } else {
      end(status);
    }
  }

  private IoStatus mayBegin() {
    IoStatus status = device.ready();
    return status == IoStatus.OK && completion.isCancelled() ? IoStatus.CANCELLED : status;
  }

  /** Does the command, or one piece of it; true if there are more. */
  private boolean perform() throws IOException {
    switch (command) {
      case IoCommand.Read c -> device.medium().read(c.buffer().asByteBuffer(), c.offsetBytes());
      case IoCommand.Write c -> device.medium().write(c.data().asByteBuffer(), c.offsetBytes());
      case IoCommand.CompareAndWrite c -> compareAndWrite(c);
      case IoCommand.WriteZeroes c -> {
        long length = Math.min(PIECE_BYTES, c.lengthBytes() - doneBytes);
        zero(c.offsetBytes() + doneBytes, length, c.mayDeallocate());
        doneBytes += length;
        return doneBytes < c.lengthBytes();
      }
      case IoCommand.Discard c -> {}
      case IoCommand.Flush c -> {}
    }
    return false;
  }

  private void compareAndWrite(IoCommand.CompareAndWrite c) throws IOException {
    ByteBuffer expected = c.expected().asByteBuffer();
    while (expected.hasRemaining()) {
      int done = expected.position();
      int length = Math.min(SCRATCH_BYTES, expected.remaining());
      ByteBuffer found = SCRATCH.get().clear().limit(length);
      device.medium().read(found, c.offsetBytes() + done);
      int difference = expected.slice(done, length).mismatch(found.flip());
      if (difference >= 0) {
        firstDifferenceBytes = done + (long) difference;
        return;
      }
      expected.position(done + length);
    }
    device.medium().write(c.data().asByteBuffer(), c.offsetBytes());
  }

  private void zero(long offsetBytes, long lengthBytes, boolean keepHoles) throws IOException {
    for (long done = 0; done < lengthBytes; ) {
      int length = (int) Math.min(SCRATCH_BYTES, lengthBytes - done);
      if (!keepHoles || !isZeroes(offsetBytes + done, length)) {
        device.medium().write(ZEROES.slice(0, length), offsetBytes + done);
      }
      done += length;
    }
  }

  private boolean isZeroes(long offsetBytes, int lengthBytes) throws IOException {
    ByteBuffer found = SCRATCH.get().clear().limit(lengthBytes);
    device.medium().read(found, offsetBytes);
    return found.flip().mismatch(ZEROES.slice(0, lengthBytes)) < 0;
  }

  private boolean isFua() {
    return switch (command) {
      case IoCommand.Write c -> c.fua();
      case IoCommand.WriteZeroes c -> c.fua();
      case IoCommand.CompareAndWrite c -> c.fua();
      case IoCommand.Read c -> false;
      case IoCommand.Discard c -> false;
      case IoCommand.Flush c -> false;
    };
  }

  @Override
  public boolean wants() {
    // What was applied must reach its tier; a flush by itself may be given up.
    IoStatus status = began ? IoStatus.OK : mayBegin();
    if (began && device.ready() == IoStatus.MEDIA_ERROR) {
      status = IoStatus.MEDIA_ERROR;
    }
    if (status != IoStatus.OK) {
      end(status);
    }
    return status == IoStatus.OK;
  }

  @Override
  public void forced(@Nullable IOException failure) {
    if (failure != null) {
      device.forceFailed(failure);
    }
    end(failure == null ? IoStatus.OK : IoStatus.MEDIA_ERROR);
  }

  private void end(IoStatus status) {
    if (status == IoStatus.OK && firstDifferenceBytes >= 0) {
      Completions.miscompare(completion, firstDifferenceBytes);
    } else {
      Completions.complete(completion, status);
    }
    device.exit();
  }
}
