package dev.isthmus.blockdevice.simple;

import dev.isthmus.blockdevice.DeviceInfo;
import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoStatus;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A disk that is always zeroes: {@code null:///name}. It takes every command, checks it, and drops
 * what is written; a compare succeeds with zeroes alone. It measures what everything above a device
 * costs.
 *
 * <p>Of the contract it keeps all but one sentence: a read does not see what was written before.
 * Two reads still agree. Nothing that needs its data back may stand on it.
 *
 * <p>Threading: thread-safe; completes on the submitting thread.
 */
public final class NullDevice extends InlineDevice {

  /** Longest transfer. */
  static final int MAX_TRANSFER_BYTES = 8 << 20;

  private static final MemorySegment ZEROES =
      Arena.global().allocate(MAX_TRANSFER_BYTES).asReadOnly();

  private final Runnable onClose;

  NullDevice(DeviceInfo info, Runnable onClose) {
    super(info);
    this.onClose = onClose;
  }

  @Override
  IoStatus apply(IoCommand command) {
    if (command instanceof IoCommand.Read read) {
      read.buffer().fill((byte) 0);
    }
    return IoStatus.OK;
  }

  @Override
  long applyCompare(IoCommand.CompareAndWrite command) {
    long length = command.expected().byteSize();
    return MemorySegment.mismatch(ZEROES, 0, length, command.expected(), 0, length);
  }

  @Override
  void release() {
    onClose.run();
  }
}
