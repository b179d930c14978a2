package dev.isthmus.blockdevice.simple;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.DeviceInfo;
import dev.isthmus.blockdevice.DeviceListener;
import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoCompletion;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blockdevice.Positions;
import dev.isthmus.blockdevice.support.CommandGate;
import dev.isthmus.blockdevice.support.Completions;
import dev.isthmus.blockdevice.support.DeviceListeners;
import dev.isthmus.blockdevice.support.InlineCalls;
import java.util.Objects;

/**
 * A device that is quick enough to do each command on the submitting thread and to complete it
 * before {@link #submit} returns. Nothing is allocated per command, but for those that a completion
 * submits too deep in a recursion (see {@link InlineCalls}).
 *
 * <p>Threading: thread-safe. {@link #close} must not be called from a completion of this device.
 */
abstract class InlineDevice implements BlockDevice {

  private static final System.Logger LOG = System.getLogger(InlineDevice.class.getName());

  private final DeviceInfo info;
  private final DeviceListeners listeners = new DeviceListeners();

  /** Each command is done by its submitting thread, so threads are the bound. */
  private final CommandGate gate = new CommandGate(Integer.MAX_VALUE);

  InlineDevice(DeviceInfo info) {
    this.info = info;
  }

  /** Does a command whose shape was checked, and returns how it went. */
  abstract IoStatus apply(IoCommand command);

  /** Does a compare-and-write: the first difference, -1 if written, -2 if out of space. */
  abstract long applyCompare(IoCommand.CompareAndWrite command);

  /** Frees what the device holds; called once, when no command is in flight. */
  abstract void release();

  @Override
  public final DeviceInfo info() {
    return info;
  }

  @Override
  public final OpenOutcome openOutcome() {
    return OpenOutcome.COMPLETE;
  }

  @Override
  public final Positions positions() {
    return Positions.NONE;
  }

  @Override
  public final DeviceState state() {
    return gate.isClosed() ? DeviceState.CLOSED : DeviceState.READY;
  }

  @Override
  public final void addListener(DeviceListener listener) {
    listeners.add(listener);
  }

  @Override
  public final void removeListener(DeviceListener listener) {
    listeners.remove(listener);
  }

  @Override
  public final void submit(IoCommand command, IoCompletion completion) {
    Objects.requireNonNull(command);
    Objects.requireNonNull(completion);
    IoStatus entered = gate.tryEnter();
    InlineCalls calls = InlineCalls.ofThread();
    if (calls.begin()) {
      try {
        run(command, completion, entered);
      } finally {
        calls.end();
      }
    } else if (!calls.defer(() -> run(command, completion, entered))) {
      Completions.complete(completion, IoStatus.BUSY);
      leave(entered);
    }
  }

  private void run(IoCommand command, IoCompletion completion, IoStatus entered) {
    try {
      execute(command, completion, entered);
    } finally {
      leave(entered);
    }
  }

  private void leave(IoStatus entered) {
    if (entered == IoStatus.OK) {
      gate.exit();
    }
  }

  private void execute(IoCommand command, IoCompletion completion, IoStatus entered) {
    IoStatus status = entered;
    long difference = -1;
    try {
      status = status == IoStatus.OK ? info.check(command) : status;
      if (status == IoStatus.OK && completion.isCancelled()) {
        status = IoStatus.CANCELLED;
      }
      if (status == IoStatus.OK) {
        if (command instanceof IoCommand.CompareAndWrite compare) {
          difference = applyCompare(compare);
          status = difference == -2 ? IoStatus.CAPACITY_EXCEEDED : IoStatus.OK;
        } else {
          status = apply(command);
        }
      }
    } catch (RuntimeException e) {
      // A buffer that is closed, read-only or confined to another thread ends up here.
      LOG.log(System.Logger.Level.ERROR, "a command failed on " + info.name(), e);
      status = IoStatus.INTERNAL;
    }
    if (difference >= 0) {
      Completions.miscompare(completion, difference);
    } else {
      Completions.complete(completion, status);
    }
  }

  @Override
  public final void close() {
    boolean first = gate.close();
    gate.awaitIdle();
    if (first) {
      release();
      listeners.changed(this);
    }
  }
}
