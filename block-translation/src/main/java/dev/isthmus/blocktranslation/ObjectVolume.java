package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blocktranslation.store.StoreStatistics;
import java.time.Duration;

/** A disk that lives in a bucket, opened by this process as its one owner. */
public interface ObjectVolume extends BlockDevice {

  /** Counters and levels; a snapshot, cheap enough to poll each second. */
  VolumeStatistics statistics();

  /** What the manifest says of this volume, as this owner knows it. Makes no request. */
  VolumeSummary summary();

  /**
   * Requests to the bucket since this volume was opened, by kind and purpose: what a bill counts.
   */
  StoreStatistics storeStatistics();

  /** Whether the local log failed: no change is taken until the volume is opened over another. */
  boolean isLogFailed();

  /**
   * Brings everything applied before this call into the bucket; blocks for at most {@code limit}.
   * Nothing has changed if it fails, and what it waited for goes on.
   *
   * @throws dev.isthmus.blockdevice.DeviceException.Unavailable not in time, with what is left
   * @throws dev.isthmus.blockdevice.DeviceException.Corrupt the log no longer gives a record back:
   *     what was applied from it on can't be brought there
   */
  void drain(Duration limit);
}
