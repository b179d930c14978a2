package dev.isthmus.gateway.daemon;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.DeviceListener;
import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blocktranslation.ObjectVolume;
import dev.isthmus.blocktranslation.scrub.VolumeScrub;
import dev.isthmus.blocktranslation.store.StoreStatistics;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One volume of the daemon, open or not.
 *
 * <p>Threading: control calls hold {@link #lock}, some for as long as opening takes; the fields are
 * volatile, so that views never wait for one.
 */
final class ManagedVolume {

  private static final Logger LOG = LoggerFactory.getLogger(ManagedVolume.class);

  final ReentrantLock lock = new ReentrantLock();
  volatile CatalogueEntry entry;
  volatile @Nullable BlockDevice device;
  volatile @Nullable DeviceException failure;
  volatile boolean exported;

  /** What its logs looked like when it was last refused without a person's word; null if not so. */
  volatile @Nullable String refusedOver;

  /** What the export holds on to; null while there is none. Guarded by lock. */
  @Nullable ReplaceableDevice front;

  /** Whether no command is in the device of hosts that lost it. Guarded by lock. */
  private BooleanSupplier drained = () -> true;

  /** Out of the map: whoever waited for the lock starts again. Guarded by lock. */
  boolean gone;

  /** What the open volume asks of its bucket; null while it is not open, or lies in none. */
  private volatile @Nullable RequestMeter meter;

  private volatile DeviceState.Kind lastLogged = DeviceState.Kind.READY;

  private final DeviceListener listener = this::logChange;

  ManagedVolume(CatalogueEntry entry) {
    this.entry = entry;
  }

  void opened(BlockDevice opened) {
    meter =
        opened instanceof ObjectVolume volume
            ? new RequestMeter(volume.storeStatistics(), System.nanoTime())
            : null;
    device = opened;
    failure = null;
    refusedOver = null;
    opened.addListener(listener);
    if (opened.openOutcome() instanceof OpenOutcome.RolledBack back) {
      LOG.warn(
          "ROLLED BACK: volume {} opened in an older state, up to sequence number {}: {}."
              + " Hosts see a new namespace identity (incarnation {}).",
          entry.name(),
          back.toLsn(),
          back.reason(),
          opened.info().identity().incarnation());
    } else {
      LOG.info("volume {} is open", entry.name());
    }
  }

  void failed(DeviceException why) {
    DeviceException before = failure;
    failure = why;
    if (before == null || !Objects.equals(before.getMessage(), why.getMessage())) {
      LOG.error("volume {} cannot be opened: {}", entry.name(), why.getMessage(), why.getCause());
    }
  }

  /**
   * Its export was taken away.
   *
   * @param nowDrained whether none of the hosts' commands is in the device any more
   */
  void withdrawn(BooleanSupplier nowDrained) {
    if (!nowDrained.getAsBoolean()) {
      BooleanSupplier before = drained;
      drained = () -> before.getAsBoolean() && nowDrained.getAsBoolean();
    }
  }

  /** Whether commands of hosts that lost it are in the device: it is not closed under them. */
  boolean isBusy() {
    return !drained.getAsBoolean();
  }

  /**
   * Before it is closed for good.
   *
   * @throws DeviceException.Unavailable if commands of hosts are still in it
   */
  void requireIdle() {
    if (isBusy()) {
      throw new DeviceException.Unavailable(
          "commands of a host that lost volume "
              + entry.name()
              + " are still in it; they end within a minute: try again then");
    }
  }

  /** Closes the device, if there is one that may be closed; if that fails, that is the failure. */
  void closeDevice() {
    BlockDevice open = device;
    if (open == null) {
      return;
    }
    if (isBusy()) {
      LOG.warn(
          "volume {} stays open until the daemon ends: commands are still in it", entry.name());
      return;
    }
    device = null;
    meter = null;
    open.removeListener(listener);
    try {
      open.close();
    } catch (RuntimeException e) {
      failure = OperatorAdvice.told(e, entry.name());
      throw e;
    }
  }

  // On a thread of the device, which must not wait for a slow terminal.
  private void logChange(BlockDevice changed) {
    DeviceState state = changed.state();
    if (state.kind() == lastLogged) {
      return;
    }
    lastLogged = state.kind();
    Thread.startVirtualThread(() -> {
      switch (state.kind()) {
        case READY, CLOSED -> LOG.info("volume {} is {}", entry.name(), state.kind());
        case STALLED, DEGRADED ->
            LOG.warn("volume {} is {}: {}", entry.name(), state.kind(), state.reason());
        case FENCED, FAILED ->
            LOG.error("volume {} is {}: {}", entry.name(), state.kind(), state.reason());
      }
    });
  }

  /** For the rate over the last hour; each {@link RequestMeter#EVERY_NANOS}. */
  void sampleRequests() {
    RequestMeter measured = meter;
    if (measured != null && device instanceof ObjectVolume volume) {
      measured.sample(volume.storeStatistics(), System.nanoTime());
    }
  }

  /** What it takes in its bucket and asks of it. */
  VolumeUsage usage() {
    RequestMeter measured = meter;
    BlockDevice now = device;
    VolumeView view = view();
    VolumeUsage.Open open = null;
    if (measured != null && now instanceof ObjectVolume volume) {
      long nowNanos = System.nanoTime();
      StoreStatistics counts = volume.storeStatistics();
      open =
          new VolumeUsage.Open(
              volume.statistics().stored(),
              measured.opening(),
              measured.sinceOpen(counts, nowNanos),
              measured.lastHour(counts, nowNanos));
    }
    return new VolumeUsage(view.name(), view.uri(), view.stateName(), open);
  }

  VolumeView view() {
    BlockDevice open = device;
    DeviceException why = failure;
    CatalogueEntry now = entry;
    return new VolumeView(
        now.name(),
        now.uri(),
        exported ? now.publication() : null,
        open == null ? null : openView(open),
        open != null ? "" : why == null ? "being opened" : String.valueOf(why.getMessage()));
  }

  private static VolumeView.Open openView(BlockDevice open) {
    return new VolumeView.Open(
        open.info(),
        open.state(),
        open.openOutcome(),
        open.positions(),
        open instanceof ObjectVolume volume ? bucketView(volume) : null);
  }

  private static VolumeView.Bucket bucketView(ObjectVolume volume) {
    VolumeScrub scrub = volume.scrub();
    return new VolumeView.Bucket(
        volume.summary(),
        volume.tiers(),
        volume.statistics(),
        volume.storeStatistics(),
        volume.isLogFailed(),
        scrub == null ? null : scrub.progress());
  }
}
