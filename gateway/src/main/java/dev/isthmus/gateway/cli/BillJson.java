package dev.isthmus.gateway.cli;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.isthmus.gateway.bill.Bill;
import dev.isthmus.gateway.bill.PriceTable;
import dev.isthmus.gateway.rpc.v1.RequestCount;
import dev.isthmus.gateway.rpc.v1.UsageWindow;
import dev.isthmus.gateway.rpc.v1.VolumeUsage;
import java.io.IOException;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Locale;

/** Bills for scripts: amounts of money as decimal numbers, to a millionth. */
final class BillJson {

  private static final int MONEY_DIGITS = 6;

  private BillJson() {}

  static void print(PriceTable prices, List<VolumeBill> volumes, PrintWriter out) {
    VolumeJson.document(
        out,
        json -> {
          List<Bill> bills = volumes.stream().map(VolumeBill::bill).toList();
          json.writeStartObject();
          prices(json, prices);
          json.writeNumberField("month_hours", Bill.MONTH_HOURS);
          json.writeArrayFieldStart("volumes");
          for (VolumeBill volume : volumes) {
            volume(json, volume);
          }
          json.writeEndArray();
          money(
              json,
              "cost_a_month",
              bills.stream().map(Bill::cost).reduce(BigDecimal.ZERO, BigDecimal::add));
          money(json, "free_transfer_a_month", Bill.freeTransfer(prices, bills));
          json.writeEndObject();
        });
  }

  private static void prices(JsonGenerator json, PriceTable prices) throws IOException {
    json.writeObjectFieldStart("prices");
    json.writeStringField("name", prices.name());
    json.writeStringField("source", prices.source());
    json.writeStringField("date", prices.date().toString());
    json.writeStringField("currency", prices.currency());
    json.writeNumberField("bytes_per_gb", prices.bytesPerGb());
    json.writeEndObject();
  }

  private static void volume(JsonGenerator json, VolumeBill volume) throws IOException {
    VolumeUsage usage = volume.usage();
    json.writeStartObject();
    json.writeStringField("name", usage.getName());
    json.writeStringField("uri", usage.getUri());
    json.writeStringField("state", usage.getState());
    json.writeBooleanField("listed", usage.hasListed());
    if (volume.asked() == null) {
      json.writeNullField("window");
      json.writeNullField("window_nanos");
    } else {
      json.writeStringField("window", volume.isSinceOpen() ? "since_open" : "last_hour");
      json.writeNumberField("window_nanos", volume.window().getLengthNanos());
    }
    json.writeArrayFieldStart("lines");
    for (Bill.Line line : volume.bill().lines()) {
      json.writeStartObject();
      json.writeStringField("item", line.item());
      json.writeNumberField("a_month", digits(line.aMonth()));
      json.writeStringField("unit", line.unit().name().toLowerCase(Locale.ROOT));
      json.writeNumberField("price", line.price());
      json.writeNumberField("price_for", line.unit() == Bill.Unit.REQUEST ? 1000 : 1);
      money(json, "cost_a_month", line.cost());
      json.writeEndObject();
    }
    json.writeEndArray();
    money(json, "cost_a_month", volume.bill().cost());
    window(json, "last_hour", usage.getLastHour(), usage.hasLastHour());
    window(json, "since_open", usage.getSinceOpen(), usage.hasSinceOpen());
    requests(json, "opening", usage.getOpeningList());
    json.writeEndObject();
  }

  private static void window(JsonGenerator json, String name, UsageWindow window, boolean isKnown)
      throws IOException {
    if (!isKnown) {
      json.writeNullField(name);
      return;
    }
    json.writeObjectFieldStart(name);
    json.writeNumberField("length_nanos", window.getLengthNanos());
    requests(json, "requests", window.getRequestsList());
    json.writeEndObject();
  }

  private static void requests(JsonGenerator json, String name, List<RequestCount> counts)
      throws IOException {
    json.writeArrayFieldStart(name);
    for (RequestCount count : counts) {
      json.writeStartObject();
      json.writeStringField("kind", count.getKind());
      json.writeStringField("purpose", count.getPurpose());
      json.writeNumberField("requests", count.getRequests());
      json.writeNumberField("attempts", count.getAttempts());
      json.writeNumberField("sent_bytes", count.getSentBytes());
      json.writeNumberField("received_bytes", count.getReceivedBytes());
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private static void money(JsonGenerator json, String name, BigDecimal amount) throws IOException {
    json.writeNumberField(name, digits(amount));
  }

  private static BigDecimal digits(BigDecimal amount) {
    return new BigDecimal(amount.setScale(MONEY_DIGITS, RoundingMode.HALF_UP).toPlainString());
  }
}
