package dev.isthmus.targets.nvme;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.DeviceInfo;
import dev.isthmus.blockdevice.DeviceListener;

/**
 * A device as a namespace of a subsystem: what hosts were told of it last, and whether that
 * changed.
 *
 * <p>Threading: thread-safe; snapshots are volatile, changes guarded by this.
 */
final class Namespace implements DeviceListener {

  private final SubsystemState subsystem;
  private final int nsid;
  private final BlockDevice device;
  private volatile DeviceInfo info;
  private volatile AnaState ana;

  Namespace(SubsystemState subsystem, int nsid, BlockDevice device) {
    this.subsystem = subsystem;
    this.nsid = nsid;
    this.device = device;
    this.info = device.info();
    this.ana = AnaState.of(device.state().kind());
  }

  /** Starts to hear of changes; what changed before counts too. */
  void open() {
    device.addListener(this);
    deviceChanged(device);
  }

  void close() {
    device.removeListener(this);
  }

  int nsid() {
    return nsid;
  }

  BlockDevice device() {
    return device;
  }

  DeviceInfo info() {
    return info;
  }

  AnaState ana() {
    return ana;
  }

  @Override
  public void deviceChanged(BlockDevice changed) {
    boolean infoChanged;
    boolean anaChanged;
    synchronized (this) {
      DeviceInfo newInfo = changed.info();
      AnaState newAna = AnaState.of(changed.state().kind());
      infoChanged = !newInfo.equals(info);
      anaChanged = newAna != ana;
      info = newInfo;
      ana = newAna;
      if (anaChanged) {
        subsystem.countAnaChange();
      }
    }
    if (anaChanged) {
      subsystem.raise(AsyncEvent.ANA_CHANGE, nsid);
    }
    if (infoChanged) {
      subsystem.raise(AsyncEvent.NAMESPACE_CHANGE, nsid);
    }
  }
}
