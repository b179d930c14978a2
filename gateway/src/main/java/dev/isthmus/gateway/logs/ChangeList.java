package dev.isthmus.gateway.logs;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamWriteFeature;
import dev.isthmus.wal.LogVisitor;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Instant;

/**
 * Writes salvaged changes as text, one a line and in their order, so that memory is no bound: where
 * two overlap, the later line is right. CSV with a line of names; or JSON, an object with an array.
 * Threading: confined to one thread.
 */
public final class ChangeList implements LogSalvage.Sink, AutoCloseable {

  private final PrintWriter out;
  private final JsonGenerator json;
  private final boolean asJson;

  /**
   * @param out closed by its owner
   */
  public ChangeList(PrintWriter out, boolean asJson) throws IOException {
    this.out = out;
    this.asJson = asJson;
    this.json =
        JsonFactory.builder()
            .disable(StreamWriteFeature.AUTO_CLOSE_TARGET)
            .build()
            .createGenerator(out);
    if (asJson) {
      json.writeStartObject();
      json.writeArrayFieldStart("changes");
    } else {
      out.println("lsn,time,kind,offset_bytes,length_bytes");
    }
  }

  @Override
  public void change(SalvagedChange change, LogVisitor.Payload payload) throws IOException {
    String kind = change.zeroes() ? "zeroes" : "data";
    if (!asJson) {
      out.println(
          change.lsn()
              + ","
              + Instant.ofEpochSecond(0, change.timeNanos())
              + ","
              + kind
              + ","
              + change.offsetBytes()
              + ","
              + change.lengthBytes());
      return;
    }
    json.writeRaw("\n");
    json.writeStartObject();
    json.writeNumberField("lsn", change.lsn());
    json.writeNumberField("time_unix_nanos", change.timeNanos());
    json.writeStringField("kind", kind);
    json.writeNumberField("offset_bytes", change.offsetBytes());
    json.writeNumberField("length_bytes", change.lengthBytes());
    json.writeEndObject();
  }

  /** Ends the list; JSON gets the summary beside it. */
  public void finish(SalvageSummary summary) throws IOException {
    if (asJson) {
      json.writeEndArray();
      json.writeFieldName("summary");
      SalvageJson.write(json, summary);
      json.writeEndObject();
      json.flush();
      out.println();
    }
    out.flush();
  }

  @Override
  public void close() throws IOException {
    if (asJson) {
      json.disable(JsonGenerator.Feature.AUTO_CLOSE_JSON_CONTENT);
      json.close();
    }
  }
}
