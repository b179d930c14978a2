package dev.isthmus.gateway.daemon;

import dev.isthmus.blockdevice.Durations;
import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blocktranslation.Rpo;
import dev.isthmus.blocktranslation.Tiers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a volume's data survives, in plain words. */
public final class DurabilityWords {

  private static final String ALL = "every completed write is kept";
  private static final String FLUSHED =
      "every flushed write is kept; completed ones that were not flushed may be gone";
  private static final String MEMORY = "everything is gone: it lives in memory";
  private static final String NOTHING = "nothing is kept at any time: it stores nothing";

  private DurabilityWords() {}

  /** One sentence a line, for an open volume; empty for one that is not open. */
  public static List<String> of(VolumeView volume) {
    VolumeView.Open open = volume.open();
    Survival survival = survival(volume);
    if (open == null || survival == null) {
      return List.of();
    }
    var lines = new ArrayList<String>();
    if (open.outcome() instanceof OpenOutcome.RolledBack back) {
      lines.add(
          "*** ROLLED BACK: this is an older state of the disk (up to " + back.toLsn() + ").");
      lines.add("*** " + back.reason());
      lines.add("*** Writes that had completed may be missing: check file systems before use.");
    }
    lines.add("After a crash of this daemon (kill -9): " + survival.processCrash() + ".");
    lines.add("After a power cut: " + survival.powerCut() + ".");
    lines.add("After the loss of this host: " + survival.hostLoss() + ".");
    if (!survival.bucketLoss().isEmpty()) {
      lines.add("After the loss of the bucket: " + survival.bucketLoss() + ".");
    }
    return lines;
  }

  /** The same by kinds of loss; null for a volume that is not open. */
  public static @Nullable Survival survival(VolumeView volume) {
    VolumeView.Open open = volume.open();
    if (open == null) {
      return null;
    }
    StorageUri uri = StorageUri.parse(volume.uri());
    return switch (uri.scheme()) {
      case "null" -> new Survival(NOTHING, NOTHING, NOTHING, "");
      case "malloc" -> new Survival(MEMORY, MEMORY, MEMORY, "");
      default -> {
        VolumeView.Bucket bucket = open.bucket();
        yield bucket == null
            ? new Survival(
                ALL, FLUSHED, "everything is gone with the disk that holds " + uri.path(), "")
            : inBucket(uri, bucket.summary().tiers());
      }
    };
  }

  private static Survival inBucket(StorageUri uri, Tiers tiers) {
    boolean here = uri.scheme().equals("bucket+file");
    String place = ": the bucket is a directory on this host, in " + uri.path();
    return new Survival(
        ALL,
        tiers.ack() == Tier.LOCAL_DURABLE ? ALL : FLUSHED,
        here ? "everything is gone" + place : withoutHost(tiers),
        "everything is gone but what the log on this host still holds" + (here ? place : ""));
  }

  private static String withoutHost(Tiers tiers) {
    return (tiers.flush() == Tier.UPLOADED
            ? "every flushed write is kept; of the others the newest seconds are gone"
            : "the newest seconds of writes are gone, flushed ones among them")
        + lag(tiers.rpo());
  }

  private static String lag(Rpo rpo) {
    if (rpo.isNone()) {
      return " (the metric isthmus_volume_upload_lag_seconds says how many)";
    }
    String limit = Durations.exact(Duration.ofMillis(rpo.limitMillis()));
    return rpo.isEnforced()
        ? ", " + limit + " at most: writers wait rather than exceed that"
        : " (the volume says that it is DEGRADED where these are more than " + limit + ")";
  }
}
