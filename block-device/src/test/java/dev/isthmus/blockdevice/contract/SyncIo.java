package dev.isthmus.blockdevice.contract;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoStatus;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.LockSupport;

/** One command at a time, waited for; statuses, not exceptions. Retries BUSY. Thread-safe. */
public final class SyncIo {

  private final BlockDevice device;

  public SyncIo(BlockDevice device) {
    this.device = device;
  }

  /** Submits and waits. */
  public IoStatus run(IoCommand command) {
    return runFuture(command).await();
  }

  /** Submits and waits; the future tells of a miscompare's place. */
  public IoFuture runFuture(IoCommand command) {
    while (true) {
      var future = new IoFuture();
      device.submit(command, future);
      if (future.await() != IoStatus.BUSY) {
        return future;
      }
      LockSupport.parkNanos(100_000);
    }
  }

  public IoStatus read(long offsetBytes, MemorySegment buffer) {
    return run(new IoCommand.Read(offsetBytes, buffer));
  }

  public IoStatus write(long offsetBytes, MemorySegment data) {
    return run(new IoCommand.Write(offsetBytes, data, false));
  }

  /** Reads into new memory, which must succeed. */
  public MemorySegment read(long offsetBytes, long lengthBytes) {
    MemorySegment buffer = Arena.ofAuto().allocate(lengthBytes, 4096);
    expectOk(read(offsetBytes, buffer));
    return buffer;
  }

  public IoStatus flush() {
    return run(IoCommand.FLUSH);
  }

  /** Fails unless {@code status} is OK. */
  public static void expectOk(IoStatus status) {
    if (status != IoStatus.OK) {
      throw new AssertionError("status " + status);
    }
  }
}
