package dev.isthmus.gateway.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.isthmus.gateway.logs.SalvageJson;
import dev.isthmus.wal.LogCorruptException;
import dev.isthmus.wal.LogEntry;
import dev.isthmus.wal.LogExamination;
import dev.isthmus.wal.LogGeneration;
import dev.isthmus.wal.LogReport;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Logs as JSON. Field names stay; sizes are bytes, times nanoseconds since 1970. */
final class LogJson {

  private LogJson() {}

  static void list(List<LogLine> lines, PrintWriter out) {
    VolumeJson.document(
        out,
        json -> {
          json.writeStartObject();
          json.writeArrayFieldStart("logs");
          for (LogLine line : lines) {
            json.writeStartObject();
            line(json, line);
            json.writeEndObject();
          }
          json.writeEndArray();
          json.writeEndObject();
        });
  }

  /**
   * One log.
   *
   * @param records where every record is to be listed, else null
   */
  static void inspect(LogLine line, @Nullable LogExamination records, PrintWriter out) {
    VolumeJson.document(
        out,
        json -> {
          json.writeStartObject();
          line(json, line);
          details(json, Objects.requireNonNull(line.report()));
          if (records != null) {
            json.writeArrayFieldStart("entries");
            records.visit((entry, payload) -> entry(json, entry));
            json.writeEndArray();
          }
          json.writeEndObject();
        });
  }

  private static void line(JsonGenerator json, LogLine line) throws IOException {
    json.writeStringField("directory", line.log().directory().toString());
    json.writeStringField("label", line.log().label());
    json.writeStringField("volume_uuid", line.log().volumeUuid());
    json.writeStringField("volume_name", line.log().volumeName());
    json.writeBooleanField("aside", line.log().aside());
    json.writeBooleanField("newest_term", line.log().isHostsNewest());
    json.writeStringField("state", line.state().replace(' ', '_'));
    json.writeStringField("failure", line.failure().isEmpty() ? null : line.failure());
    if (line.named() == null) {
      json.writeNullField("named_by_manifest");
      json.writeNullField("taken_lsn");
    } else {
      json.writeBooleanField("named_by_manifest", line.named());
      json.writeNumberField("taken_lsn", Objects.requireNonNull(line.takenLsn()));
    }
    LogReport report = line.report();
    if (report == null) {
      return;
    }
    json.writeStringField("log", report.logId().toString());
    json.writeStringField("volume", report.volume().toString());
    json.writeNumberField("first_lsn", report.firstLsn());
    json.writeNumberField("last_lsn", report.lastLsn());
    json.writeNumberField("durable_lsn", report.durableLsn());
    json.writeNumberField("first_time_unix_nanos", report.firstTimeNanos());
    json.writeNumberField("last_time_unix_nanos", report.lastTimeNanos());
    json.writeNumberField("changes", report.dataRecords());
    json.writeNumberField("payload_bytes", report.payloadBytes());
    json.writeNumberField("disk_bytes", report.diskBytes());
    json.writeNumberField("files", report.files());
    json.writeBooleanField("force_failed", report.forceFailed());
    json.writeArrayFieldStart("generations");
    for (LogGeneration generation : report.generations()) {
      generation(json, generation);
    }
    json.writeEndArray();
  }

  private static void generation(JsonGenerator json, LogGeneration generation) throws IOException {
    json.writeStartObject();
    json.writeNumberField("generation", generation.number());
    if (generation.epoch() == null) {
      json.writeNullField("epoch");
      json.writeNullField("writer");
      json.writeNullField("incarnation");
    } else {
      json.writeNumberField("epoch", generation.epoch().epoch());
      json.writeStringField("writer", generation.epoch().writer().toString());
      json.writeNumberField("incarnation", generation.epoch().incarnation());
    }
    json.writeStringField("boot_id", generation.bootId().toString());
    json.writeStringField("began", generation.began().name());
    json.writeNumberField("began_unix_nanos", generation.beganNanos());
    json.writeNumberField("base_lsn", generation.baseLsn());
    json.writeNumberField("first_lsn", generation.firstLsn());
    json.writeNumberField("last_lsn", generation.lastLsn());
    json.writeNumberField("changes", generation.records());
    json.writeNumberField("payload_bytes", generation.payloadBytes());
    json.writeNumberField("last_time_unix_nanos", generation.lastTimeNanos());
    json.writeNumberField("files", generation.files());
    json.writeBooleanField("closed_in_order", generation.closedInOrder());
    json.writeEndObject();
  }

  private static void details(JsonGenerator json, LogReport report) throws IOException {
    json.writeObjectFieldStart("records");
    for (var count : new java.util.TreeMap<>(report.records()).entrySet()) {
      json.writeNumberField(count.getKey().name().toLowerCase(Locale.ROOT), count.getValue());
    }
    json.writeEndObject();
    json.writeNumberField("void_records", report.voidRecords());
    SalvageJson.gaps(json, report.gaps());
    LogCorruptException damage = report.damage();
    if (damage == null) {
      json.writeNullField("damage");
    } else {
      json.writeObjectFieldStart("damage");
      json.writeStringField("reason", damage.getMessage());
      json.writeStringField("file", damage.file().toString());
      json.writeNumberField("offset_bytes", damage.offsetBytes());
      json.writeNumberField("expected_lsn", damage.expectedLsn());
      json.writeNumberField("evidence_lsn", damage.evidenceLsn());
      json.writeEndObject();
    }
    if (report.cut() == null) {
      json.writeNullField("cut");
    } else {
      json.writeObjectFieldStart("cut");
      json.writeStringField("reason", report.cut().reason());
      json.writeStringField("file", report.cut().file().toString());
      json.writeNumberField("offset_bytes", report.cut().offsetBytes());
      json.writeNumberField("last_lsn", report.cut().lastLsn());
      json.writeNumberField("void_records", report.cut().voidRecords());
      json.writeNumberField("void_bytes", report.cut().voidBytes());
      json.writeEndObject();
    }
  }

  private static void entry(JsonGenerator json, LogEntry entry) {
    try {
      json.writeStartObject();
      json.writeBooleanField("counts", entry.counts());
      json.writeNumberField("lsn", entry.record().lsn());
      json.writeStringField("type", entry.record().type().name().toLowerCase(Locale.ROOT));
      json.writeNumberField("sector", entry.record().sector());
      json.writeNumberField("sectors", entry.record().sectorCount());
      json.writeNumberField("time_unix_nanos", entry.record().timeNanos());
      json.writeNumberField("epoch", entry.record().epoch());
      json.writeNumberField("generation", entry.record().generation());
      json.writeNumberField("durable_lsn", entry.record().durableLsn());
      json.writeStringField("file", String.valueOf(entry.file().getFileName()));
      json.writeNumberField("offset_bytes", entry.offsetBytes());
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
