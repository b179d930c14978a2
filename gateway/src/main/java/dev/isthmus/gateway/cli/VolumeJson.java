package dev.isthmus.gateway.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamWriteFeature;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import dev.isthmus.gateway.rpc.v1.BucketDetails;
import dev.isthmus.gateway.rpc.v1.DaemonStatus;
import dev.isthmus.gateway.rpc.v1.Export;
import dev.isthmus.gateway.rpc.v1.Scrub;
import dev.isthmus.gateway.rpc.v1.ScrubCount;
import dev.isthmus.gateway.rpc.v1.ScrubFinding;
import dev.isthmus.gateway.rpc.v1.Survival;
import dev.isthmus.gateway.rpc.v1.Volume;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.List;

/**
 * Answers as JSON. Field names are those of the control interface and stay; sizes are bytes; what
 * does not apply is null.
 */
final class VolumeJson {

  /** Writes some of a document. */
  interface Part {
    void write(JsonGenerator json) throws IOException;
  }

  private VolumeJson() {}

  static void print(Volume volume, PrintWriter out) {
    document(out, json -> volume(json, volume));
  }

  static void print(List<Volume> volumes, PrintWriter out) {
    document(
        out,
        json -> {
          json.writeStartObject();
          json.writeArrayFieldStart("volumes");
          for (Volume volume : volumes) {
            volume(json, volume);
          }
          json.writeEndArray();
          json.writeEndObject();
        });
  }

  static void print(DaemonStatus status, PrintWriter out) {
    document(
        out,
        json -> {
          json.writeStartObject();
          json.writeStringField("version", status.getVersion());
          json.writeNumberField("pid", status.getPid());
          json.writeNumberField("uptime_nanos", status.getUptimeNanos());
          json.writeStringField("data_directory", status.getDataDirectory());
          json.writeStringField("listen", status.getListen());
          json.writeStringField("advertise", status.getAdvertise());
          text(json, "metrics", status.getMetrics());
          json.writeNumberField("volumes", status.getVolumes());
          json.writeNumberField("volumes_published", status.getVolumesPublished());
          json.writeNumberField("volumes_failed", status.getVolumesFailed());
          json.writeEndObject();
        });
  }

  static void print(Scrub scrub, PrintWriter out) {
    document(out, json -> scrub(json, scrub));
  }

  /** One object with one number, as of a delete. */
  static void print(String field, long value, PrintWriter out) {
    document(
        out,
        json -> {
          json.writeStartObject();
          json.writeNumberField(field, value);
          json.writeEndObject();
        });
  }

  /** One JSON document, for people's eyes too. */
  static void document(PrintWriter out, Part part) {
    var factory = JsonFactory.builder().disable(StreamWriteFeature.AUTO_CLOSE_TARGET).build();
    try (JsonGenerator json = factory.createGenerator(out)) {
      json.setPrettyPrinter(new DefaultPrettyPrinter());
      part.write(json);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    out.println();
  }

  private static void volume(JsonGenerator json, Volume volume) throws IOException {
    json.writeStartObject();
    json.writeStringField("name", volume.getName());
    json.writeStringField("uri", volume.getUri());
    json.writeStringField("state", volume.getState());
    json.writeStringField("reason", volume.getReason());
    json.writeArrayFieldStart("warnings");
    for (String warning : volume.getWarningsList()) {
      json.writeString(warning);
    }
    json.writeEndArray();
    text(json, "uuid", volume.getUuid());
    json.writeNumberField("incarnation", volume.getIncarnation());
    json.writeNumberField("size_bytes", volume.getSizeBytes());
    json.writeNumberField("block_size_bytes", volume.getBlockSizeBytes());
    json.writeBooleanField("read_only", volume.getReadOnly());
    json.writeBooleanField("volatile_write_cache", volume.getVolatileWriteCache());
    json.writeBooleanField("rolled_back", volume.getRolledBack());
    if (volume.getRolledBack()) {
      json.writeNumberField("rolled_back_to_lsn", volume.getRolledBackToLsn());
      json.writeStringField("rolled_back_reason", volume.getRolledBackReason());
    } else {
      json.writeNullField("rolled_back_to_lsn");
      json.writeNullField("rolled_back_reason");
    }
    json.writeNumberField("applied_lsn", volume.getAppliedLsn());
    json.writeNumberField("local_lsn", volume.getLocalLsn());
    json.writeNumberField("uploaded_lsn", volume.getUploadedLsn());
    json.writeFieldName("survives");
    if (volume.hasSurvives()) {
      survives(json, volume.getSurvives());
    } else {
      json.writeNull();
    }
    json.writeFieldName("export");
    if (volume.hasExport()) {
      export(json, volume.getExport());
    } else {
      json.writeNull();
    }
    json.writeFieldName("bucket");
    if (volume.hasBucket()) {
      bucket(json, volume.getBucket());
    } else {
      json.writeNull();
    }
    json.writeFieldName("scrub");
    if (volume.hasScrub()) {
      scrub(json, volume.getScrub());
    } else {
      json.writeNull();
    }
    json.writeEndObject();
  }

  private static void survives(JsonGenerator json, Survival survives) throws IOException {
    json.writeStartObject();
    json.writeStringField("process_crash", survives.getProcessCrash());
    json.writeStringField("power_cut", survives.getPowerCut());
    json.writeStringField("host_loss", survives.getHostLoss());
    text(json, "bucket_loss", survives.getBucketLoss());
    json.writeEndObject();
  }

  private static void export(JsonGenerator json, Export export) throws IOException {
    json.writeStartObject();
    json.writeStringField("nqn", export.getNqn());
    json.writeStringField("serial", export.getSerial());
    json.writeNumberField("nsid", export.getNsid());
    json.writeStringField("address", export.getAddress());
    json.writeNumberField("port", export.getPort());
    json.writeArrayFieldStart("allowed_host_nqns");
    for (String host : export.getAllowedHostNqnsList()) {
      json.writeString(host);
    }
    json.writeEndArray();
    json.writeNumberField("associations", export.getAssociations());
    json.writeEndObject();
  }

  private static void bucket(JsonGenerator json, BucketDetails bucket) throws IOException {
    json.writeStartObject();
    json.writeStringField("ack", bucket.getAck());
    json.writeStringField("flush", bucket.getFlush());
    json.writeStringField("rpo", bucket.getRpo());
    text(json, "keeps_to", bucket.getKeepsTo());
    json.writeStringField("fencing", bucket.getFencing());
    json.writeNumberField("epoch", bucket.getEpoch());
    json.writeNumberField("stored_bytes", bucket.getStoredBytes());
    json.writeNumberField("log_bytes", bucket.getLogBytes());
    json.writeNumberField("log_capacity_bytes", bucket.getLogCapacityBytes());
    json.writeNumberField("upload_lag_bytes", bucket.getUploadLagBytes());
    json.writeNumberField("upload_lag_nanos", bucket.getUploadLagNanos());
    json.writeBooleanField("rpo_exceeded", bucket.getRpoExceeded());
    json.writeNumberField("rpo_exceeded_nanos", bucket.getRpoExceededNanos());
    if (bucket.getRpoExceeded()) {
      json.writeNumberField("rpo_exceeded_since_unix_nanos", bucket.getRpoExceededSinceUnixNanos());
    } else {
      json.writeNullField("rpo_exceeded_since_unix_nanos");
    }
    json.writeNumberField("created_unix_nanos", bucket.getCreatedUnixNanos());
    json.writeEndObject();
  }

  private static void scrub(JsonGenerator json, Scrub scrub) throws IOException {
    json.writeStartObject();
    json.writeStringField("state", scrub.getState());
    text(json, "phase", scrub.getPhase());
    text(json, "note", scrub.getNote());
    text(json, "failure", scrub.getFailure());
    json.writeNumberField("percent", scrub.getPercent());
    json.writeNumberField("bytes_done", scrub.getBytesDone());
    json.writeNumberField("bytes_total", scrub.getBytesTotal());
    json.writeNumberField("requests", scrub.getRequests());
    json.writeNumberField("elapsed_nanos", scrub.getElapsedNanos());
    if (scrub.getRemainingNanos() < 0) {
      json.writeNullField("remaining_nanos");
    } else {
      json.writeNumberField("remaining_nanos", scrub.getRemainingNanos());
    }
    json.writeNumberField("through_lsn", scrub.getThroughLsn());
    json.writeObjectFieldStart("counts");
    for (ScrubCount count : scrub.getCountsList()) {
      json.writeNumberField(count.getSeverity(), count.getFindings());
    }
    json.writeEndObject();
    json.writeArrayFieldStart("findings");
    for (ScrubFinding finding : scrub.getFindingsList()) {
      json.writeStartObject();
      json.writeStringField("severity", finding.getSeverity());
      json.writeStringField("kind", finding.getKind());
      json.writeStringField("object", finding.getObject());
      json.writeNumberField("offset_bytes", finding.getOffsetBytes());
      json.writeNumberField("length_bytes", finding.getLengthBytes());
      json.writeNumberField("first_sector", finding.getFirstSector());
      json.writeNumberField("sector_count", finding.getSectorCount());
      json.writeStringField("what", finding.getWhat());
      json.writeStringField("meaning", finding.getMeaning());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  static void text(JsonGenerator json, String field, String value) throws IOException {
    if (value.isEmpty()) {
      json.writeNullField(field);
    } else {
      json.writeStringField(field, value);
    }
  }
}
