package dev.isthmus.blockdevice.support;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.DeviceListener;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** The listeners of one device. Threading: thread-safe. */
public final class DeviceListeners {

  private static final System.Logger LOG = System.getLogger(DeviceListeners.class.getName());

  private final List<DeviceListener> listeners = new CopyOnWriteArrayList<>();

  /** See {@link BlockDevice#addListener}. */
  public void add(DeviceListener listener) {
    listeners.add(java.util.Objects.requireNonNull(listener));
  }

  /** See {@link BlockDevice#removeListener}. */
  public void remove(DeviceListener listener) {
    listeners.remove(listener);
  }

  /** Tells all, on this thread; call it without locks held. */
  public void changed(BlockDevice device) {
    for (DeviceListener listener : listeners) {
      try {
        listener.deviceChanged(device);
      } catch (RuntimeException e) {
        LOG.log(System.Logger.Level.ERROR, "a device listener threw; listeners must not", e);
      }
    }
  }
}
