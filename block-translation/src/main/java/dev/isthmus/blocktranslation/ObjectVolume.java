package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blocktranslation.scrub.ScrubSettings;
import dev.isthmus.blocktranslation.scrub.VolumeScrub;
import dev.isthmus.blocktranslation.store.StoreStatistics;
import org.jspecify.annotations.Nullable;

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

  /**
   * Starts to read all of the volume in the bucket and to compare it, while I/O goes on.
   *
   * @throws dev.isthmus.blockdevice.DeviceException.Invalid if one runs already
   */
  VolumeScrub startScrub(ScrubSettings settings);

  /** The scrub that runs, or the last one of this open; null before the first. */
  @Nullable VolumeScrub scrub();
}
