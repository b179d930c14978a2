package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.DeviceListener;
import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blockdevice.IoStatus;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
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
  private String uploadsWhy = "";
  private String mapWhy = "";
  private String logFailedWhy = "";
  private String stalledWhy = "";
  private boolean closed;
  private final Supplier<String> lagWords;
  private volatile boolean lagging;
  // Without the words about the lag, which change all the time.
  private volatile DeviceState current = DeviceState.READY;

  /**
   * @param lagWords tells, from any thread, how far the bucket lags behind now
   */
  VolumeState(String where, Supplier<String> lagWords) {
    this.where = where;
    this.lagWords = lagWords;
  }

  DeviceState current() {
    DeviceState now = current;
    return lagging
            && (now.kind() == DeviceState.Kind.DEGRADED || now.kind() == DeviceState.Kind.STALLED)
        ? new DeviceState(now.kind(), joined(now.reason(), lagWords.get()))
        : now;
  }

  private static String joined(String reason, String more) {
    return reason.isEmpty() || more.isEmpty() ? reason + more : reason + "; " + more;
  }

  DeviceState.Kind kind() {
    return current.kind();
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

  /** A better word for what {@link #fenced} said. */
  void explainFence(BlockDevice device, String why) {
    if (!fencedWhy.isEmpty() && !fencedWhy.equals(why)) {
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

  /** Uploads fail, and why; empty if they don't. */
  void uploadTrouble(BlockDevice device, String why) {
    if (!uploadsWhy.equals(why)) {
      uploadsWhy = why;
      change(device);
    }
  }

  /** The map is damaged in the bucket, which stays so. */
  void mapDamaged(BlockDevice device, String why) {
    if (!mapWhy.equals(why)) {
      mapWhy = why;
      change(device);
    }
  }

  /**
   * Changes wait or are refused, and why; empty if they are taken again. Another reason makes no
   * noise.
   */
  void stalled(BlockDevice device, String why) {
    boolean changed = stalledWhy.isEmpty() != why.isEmpty();
    stalledWhy = why;
    if (changed) {
      change(device);
    } else {
      refresh();
    }
  }

  /** The bucket lags behind by more than it may. */
  void lagging(BlockDevice device, boolean nowLagging) {
    if (lagging != nowLagging) {
      lagging = nowLagging;
      change(device);
    }
  }

  /**
   * The log failed: no change is taken any more, what it holds goes to the bucket. Called again as
   * that goes on, which is told to whoever asks and makes no noise.
   */
  void logFailed(BlockDevice device, String why) {
    boolean first = logFailedWhy.isEmpty();
    logFailedWhy = why;
    if (first) {
      change(device);
    } else {
      refresh();
    }
  }

  private void refresh() {
    current = worst();
  }

  void closed(BlockDevice device) {
    closed = true;
    change(device);
  }

  private void change(BlockDevice device) {
    DeviceState before = current;
    current = worst();
    if (!before.equals(current)) {
      DeviceState now = current();
      if (now.kind() == DeviceState.Kind.READY || now.kind() == DeviceState.Kind.CLOSED) {
        LOG.info("{}: {}", where, now.kind());
      } else {
        LOG.warn("{}: {}: {}", where, now.kind(), now.reason());
      }
      tellListeners(device);
    }
  }

  /** Lets everybody ask again. */
  void tellListeners(BlockDevice device) {
    for (DeviceListener listener : listeners) {
      try {
        listener.deviceChanged(device);
      } catch (RuntimeException | Error e) {
        LOG.error("{}: a listener threw; listeners must not", where, e);
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
    String degradedWhy = joined(uploadsWhy, mapWhy);
    if (!logFailedWhy.isEmpty()) {
      // Reads and flushes are served until a change had to be refused: then hosts shall wait.
      return new DeviceState(
          stalledWhy.isEmpty() ? DeviceState.Kind.DEGRADED : DeviceState.Kind.STALLED,
          joined(logFailedWhy, degradedWhy));
    }
    if (!stalledWhy.isEmpty()) {
      return new DeviceState(DeviceState.Kind.STALLED, joined(stalledWhy, degradedWhy));
    }
    return degradedWhy.isEmpty() && !lagging
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
