package dev.isthmus.gateway.daemon;

import dev.isthmus.blockdevice.DeviceInfo;
import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blockdevice.Positions;
import dev.isthmus.blocktranslation.Tiers;
import dev.isthmus.blocktranslation.VolumeStatistics;
import dev.isthmus.blocktranslation.VolumeSummary;
import dev.isthmus.blocktranslation.scrub.ScrubProgress;
import dev.isthmus.blocktranslation.store.StoreStatistics;
import org.jspecify.annotations.Nullable;

/**
 * A volume at one moment, for people and metrics. Immutable.
 *
 * @param name its name
 * @param uri how it is opened
 * @param publication how it is exported; null if it is not, or is not open
 * @param open what is known while it is open; null while it is not
 * @param failure why it is not open; empty while it is
 */
public record VolumeView(
    String name,
    String uri,
    CatalogueEntry.@Nullable Publication publication,
    @Nullable Open open,
    String failure) {

  /**
   * An open volume.
   *
   * @param bucket more of a volume in a bucket; null of others
   */
  public record Open(
      DeviceInfo info,
      DeviceState state,
      OpenOutcome outcome,
      Positions positions,
      @Nullable Bucket bucket) {}

  /**
   * What only a volume in a bucket has.
   *
   * @param keepsTo the tiers in force: those of the summary, or stricter ones while a change of
   *     them is not finished
   * @param logFailed whether the local log failed: it takes no change any more
   * @param scrub the one that runs, or the last one of this open; null before the first
   */
  public record Bucket(
      VolumeSummary summary,
      Tiers keepsTo,
      VolumeStatistics statistics,
      StoreStatistics requests,
      boolean logFailed,
      @Nullable ScrubProgress scrub) {}

  /** The device's state, or that it has none. */
  public String stateName() {
    return open == null ? "NOT_OPEN" : open.state().kind().name();
  }

  /** Why it is not all right; empty if it is. */
  public String reason() {
    return open == null ? failure : open.state().reason();
  }
}
