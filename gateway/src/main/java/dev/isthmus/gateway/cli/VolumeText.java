package dev.isthmus.gateway.cli;

import dev.isthmus.blockdevice.ByteSize;
import dev.isthmus.blockdevice.Durations;
import dev.isthmus.blocktranslation.Fencing;
import dev.isthmus.gateway.rpc.v1.BucketDetails;
import dev.isthmus.gateway.rpc.v1.Export;
import dev.isthmus.gateway.rpc.v1.Survival;
import dev.isthmus.gateway.rpc.v1.Volume;
import java.io.PrintWriter;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;

/** Answers for people. */
final class VolumeText {

  private VolumeText() {}

  static void list(List<Volume> volumes, PrintWriter out) {
    if (volumes.isEmpty()) {
      out.println("No volumes. `isthmus volume create NAME --size 10GiB` makes one.");
      return;
    }
    var table = new Table("NAME", "SIZE", "STATE", "HOSTS", "NQN", "URI");
    for (Volume volume : volumes) {
      boolean published = volume.hasExport();
      table.row(
          volume.getName(),
          volume.getUuid().isEmpty() ? "-" : size(volume.getSizeBytes()),
          volume.getState()
              + (volume.getRolledBack() ? " (ROLLED BACK)" : "")
              + (isUnfenced(volume) ? " (fencing=none)" : ""),
          published ? Integer.toString(volume.getExport().getAssociations()) : "-",
          published ? volume.getExport().getNqn() : "-",
          volume.getUri());
    }
    table.print(out);
    for (Volume volume : volumes) {
      if (!volume.getReason().isEmpty()) {
        out.println(volume.getName() + ": " + volume.getReason());
      }
      rolledBack(volume, out);
    }
  }

  static void details(Volume volume, PrintWriter out) {
    line(out, "name", volume.getName());
    line(out, "uri", volume.getUri());
    for (String warning : volume.getWarningsList()) {
      line(out, "WARNING", warning);
    }
    line(
        out,
        "state",
        volume.getState() + (volume.getReason().isEmpty() ? "" : ": " + volume.getReason()));
    if (!volume.getUuid().isEmpty()) {
      line(out, "size", size(volume.getSizeBytes()) + " (" + volume.getSizeBytes() + " bytes)");
      line(out, "block size", Integer.toString(volume.getBlockSizeBytes()));
      line(out, "uuid", volume.getUuid() + ", incarnation " + volume.getIncarnation());
    }
    if (volume.hasBucket()) {
      bucket(volume, volume.getBucket(), out);
    }
    if (volume.hasSurvives()) {
      survives(volume.getSurvives(), out);
    }
    scrub(volume, out);
    if (volume.hasExport()) {
      export(volume.getExport(), out);
    } else {
      line(out, "published", "no");
    }
    rolledBack(volume, out);
  }

  private static void bucket(Volume volume, BucketDetails bucket, PrintWriter out) {
    line(out, "ack / flush", bucket.getAck() + " / " + bucket.getFlush());
    line(out, "rpo", rpo(bucket));
    line(
        out,
        "fencing",
        isUnfenced(volume)
            ? "NONE: nothing but people keeps another gateway from writing over this volume"
            : bucket.getFencing());
    if (!bucket.getKeepsTo().isEmpty()) {
      line(
          out,
          "keeps to",
          bucket.getKeepsTo()
              + ": a change has not finished; `isthmus volume set` again finishes it");
    }
    line(
        out,
        "positions",
        "applied %d, local %d, uploaded %d"
            .formatted(volume.getAppliedLsn(), volume.getLocalLsn(), volume.getUploadedLsn()));
    line(
        out,
        "not in bucket",
        approximate(bucket.getUploadLagBytes())
            + (bucket.getUploadLagNanos() == 0
                ? ""
                : ", oldest " + Durations.format(bucket.getUploadLagNanos())));
    line(
        out,
        "log",
        approximate(bucket.getLogBytes()) + " of " + approximate(bucket.getLogCapacityBytes()));
    line(out, "in bucket", approximate(bucket.getStoredBytes()));
    line(
        out,
        "created",
        Instant.ofEpochSecond(0, bucket.getCreatedUnixNanos()).toString()
            + ", opened "
            + bucket.getEpoch()
            + " times");
  }

  private static boolean isUnfenced(Volume volume) {
    return volume.hasBucket() && volume.getBucket().getFencing().equals(Fencing.NONE.word());
  }

  private static String rpo(BucketDetails bucket) {
    String inAll =
        bucket.getRpoExceededNanos() == 0
            ? ""
            : Durations.format(bucket.getRpoExceededNanos()) + " in all since it was opened";
    if (bucket.getRpoExceeded()) {
      return bucket.getRpo()
          + ": EXCEEDED since "
          + Instant.ofEpochSecond(0, bucket.getRpoExceededSinceUnixNanos())
              .truncatedTo(ChronoUnit.SECONDS)
          + (inAll.isEmpty() ? "" : ", " + inAll);
    }
    return bucket.getRpo() + (inAll.isEmpty() ? "" : " (was exceeded for " + inAll + ")");
  }

  private static void survives(Survival survives, PrintWriter out) {
    line(out, "what is kept", "");
    line(out, "  daemon crash", survives.getProcessCrash());
    line(out, "  power cut", survives.getPowerCut());
    line(out, "  host lost", survives.getHostLoss());
    if (!survives.getBucketLoss().isEmpty()) {
      line(out, "  bucket lost", survives.getBucketLoss());
    }
  }

  private static void scrub(Volume volume, PrintWriter out) {
    if (volume.hasScrub()) {
      line(out, "scrub", ScrubText.summary(volume.getScrub()));
    }
  }

  private static void export(Export export, PrintWriter out) {
    line(out, "published", export.getNqn());
    line(out, "", "serial " + export.getSerial() + ", namespace " + export.getNsid());
    line(
        out,
        "hosts",
        export.getAssociations()
            + " connected; allowed: "
            + (export.getAllowedHostNqnsCount() == 0
                ? "as the daemon says"
                : String.join(", ", export.getAllowedHostNqnsList())));
    out.println();
    NvmeCommands.of(export.getNqn(), export.getAddress(), export.getPort()).forEach(out::println);
  }

  private static void rolledBack(Volume volume, PrintWriter out) {
    if (volume.getRolledBack()) {
      out.println(
          "*** ROLLED BACK: %s is an older state of the disk (up to %d): %s"
              .formatted(
                  volume.getName(), volume.getRolledBackToLsn(), volume.getRolledBackReason()));
    }
  }

  private static void line(PrintWriter out, String label, String value) {
    out.println("%-14s %s".formatted(label, value).stripTrailing());
  }

  static String size(long bytes) {
    return new ByteSize(bytes).toString();
  }

  /** To one digit after the point, for amounts that move. */
  static String approximate(long bytes) {
    String[] units = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    double amount = bytes;
    int unit = 0;
    while (amount >= 1024 && unit < units.length - 1) {
      amount /= 1024;
      unit++;
    }
    return unit == 0 ? bytes + " B" : String.format(Locale.ROOT, "%.1f %s", amount, units[unit]);
  }
}
