package dev.isthmus.benchmarks;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;

/** The tables of the stores for people. Medians; in brackets the lowest and the highest round. */
final class StoreReport {

  private final PrintWriter out;

  StoreReport(PrintWriter out) {
    this.out = out;
  }

  void print(StoreResults results) {
    out.println(results.machine().line());
    out.printf(
        Locale.ROOT,
        "%d rounds of each, %.0f s in all.%n",
        results.plan().rounds(),
        results.tookSeconds());
    throughput(results.throughput());
    hedging(results.hedging());
    out.flush();
  }

  private void throughput(List<StoreBenchmark.Row> rows) {
    out.println();
    out.println("### Clients beside HTTP alone, on one MinIO");
    out.println();
    out.println("| Operation | Client | MiB/s | ÷ bare | CPU s per GiB | ÷ bare |");
    out.println("|---|---|---|---|---|---|");
    StoreBenchmark.Row bare = rows.getFirst();
    for (StoreBenchmark.Row row : rows) {
      if (row.operation() != bare.operation()) {
        bare = row;
      }
      out.printf(
          Locale.ROOT,
          "| %s, %d at once | %s | %s | %s | %s | %s |%n",
          row.operation().toString().toLowerCase(Locale.ROOT).replace('_', ' '),
          row.operation().atOnce,
          row.client(),
          text(Spread.of(row.rounds(), StoreBenchmark.Round::mebibytesPerSecond), 1),
          text(
              Spread.ofRatios(
                  row.rounds(), bare.rounds(), StoreBenchmark.Round::mebibytesPerSecond),
              2),
          text(Spread.of(row.rounds(), StoreBenchmark.Round::cpuSecondsPerGibibyte), 2),
          text(
              Spread.ofRatios(
                  row.rounds(), bare.rounds(), StoreBenchmark.Round::cpuSecondsPerGibibyte),
              2));
    }
  }

  private void hedging(List<HedgeBenchmark.Row> rows) {
    out.println();
    out.println("### Cold reads of 4 KiB, two replies in a hundred half a second late");
    out.println();
    out.println("| Hedging | p50 ms | p99 ms | p99.9 ms | requests per read |");
    out.println("|---|---|---|---|---|");
    for (HedgeBenchmark.Row row : rows) {
      out.printf(
          Locale.ROOT,
          "| %s | %s | %s | %s | %s |%n",
          row.hedged() ? "on" : "off",
          text(Spread.of(row.rounds(), HedgeBenchmark.Round::p50Millis), 2),
          text(Spread.of(row.rounds(), HedgeBenchmark.Round::p99Millis), 1),
          text(Spread.of(row.rounds(), HedgeBenchmark.Round::p999Millis), 1),
          text(Spread.of(row.rounds(), HedgeBenchmark.Round::requestsPerRead), 3));
    }
  }

  private static String text(Spread spread, int digits) {
    String number = "%." + digits + "f";
    return String.format(
        Locale.ROOT,
        number + " (" + number + "–" + number + ")",
        spread.median(),
        spread.min(),
        spread.max());
  }
}
