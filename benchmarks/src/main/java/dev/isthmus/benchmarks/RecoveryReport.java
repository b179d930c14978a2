package dev.isthmus.benchmarks;

import java.io.PrintWriter;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;

/** The tables of recoveries for people. Medians; in brackets the lowest and the highest round. */
final class RecoveryReport {

  private static final double GIB = 1 << 30;
  private static final double MIB = 1 << 20;

  private final PrintWriter out;

  RecoveryReport(PrintWriter out) {
    this.out = out;
  }

  void print(RecoveryResults results) {
    line(results.machine().line());
    line(
        "%d rounds of each, %.0f s in all."
            .formatted(results.plan().rounds(), results.tookSeconds()));
    recoveries(results.recoveries());
    opens(results.opens());
    out.flush();
  }

  private void line(String line) {
    out.println(line);
  }

  private void recoveries(List<RecoveryBenchmark.Row> rows) {
    line("");
    line("### Recovery after kill -9, with a backlog in the log alone");
    line("");
    Set<String> parts = new LinkedHashSet<>();
    rows.forEach(row -> row.rounds().forEach(round -> parts.addAll(round.parts().keySet())));
    var head =
        new StringBuilder(
            "| Writes | Log | GiB of log | read it s | volume open s | open ÷ read | start to READY s"
                + " | peak MiB |");
    parts.forEach(part -> head.append(' ').append(part).append(" s |"));
    line(head.toString());
    line("|---".repeat(8 + parts.size()) + "|");
    for (RecoveryBenchmark.Row row : rows) {
      recovery(row, true, parts);
      recovery(row, false, parts);
    }
  }

  private void recovery(RecoveryBenchmark.Row row, boolean cached, Set<String> parts) {
    List<RecoveryBenchmark.Round> rounds =
        row.rounds().stream().filter(round -> round.cached() == cached).toList();
    var line = new StringBuilder("| ");
    line.append(
        "%d of %d KiB | %s | %.2f | "
            .formatted(
                rounds.getFirst().records(),
                row.requestBytes() >> 10,
                cached ? "in memory" : "on disk",
                rounds.getFirst().readBytes() / GIB));
    line.append(spread(rounds, RecoveryBenchmark.Round::readSeconds)).append(" | ");
    line.append(spread(rounds, round -> round.openMillis() / 1e3)).append(" | ");
    line.append(spread(rounds, round -> round.openMillis() / 1e3 / round.readSeconds()));
    line.append(" | ").append(spread(rounds, RecoveryBenchmark.Round::startSeconds)).append(" | ");
    line.append(
        "%.0f |".formatted(Spread.of(rounds, round -> round.peakMemoryBytes() / MIB).max()));
    for (String part : parts) {
      double median = Spread.of(rounds, round -> seconds(round.parts(), part)).median();
      line.append(String.format(Locale.ROOT, " %.2f |", median));
    }
    line(line.toString());
  }

  private static double seconds(Map<String, Double> parts, String part) {
    return parts.getOrDefault(part, 0.0) / 1e3;
  }

  private void opens(List<OpenBenchmark.Row> rows) {
    line("");
    line("### Open after a clean close");
    line("");
    line("| Written | MiB | requests | open ms | a request ms | open ÷ (requests × a request) |");
    line("|---|---|---|---|---|---|");
    for (OpenBenchmark.Row row : rows) {
      line(
          String.format(
              Locale.ROOT,
              "| %s | %.0f | %.0f | %s | %s | %s |",
              row.content(),
              row.bytes() / MIB,
              Spread.of(row.rounds(), OpenBenchmark.Round::requests).max(),
              spread(row.rounds(), OpenBenchmark.Round::millis),
              spread(row.rounds(), OpenBenchmark.Round::pingMillis),
              spread(
                  row.rounds(),
                  round -> round.millis() / (round.requests() * round.pingMillis()))));
    }
  }

  private static <T> String spread(List<T> rounds, ToDoubleFunction<T> value) {
    Spread spread = Spread.of(rounds, value);
    return String.format(
        Locale.ROOT, "%.2f (%.2f–%.2f)", spread.median(), spread.min(), spread.max());
  }
}
