package dev.isthmus.gateway.daemon;

import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blockdevice.StorageUri;
import dev.isthmus.blockdevice.Tier;
import java.util.ArrayList;
import java.util.List;

/** What a volume's data survives, in plain words. */
public final class DurabilityWords {

  private DurabilityWords() {}

  /** One sentence a line, for an open volume; empty for one that is not open. */
  public static List<String> of(VolumeView volume) {
    VolumeView.Open open = volume.open();
    if (open == null) {
      return List.of();
    }
    var lines = new ArrayList<String>();
    if (open.outcome() instanceof OpenOutcome.RolledBack back) {
      lines.add(
          "*** ROLLED BACK: this is an older state of the disk (up to " + back.toLsn() + ").");
      lines.add("*** " + back.reason());
      lines.add("*** Writes that had completed may be missing: check file systems before use.");
    }
    StorageUri uri = StorageUri.parse(volume.uri());
    switch (uri.scheme()) {
      case "null" -> lines.add("Nothing is stored: writes are forgotten, reads give zeroes.");
      case "malloc" -> lines.add("It lives in memory: stopping the daemon loses everything.");
      default -> {
        VolumeView.Bucket bucket = open.bucket();
        if (bucket != null) {
          bucket(uri, bucket, lines);
        } else {
          lines.add("A completed write survives a crash of this daemon.");
          lines.add("A flushed write survives a power cut.");
          lines.add("Losing the disk that holds " + uri.path() + " loses the volume.");
        }
      }
    }
    return lines;
  }

  private static void bucket(StorageUri uri, VolumeView.Bucket bucket, List<String> lines) {
    boolean here = uri.scheme().equals("bucket+file");
    String uploaded =
        here
            ? "a power cut, and the loss of this volume's log"
            : "a power cut, and the loss of this host";
    lines.add(
        "A completed write survives "
            + (bucket.summary().ack() == Tier.LOCAL_DURABLE
                ? "a power cut."
                : "a crash of this daemon (kill -9)."));
    boolean flushUploads = bucket.summary().flush() == Tier.UPLOADED;
    lines.add("A flushed write survives " + (flushUploads ? uploaded : "a power cut") + ".");
    if (here) {
      lines.add(
          "Losing the disk that holds "
              + uri.path()
              + " loses the volume: its bucket is a directory there. One in s3:// survives that.");
    } else if (flushUploads) {
      lines.add("Losing this host's disk loses writes that were not flushed: the newest seconds.");
    } else {
      lines.add(
          "Losing this host's disk loses what is not in the bucket yet: the newest seconds"
              + " (the metric isthmus_volume_upload_lag_seconds says how many).");
    }
  }
}
