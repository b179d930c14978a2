package dev.isthmus.gateway.logs;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.isthmus.wal.LogGap;
import java.io.IOException;
import java.util.List;

/** Salvage as JSON. Field names stay; sizes are bytes. Stateless. */
public final class SalvageJson {

  private SalvageJson() {}

  /** One object. */
  public static void write(JsonGenerator json, SalvageSummary summary) throws IOException {
    json.writeStartObject();
    json.writeNumberField("above_lsn", summary.aboveLsn());
    json.writeNumberField("first_lsn", summary.firstLsn());
    json.writeNumberField("last_lsn", summary.lastLsn());
    json.writeNumberField("changes", summary.changes());
    json.writeNumberField("data_bytes", summary.dataBytes());
    json.writeNumberField("zeroed_bytes", summary.zeroedBytes());
    json.writeNumberField("first_time_unix_nanos", summary.firstTimeNanos());
    json.writeNumberField("last_time_unix_nanos", summary.lastTimeNanos());
    gaps(json, summary.gaps());
    json.writeEndObject();
  }

  /** The field {@code gaps}. */
  public static void gaps(JsonGenerator json, List<LogGap> gaps) throws IOException {
    json.writeArrayFieldStart("gaps");
    for (LogGap gap : gaps) {
      json.writeStartObject();
      json.writeNumberField("first_lsn", gap.firstLsn());
      json.writeNumberField("last_lsn", gap.lastLsn());
      json.writeBooleanField("in_bucket", gap.inBucket());
      json.writeEndObject();
    }
    json.writeEndArray();
  }
}
