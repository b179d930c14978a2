package dev.isthmus.benchmarks;

import dev.isthmus.benchmarks.wire.Sample;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;

/** The tables for people. Medians over the rounds; in brackets the lowest and the highest round. */
final class MarkdownReport {

  private static final double GIB = 1 << 30;
  private static final double MIB = 1 << 20;

  private final PrintWriter out;

  MarkdownReport(PrintWriter out) {
    this.out = out;
  }

  void print(Results results) {
    machine(results);
    wire(results.wire());
    flush(results.flush());
    results.requests().forEach(this::requests);
    idle(results.idle());
    out.flush();
  }

  @SuppressWarnings("AnnotateFormatMethod") // A dependency for one private method.
  private void line(String format, Object... values) {
    out.println(String.format(Locale.ROOT, format, values));
  }

  private void machine(Results results) {
    line(
        "%s %d rounds of %d ms each, %.0f s in all.",
        results.machine().line(),
        results.plan().rounds(),
        results.plan().cellMillis(),
        results.tookSeconds());
  }

  private void wire(List<WireBenchmark.Row> rows) {
    line("");
    line("### 4 KiB over NVMe/TCP on loopback, one connection");
    line("");
    line(
        "| Workload | QD | Device | IOPS | IOPS ÷ bare | p50 µs | p50 ÷ bare | p99 µs | GETs/read | others %% |");
    line("|---|---|---|---|---|---|---|---|---|---|");
    List<Sample> bare = List.of();
    for (WireBenchmark.Row row : rows) {
      List<Sample> samples = row.samples();
      if (row.device().equals(WireBenchmark.BARE)) {
        bare = samples;
      }
      Spread others = Spread.of(row.rounds(), WireBenchmark.Cell::othersPercent);
      double reads = row.samples().stream().mapToDouble(Sample::operations).sum();
      double gets = row.rounds().stream().mapToDouble(WireBenchmark.Cell::bucketGets).sum();
      line(
          "| %s | %d | %s | %.0f | %s | %.1f | %s | %.1f | %s | %.0f (%.0f) |",
          row.kind().name().toLowerCase(Locale.ROOT).replace('_', ' '),
          row.queueDepth(),
          row.device(),
          Spread.of(samples, Sample::iops).median(),
          ratio(Spread.ofRatios(samples, bare, Sample::iops)),
          Spread.of(samples, Sample::p50Micros).median(),
          ratio(Spread.ofRatios(samples, bare, Sample::p50Micros)),
          Spread.of(samples, Sample::p99Micros).median(),
          row.kind() == WireBenchmark.Kind.WRITE
              ? ""
              : String.format(Locale.ROOT, "%.2f", gets / reads),
          others.median(),
          others.max());
    }
  }

  private static String ratio(Spread spread) {
    String format = spread.median() < 0.1 ? "%.4f (%.4f–%.4f)" : "%.2f (%.2f–%.2f)";
    return String.format(Locale.ROOT, format, spread.median(), spread.min(), spread.max());
  }

  private void flush(List<FlushBenchmark.Row> rows) {
    line("");
    line("### 4 KiB write, then flush, one at a time");
    line("");
    line(
        "| Device | both p50 µs | ÷ fdatasync | both p99 µs | ÷ fdatasync | flush p50 µs | flush p99 µs | others %% |");
    line("|---|---|---|---|---|---|---|---|");
    List<Sample> file = rows.getFirst().pairs();
    for (FlushBenchmark.Row row : rows) {
      List<Sample> pairs = row.pairs();
      Spread others = Spread.of(row.rounds(), FlushBenchmark.Round::othersPercent);
      line(
          "| %s | %.1f | %s | %.1f | %s | %.1f | %.1f | %.0f (%.0f) |",
          row.device(),
          Spread.of(pairs, Sample::p50Micros).median(),
          ratio(Spread.ofRatios(pairs, file, Sample::p50Micros)),
          Spread.of(pairs, Sample::p99Micros).median(),
          ratio(Spread.ofRatios(pairs, file, Sample::p99Micros)),
          Spread.of(row.flushes(), Sample::p50Micros).median(),
          Spread.of(row.flushes(), Sample::p99Micros).median(),
          others.median(),
          others.max());
    }
  }

  private void requests(RequestBenchmark.Row row) {
    double gib = row.bytes() / GIB;
    line("");
    line("### Bucket requests: %s, %.0f MiB", row.workload(), row.bytes() / MIB);
    line("");
    line("| Request | per GiB written | MiB sent per GiB | sent ÷ data | MiB received per GiB |");
    line("|---|---|---|---|---|");
    row.requests()
        .forEach((kind, requests) ->
            line(
                "| %s | %.1f | %.2f | %.4f | %.2f |",
                kind,
                requests.attempts() / gib,
                requests.sentBytes() / MIB / gib,
                requests.sentBytes() / row.bytes(),
                requests.receivedBytes() / MIB / gib));
    line("");
    line(
        "Map and checkpoints: %.2f %% of the data. Written in %.1f s, in the bucket after %.1f s; writes delayed by %.1f s.",
        100 * row.sentPart(List.of("map", "checkpoint")),
        row.writeSeconds(),
        row.uploadSeconds(),
        row.throttledSeconds());
  }

  private void idle(IdleBenchmark.Row row) {
    line("");
    line("### Idle daemon");
    line("");
    line("| Volumes published | Hosts connected | Seconds | %% of one core | Bucket requests |");
    line("|---|---|---|---|---|");
    line(
        "| %d | %d | %.1f | %.1f | %.0f |",
        row.volumes(), row.hosts(), row.seconds(), row.corePercent(), row.bucketRequests());
  }
}
