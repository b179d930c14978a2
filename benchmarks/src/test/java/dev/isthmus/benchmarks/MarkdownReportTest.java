package dev.isthmus.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.benchmarks.Metrics.Requests;
import dev.isthmus.benchmarks.wire.Sample;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MarkdownReportTest {

  private static WireBenchmark.Row row(String device, long operations, double p50Micros) {
    var cell = new WireBenchmark.Cell(new Sample(operations, 1, p50Micros, 90, 200), 0, 0, 3);
    return new WireBenchmark.Row(WireBenchmark.Kind.READ_HOT, 1, device, List.of(cell, cell));
  }

  private static String printed() {
    var sample = new Sample(10, 1, 100, 200, 300);
    var round = new FlushBenchmark.Round(sample, sample, 2);
    var text = new StringWriter();
    new MarkdownReport(new PrintWriter(text))
        .print(
            new Results(
                "20260101T000000Z",
                60,
                new Machine(2, "a processor", true, 1024, "Linux 6", "a JDK", "ext4", "0.10"),
                Plan.QUICK,
                List.of(row(WireBenchmark.BARE, 1000, 10), row("malloc", 500, 25)),
                List.of(new FlushBenchmark.Row(FlushBenchmark.FILE, List.of(round))),
                List.of(
                    new RequestBenchmark.Row(
                        "some writes",
                        1 << 30,
                        1,
                        2,
                        0.5,
                        Map.of(
                            "put segment", new Requests(128, 1.1e9, 0),
                            "put map", new Requests(1, 1 << 20, 0)))),
                new IdleBenchmark.Row(4, 4, 10, 0.4, 0)));
    return text.toString();
  }

  @Test
  void everyDeviceBesideTheBaselineOfItsRound() {
    String text = printed();
    assertTrue(
        text.contains(
            "| read hot | 1 | malloc | 500 | 0.50 (0.50–0.50) | 25.0 | 2.50 (2.50–2.50) | 90.0 | 0.00 | 3 (3) |"),
        text);
    assertTrue(text.contains("| put segment | 128.0 |"), text);
    assertTrue(text.contains("Map and checkpoints: 0.10 % of the data."), text);
    assertTrue(text.contains("| 4 | 4 | 10.0 | 0.4 | 0 |"), text);
  }

  @Test
  void tableRowsHaveAsManyColumnsAsTheirHead() {
    long columns = 0;
    for (String line : printed().lines().toList()) {
      long bars = line.chars().filter(c -> c == '|').count();
      if (bars > 0 && columns > 0) {
        assertEquals(columns, bars, line);
      }
      columns = bars;
    }
  }
}
