package dev.isthmus.targets;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.DeviceIdentity;
import dev.isthmus.blockdevice.DeviceInfo;
import dev.isthmus.blockdevice.DeviceListener;
import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoCompletion;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blockdevice.Positions;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * A disk in memory that does as it is told.
 *
 * <p>Fault model: commands that match {@link #hold} are held back, in order, until {@link
 * #release}; it then asks {@code isCancelled} right before it applies each, as the contract wants.
 * Commands that match {@link #fail} end with that status and no effect. Completions come on the
 * submitting thread, or on the releasing one. Threading: thread-safe; guarded by this.
 */
public final class RamDevice implements BlockDevice {

  /** A command that is held back. */
  private record Held(IoCommand command, IoCompletion completion) {}

  private final MemorySegment memory;
  private final List<DeviceListener> listeners = new CopyOnWriteArrayList<>();
  private final List<Held> held = new ArrayList<>();
  private final List<IoCommand> seen = new ArrayList<>();
  private DeviceInfo info;
  private DeviceState state = DeviceState.READY;
  private Predicate<IoCommand> hold = c -> false;
  private Predicate<IoCommand> fail = c -> false;
  private IoStatus failure = IoStatus.OK;
  private boolean recording = true;

  public RamDevice(long sizeBytes, int blockSizeBytes) {
    this(new DeviceIdentity(UUID.randomUUID(), 1), sizeBytes, blockSizeBytes);
  }

  public RamDevice(DeviceIdentity identity, long sizeBytes, int blockSizeBytes) {
    this.memory = Arena.ofAuto().allocate(sizeBytes, 4096);
    this.info =
        new DeviceInfo(
            identity,
            "ram",
            sizeBytes,
            blockSizeBytes,
            1 << 20,
            Math.max(4096, blockSizeBytes),
            false,
            true,
            true,
            true);
  }

  /** Stops to remember commands: for measurements. */
  public synchronized RamDevice withoutRecording() {
    recording = false;
    return this;
  }

  /** Commands that match are held back from now on. */
  public synchronized void hold(Predicate<IoCommand> which) {
    hold = which;
  }

  /** Commands that match end with {@code status}. */
  public synchronized void fail(Predicate<IoCommand> which, IoStatus status) {
    fail = which;
    failure = status;
  }

  /** Lets go of everything held back, and holds nothing more. Returns how many were applied. */
  public int release() {
    List<Held> all;
    synchronized (this) {
      hold = c -> false;
      all = List.copyOf(held);
      held.clear();
    }
    int applied = 0;
    for (Held one : all) {
      if (one.completion().isCancelled()) {
        one.completion().complete(IoStatus.CANCELLED);
      } else {
        applied++;
        one.completion().complete(apply(one.command()));
      }
    }
    return applied;
  }

  /** Commands held back now. */
  public synchronized int heldCount() {
    return held.size();
  }

  /** Of those, how many were given up. */
  public synchronized long cancelledCount() {
    return held.stream().filter(h -> h.completion().isCancelled()).count();
  }

  /** Every command so far, in order. */
  public synchronized List<IoCommand> seen() {
    return List.copyOf(seen);
  }

  /** Changes the state and tells the listeners. */
  public void setState(DeviceState.Kind kind) {
    synchronized (this) {
      state = new DeviceState(kind, kind == DeviceState.Kind.READY ? "" : "told so by a test");
    }
    listeners.forEach(l -> l.deviceChanged(this));
  }

  /** Changes the info and tells the listeners. */
  public void setInfo(UnaryOperator<DeviceInfo> change) {
    synchronized (this) {
      info = change.apply(info);
    }
    listeners.forEach(l -> l.deviceChanged(this));
  }

  /** Bytes of the disk, past any command. */
  public synchronized byte[] peek(long offsetBytes, int lengthBytes) {
    return memory
        .asSlice(offsetBytes, lengthBytes)
        .toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
  }

  @Override
  public synchronized DeviceInfo info() {
    return info;
  }

  @Override
  public OpenOutcome openOutcome() {
    return OpenOutcome.COMPLETE;
  }

  @Override
  public Positions positions() {
    return Positions.NONE;
  }

  @Override
  public synchronized DeviceState state() {
    return state;
  }

  @Override
  public void submit(IoCommand command, IoCompletion completion) {
    IoStatus status;
    synchronized (this) {
      if (recording) {
        seen.add(command);
      }
      status = info.check(command);
      if (status == IoStatus.OK && fail.test(command)) {
        status = failure;
      } else if (status == IoStatus.OK && hold.test(command)) {
        held.add(new Held(command, completion));
        return;
      }
    }
    completion.complete(status == IoStatus.OK ? apply(command) : status);
  }

  private synchronized IoStatus apply(IoCommand command) {
    switch (command) {
      case IoCommand.Read c ->
          MemorySegment.copy(memory, c.offsetBytes(), c.buffer(), 0, c.buffer().byteSize());
      case IoCommand.Write c ->
          MemorySegment.copy(c.data(), 0, memory, c.offsetBytes(), c.data().byteSize());
      case IoCommand.WriteZeroes c ->
          memory.asSlice(c.offsetBytes(), c.lengthBytes()).fill((byte) 0);
      case IoCommand.Discard c -> memory.asSlice(c.offsetBytes(), c.lengthBytes()).fill((byte) 0);
      case IoCommand.CompareAndWrite c -> {
        MemorySegment range = memory.asSlice(c.offsetBytes(), c.data().byteSize());
        if (range.mismatch(c.expected()) >= 0) {
          return IoStatus.MISCOMPARE;
        }
        range.copyFrom(c.data());
      }
      case IoCommand.Flush c -> {
        return IoStatus.OK;
      }
    }
    return IoStatus.OK;
  }

  @Override
  public void addListener(DeviceListener listener) {
    listeners.add(listener);
  }

  @Override
  public void removeListener(DeviceListener listener) {
    listeners.remove(listener);
  }

  @Override
  public void close() {
    setState(DeviceState.Kind.CLOSED);
  }
}
