package dev.isthmus.gateway.daemon;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.DeviceInfo;
import dev.isthmus.blockdevice.DeviceListener;
import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoCompletion;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blockdevice.Positions;
import dev.isthmus.blockdevice.support.DeviceListeners;
import dev.isthmus.blockdevice.support.InlineCalls;
import org.jspecify.annotations.Nullable;

/**
 * What an export holds on to while the device behind it is closed and opened again: the one place
 * where a device is replaced under its hosts. In between it is stalled, so that hosts wait and
 * connections stay; afterwards it is the same disk, or it is not put back here: a disk that went
 * back in time needs a new export, whose hosts look at it anew.
 *
 * <p>It counts no commands: those in flight are the replaced device's, whose close ends them all.
 *
 * <p>Threading: thread-safe; {@link #suspend} and {@link #resume} by one control call at a time.
 */
final class ReplaceableDevice implements BlockDevice {

  /** Of one moment. */
  private record Front(BlockDevice device, @Nullable DeviceState suspended) {}

  private final DeviceListeners listeners = new DeviceListeners();
  private final DeviceListener relay = _ -> listeners.changed(this);
  private volatile Front front;

  ReplaceableDevice(BlockDevice device) {
    this.front = new Front(device, null);
    device.addListener(relay);
  }

  /** From now on no command reaches the device; hosts are told to wait. */
  void suspend(String why) {
    BlockDevice device = front.device();
    device.removeListener(relay);
    front = new Front(device, new DeviceState(DeviceState.Kind.STALLED, why));
    listeners.changed(this);
  }

  /** Whether {@code device} is the disk that hosts know. */
  boolean isSameDisk(BlockDevice device) {
    return device.info().identity().equals(info().identity());
  }

  /**
   * Goes on with {@code device}.
   *
   * @throws IllegalArgumentException if it is another disk, or an older state of this one
   */
  void resume(BlockDevice device) {
    if (!isSameDisk(device)) {
      throw new IllegalArgumentException(
          device.info().identity() + " in the place of " + info().identity());
    }
    front.device().removeListener(relay);
    device.addListener(relay);
    front = new Front(device, null);
    listeners.changed(this);
  }

  @Override
  public DeviceInfo info() {
    return front.device().info();
  }

  @Override
  public OpenOutcome openOutcome() {
    return front.device().openOutcome();
  }

  @Override
  public Positions positions() {
    return front.device().positions();
  }

  @Override
  public DeviceState state() {
    Front now = front;
    return now.suspended() == null ? now.device().state() : now.suspended();
  }

  @Override
  public void submit(IoCommand command, IoCompletion completion) {
    Front now = front;
    if (now.suspended() == null) {
      now.device().submit(command, completion);
    } else {
      InlineCalls.complete(completion, IoStatus.UNAVAILABLE);
    }
  }

  @Override
  public void addListener(DeviceListener listener) {
    listeners.add(listener);
  }

  @Override
  public void removeListener(DeviceListener listener) {
    listeners.remove(listener);
  }

  /** Lets go of the device, which is its owner's to close. */
  @Override
  public void close() {
    front.device().removeListener(relay);
  }
}
