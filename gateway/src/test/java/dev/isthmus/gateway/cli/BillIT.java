package dev.isthmus.gateway.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bills as users ask for them, of a real daemon. */
class BillIT {

  private static final String PRICES =
      """
      name: Some provider
      source: https://example.com/prices
      date: 2026-01-31
      currency: EUR
      bytes_per_gb: 1000000000
      storage_per_gb_month: 1000
      put_per_1000: 0
      list_per_1000: 0
      get_per_1000: 0
      delete_per_1000: 0
      """;

  @TempDir Path directory;

  private void importVolume(DaemonProcess daemon, Path data, String name) throws IOException {
    Path image = directory.resolve(name + ".img");
    byte[] bytes = new byte[18 << 20];
    new Random(1).nextBytes(bytes);
    Files.write(image, bytes);
    String uri = "bucket+file://" + data.resolve("bucket") + "/" + name;
    var imported = CommandRun.run("volume", "import", image.toString(), uri);
    assertEquals(0, imported.exitCode(), imported.err());
    var opened = daemon.isthmus("volume", "open", name);
    assertEquals(0, opened.exitCode(), opened.err());
  }

  private static JsonNode line(JsonNode bill, String item) {
    for (JsonNode line : bill.at("/volumes/0/lines")) {
      if (line.at("/item").asText().equals(item)) {
        return line;
      }
    }
    throw new AssertionError(item + " is not in " + bill);
  }

  private static String metrics(DaemonProcess daemon) throws Exception {
    String address = daemon.isthmus("status", "-o", "json").json().at("/metrics").asText();
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(
              HttpRequest.newBuilder(URI.create("http://" + address + "/metrics")).build(),
              HttpResponse.BodyHandlers.ofString())
          .body();
    }
  }

  @Test
  void fromItsOpeningToItsClose() throws Exception {
    Path data = directory.resolve("data");
    Path prices = directory.resolve("prices.yaml");
    try (var daemon =
        DaemonProcess.start(data, "--default-volume", "false", "--prices", prices.toString())) {
      var none = daemon.isthmus("volume", "bill");
      assertEquals(ExitCode.INVALID, none.exitCode());
      assertTrue(none.err().contains("there is no price table " + prices), none.err());
      Files.writeString(prices, PRICES.replace("EUR", "euro"));
      var wrong = daemon.isthmus("volume", "bill");
      assertEquals(ExitCode.INVALID, wrong.exitCode());
      assertTrue(wrong.err().contains(prices + " line 4: \"currency\""), wrong.err());
      Files.writeString(prices, PRICES);
      assertEquals("No volume lies in a bucket.\n", daemon.isthmus("volume", "bill").out());

      importVolume(daemon, data, "db");
      JsonNode idle = daemon.isthmus("volume", "bill", "db", "-o", "json").json();
      assertEquals("EUR", idle.at("/prices/currency").asText());
      assertEquals(0, idle.at("/volumes/0/since_open/requests").size(), idle.toString());
      assertTrue(idle.at("/volumes/0/opening").size() > 0, idle.toString());
      double stored = idle.at("/cost_a_month").asDouble();
      assertTrue(stored > 18.87 && stored < 19.1, "18 MiB at 1 EUR for each MB: " + stored);
      assertEquals(0, line(idle, "garbage").at("/a_month").asDouble());

      JsonNode listed = daemon.isthmus("volume", "bill", "db", "--list", "-o", "json").json();
      assertTrue(listed.at("/volumes/0/listed").asBoolean());
      // Two fences and the manifest more.
      assertEquals(stored, listed.at("/cost_a_month").asDouble(), 0.02);
      assertTrue(
          metrics(daemon)
              .matches(
                  "(?s).*isthmus_bucket_attempts_total\\{bucket=\"[^\"]*\","
                      + "kind=\"list\",purpose=\"admin\"} [1-9].*"));

      assertEquals(0, daemon.isthmus("volume", "scrub", "db", "--rate", "0", "--wait").exitCode());
      JsonNode busy = daemon.isthmus("volume", "bill", "db", "--since-open", "-o", "json").json();
      assertEquals("since_open", busy.at("/volumes/0/window").asText());
      assertEquals("SCRUB", busy.at("/volumes/0/since_open/requests/0/purpose").asText());
      assertTrue(
          busy.at("/volumes/0/since_open/requests/0/received_bytes").asLong() > 18 << 20,
          busy.toString());
      assertTrue(line(busy, "requests, GET").at("/a_month").asDouble() > 0);
      String text = daemon.isthmus("volume", "bill", "db").out();
      assertTrue(text.contains("GET: scrub 100 %"), text);
      assertTrue(text.contains("less than a minute: that is too short"), text);
      assertTrue(text.contains("not in this list of prices"), text);
      assertTrue(text.contains("in a directory, which nobody charges for"), text);

      assertEquals(ExitCode.INVALID, daemon.isthmus("volume", "bill", "other").exitCode());
      assertEquals(0, daemon.isthmus("volume", "create", "malloc:///m?size=1MiB").exitCode());
      var memory = daemon.isthmus("volume", "bill", "m");
      assertEquals(ExitCode.INVALID, memory.exitCode());
      assertTrue(memory.err().contains("lies in no bucket"), memory.err());
      assertEquals(0, daemon.terminate());
    }
  }
}
