package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.BlockDevice;
import dev.isthmus.blocktranslation.scrub.ScrubSettings;
import dev.isthmus.blocktranslation.scrub.VolumeScrub;
import dev.isthmus.blocktranslation.store.StoreStatistics;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** A disk that lives in a bucket, opened by this process as its one owner. */
public interface ObjectVolume extends BlockDevice {

  /** Counters and levels; a snapshot, cheap enough to poll each second. */
  VolumeStatistics statistics();

  /** What the manifest says of this volume, as this owner knows it. Makes no request. */
  VolumeSummary summary();

  /** What is kept to now: what the manifest says, or more while a change is not finished. */
  Tiers tiers();

  /**
   * Changes what the volume promises, while it is in use (docs/adr/0009-tiers-change-online.md).
   * What is strengthened holds of everything that completed before, once it is done: so it may wait
   * for the local disk and the bucket.
   *
   * @param hostsConnected asked, on a thread of the volume, where the disk begins to need flushes
   *     that hosts which are connected would not send. Must not block; {@code true} refuses
   * @return what is in force then. Cancelling it gives the change up; given up or failed, the
   *     volume keeps to the old and the new at once until it is asked for again. Fails with a
   *     {@link dev.isthmus.blockdevice.DeviceException}
   */
  CompletableFuture<Tiers> setTiers(TierChange change, BooleanSupplier hostsConnected);

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

  /** Whether the local log failed: no change is taken until the volume is opened over another. */
  boolean isLogFailed();

  /**
   * Brings everything applied before this call into the bucket, in at most {@code limit}. Who waits
   * for it no longer may just go: it changes nothing but that it hurries.
   *
   * @return ends when it is there; or by a {@link dev.isthmus.blockdevice.DeviceException}, and
   *     what it waited for goes on: {@code Unavailable}, not in time, with what is left; {@code
   *     Corrupt}, the log no longer gives a record back, and what was applied from it on can't be
   *     brought there
   */
  CompletableFuture<Void> drain(Duration limit);
}
