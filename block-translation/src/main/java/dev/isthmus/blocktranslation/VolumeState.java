package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.DeviceListener;
import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blockdevice.IoStatus;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What state a volume is in: the worst of what its parts say. Threading: changed on the volume's
 * loop, read from any thread.
 */
final class VolumeState {

  private static final Logger LOG = LoggerFactory.getLogger(VolumeState.class);

  private final String where;
  private final List<DeviceListener> listeners = new CopyOnWriteArrayList<>();
  private String fencedWhy = "";
  private String failedWhy = "";
  private String degradedWhy = "";
  private boolean stalled;
  private boolean closed;
  private volatile DeviceState current = DeviceState.READY;

  VolumeState(String where) {
    this.where = where;
  }

  DeviceState current() {
    return current;
  }

  void addListener(DeviceListener listener) {
    listeners.add(listener);
  }

  void removeListener(DeviceListener listener) {
    listeners.remove(listener);
  }

  void fenced(BlockDevice device, String why) {
    if (fencedWhy.isEmpty()) {
      fencedWhy = why;
      change(device);
    }
  }

  void failed(BlockDevice device, String why) {
    if (failedWhy.isEmpty()) {
      failedWhy = why;
      change(device);
    }
  }

  void degraded(BlockDevice device, String why) {
    if (!degradedWhy.equals(why)) {
      degradedWhy = why;
      change(device);
    }
  }

  void stalled(BlockDevice device, boolean nowStalled) {
    if (stalled != nowStalled) {
      stalled = nowStalled;
      change(device);
    }
  }

  void closed(BlockDevice device) {
    closed = true;
    change(device);
  }

  private void change(BlockDevice device) {
    DeviceState before = current;
    current = worst();
    if (!before.equals(current)) {
      if (current.kind() == DeviceState.Kind.READY || current.kind() == DeviceState.Kind.CLOSED) {
        LOG.info("{}: {}", where, current.kind());
      } else {
        LOG.warn("{}: {}: {}", where, current.kind(), current.reason());
      }
      for (DeviceListener listener : listeners) {
        try {
          listener.deviceChanged(device);
        } catch (RuntimeException | Error e) {
          LOG.error("{}: a listener threw; listeners must not", where, e);
        }
      }
    }
  }

  private DeviceState worst() {
    if (closed) {
      return DeviceState.CLOSED;
    }
    if (!fencedWhy.isEmpty()) {
      return new DeviceState(DeviceState.Kind.FENCED, fencedWhy);
    }
    if (!failedWhy.isEmpty()) {
      return new DeviceState(DeviceState.Kind.FAILED, failedWhy);
    }
    if (stalled) {
      return new DeviceState(
          DeviceState.Kind.STALLED, "the log is full and waits for the bucket; " + degradedWhy);
    }
    return degradedWhy.isEmpty()
        ? DeviceState.READY
        : new DeviceState(DeviceState.Kind.DEGRADED, degradedWhy);
  }

  /** What a change of the disk ends with in this state; OK if it is taken. */
  IoStatus writable() {
    if (closed) {
      return IoStatus.CLOSED;
    }
    if (!fencedWhy.isEmpty()) {
      return IoStatus.FENCED;
    }
    return failedWhy.isEmpty() ? IoStatus.OK : IoStatus.MEDIA_ERROR;
  }
}
