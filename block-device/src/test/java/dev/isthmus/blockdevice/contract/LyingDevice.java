package dev.isthmus.blockdevice.contract;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.DeviceInfo;
import dev.isthmus.blockdevice.DeviceListener;
import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoCompletion;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blockdevice.Positions;

/** A device that breaks the contract in one way, which a subclass says. Threading: as below it. */
abstract class LyingDevice implements BlockDevice {

  /** The honest device. */
  final BlockDevice below;

  LyingDevice(BlockDevice below) {
    this.below = below;
  }

  /** Submits to the honest device and waits; for devices that complete inline. */
  final IoStatus now(IoCommand command) {
    var future = new IoFuture();
    below.submit(command, future);
    return future.await();
  }

  @Override
  public DeviceInfo info() {
    return below.info();
  }

  @Override
  public OpenOutcome openOutcome() {
    return below.openOutcome();
  }

  @Override
  public Positions positions() {
    return below.positions();
  }

  @Override
  public DeviceState state() {
    return below.state();
  }

  @Override
  public void submit(IoCommand command, IoCompletion completion) {
    below.submit(command, completion);
  }

  @Override
  public void addListener(DeviceListener listener) {
    below.addListener(listener);
  }

  @Override
  public void removeListener(DeviceListener listener) {
    below.removeListener(listener);
  }

  @Override
  public void close() {
    below.close();
  }
}
