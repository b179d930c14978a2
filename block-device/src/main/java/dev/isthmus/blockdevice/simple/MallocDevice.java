package dev.isthmus.blockdevice.simple;

import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoStatus;

/**
 * A disk in memory: {@code malloc:///name}. Nothing survives its last {@link #close}, so there is
 * no tier to reach and a flush has nothing to do. Memory is taken in slabs of 1 MiB as blocks are
 * first written; what is discarded is reused by the same disk, and goes back to the system at the
 * last close. A write that finds the provider's memory used up is {@link
 * IoStatus#CAPACITY_EXCEEDED} and changes nothing.
 *
 * <p>Threading: thread-safe; completes on the submitting thread.
 */
public final class MallocDevice extends InlineDevice {

  private final MallocDisk disk;
  private final Runnable onClose;

  MallocDevice(MallocDisk disk, Runnable onClose) {
    super(disk.info);
    this.disk = disk;
    this.onClose = onClose;
  }

  @Override
  IoStatus apply(IoCommand command) {
    switch (command) {
      case IoCommand.Read c -> disk.read(c.offsetBytes(), c.buffer());
      case IoCommand.Write c -> {
        return disk.write(c.offsetBytes(), c.data());
      }
      case IoCommand.WriteZeroes c ->
          disk.zero(c.offsetBytes(), c.lengthBytes(), c.mayDeallocate());
      case IoCommand.Discard c -> disk.zero(c.offsetBytes(), c.lengthBytes(), true);
      case IoCommand.CompareAndWrite c -> throw new IllegalArgumentException("not here");
      case IoCommand.Flush c -> {}
    }
    return IoStatus.OK;
  }

  @Override
  long applyCompare(IoCommand.CompareAndWrite command) {
    return disk.compareAndWrite(command);
  }

  @Override
  void release() {
    onClose.run();
  }
}
