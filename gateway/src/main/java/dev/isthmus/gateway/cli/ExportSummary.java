package dev.isthmus.gateway.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.isthmus.blocktranslation.BucketDisk;
import dev.isthmus.blocktranslation.image.DamageReport;
import dev.isthmus.blocktranslation.image.DamagedRange;
import dev.isthmus.blocktranslation.image.ImageExport;
import dev.isthmus.blocktranslation.image.PinnedState;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.List;

/** What came of an export. Immutable. */
final class ExportSummary {

  /** Most damaged ranges that people are shown; JSON has all that were kept. */
  private static final int SHOWN_RANGES = 20;

  private final BucketDisk disk;
  private final PinnedState pinned;
  private final boolean exact;
  private final ImageExport.Result result;
  private final List<String> warnings;

  /**
   * @param exact whether the state of a checkpoint was asked for, and not the newest
   */
  ExportSummary(BucketDisk disk, boolean exact, ImageExport.Result result, List<String> warnings) {
    this.disk = disk;
    this.exact = exact;
    this.pinned = disk.pinned();
    this.result = result;
    this.warnings = warnings;
  }

  /** Whether the image is all that the bucket should have. */
  boolean isComplete() {
    return result.damage().isEmpty() && pinned.shortfall().isEmpty();
  }

  void print(boolean json, PrintWriter out) {
    if (json) {
      VolumeJson.document(out, this::write);
    } else {
      printText(out);
    }
  }

  /** Which state is exported where that of a checkpoint was asked for. */
  static String asItWas(PinnedState pinned) {
    return "as it was at checkpoint %s: LSN %d, newest write %s; later writes are left out"
        .formatted(pinned.checkpoint(), pinned.lastLsn(), newestWrite(pinned));
  }

  private static String newestWrite(PinnedState pinned) {
    return pinned.lastTimeNanos() == 0
        ? "never written"
        : Instant.ofEpochSecond(0, pinned.lastTimeNanos()).toString();
  }

  private void printText(PrintWriter out) {
    DamageReport damage = result.damage();
    out.println(isComplete() ? "complete" : "INCOMPLETE");
    if (!pinned.shortfall().isEmpty()) {
      out.println("  an older state: " + pinned.shortfall());
    }
    if (!damage.isEmpty()) {
      out.printf(
          "  damaged: %d ranges, %d sectors of 512 bytes; they are zeroes in the image%n",
          damage.count(), damage.sectors());
      damage.ranges().stream().limit(SHOWN_RANGES).forEach(range -> out.println("    " + range));
      if (damage.count() > SHOWN_RANGES) {
        out.println("    and " + (damage.count() - SHOWN_RANGES) + " more (-o json lists them)");
      }
    }
    line(out, "volume", pinned.volume() + ", incarnation " + pinned.incarnation());
    line(out, "size", VolumeText.size(pinned.sizeBytes()) + " (" + pinned.sizeBytes() + " bytes)");
    line(
        out,
        "state",
        exact
            ? asItWas(pinned)
            : "LSN " + pinned.lastLsn() + ", newest write " + newestWrite(pinned));
    line(out, "read from", disk.base());
    if (result.sha256() != null) {
      line(out, "sha256", result.sha256());
    }
    line(
        out,
        "read",
        disk.reads().attempts()
            + " requests, "
            + VolumeText.approximate(disk.reads().receivedBytes())
            + (result.resumedAtBytes() > 0 ? "; resumed at byte " + result.resumedAtBytes() : ""));
  }

  private static void line(PrintWriter out, String what, String value) {
    out.printf("  %-10s %s%n", what, value);
  }

  private void write(JsonGenerator json) throws IOException {
    DamageReport damage = result.damage();
    json.writeStartObject();
    json.writeBooleanField("complete", isComplete());
    json.writeStringField("uuid", pinned.volume().toString());
    json.writeNumberField("incarnation", pinned.incarnation());
    json.writeNumberField("size_bytes", pinned.sizeBytes());
    json.writeBooleanField("open_elsewhere", disk.isOpenElsewhere());
    json.writeNumberField("lsn", pinned.lastLsn());
    json.writeNumberField("sequence", pinned.sequence());
    json.writeNumberField("newest_write_unix_nanos", pinned.lastTimeNanos());
    VolumeJson.text(json, "at_checkpoint", exact ? pinned.checkpoint() : "");
    json.writeStringField("read_from", disk.base());
    VolumeJson.text(json, "shortfall", pinned.shortfall());
    VolumeJson.text(json, "sha256", result.sha256() == null ? "" : result.sha256());
    json.writeNumberField("resumed_at_bytes", result.resumedAtBytes());
    json.writeNumberField("requests", disk.reads().attempts());
    json.writeNumberField("received_bytes", disk.reads().receivedBytes());
    json.writeNumberField("damaged_ranges", damage.count());
    json.writeNumberField("damaged_sectors", damage.sectors());
    json.writeArrayFieldStart("damaged");
    for (DamagedRange range : damage.ranges()) {
      json.writeStartObject();
      json.writeNumberField("lba", range.sector());
      json.writeNumberField("sectors", range.sectorCount());
      json.writeStringField("what", range.what());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeArrayFieldStart("warnings");
    for (String warning : warnings) {
      json.writeString(warning);
    }
    json.writeEndArray();
    json.writeEndObject();
  }
}
