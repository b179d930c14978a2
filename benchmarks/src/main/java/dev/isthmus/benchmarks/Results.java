package dev.isthmus.benchmarks;

import java.util.List;

/** All that one run measured; the file beside the table holds it whole. */
record Results(
    String time,
    double tookSeconds,
    Machine machine,
    Plan plan,
    List<WireBenchmark.Row> wire,
    List<FlushBenchmark.Row> flush,
    List<RequestBenchmark.Row> requests,
    IdleBenchmark.Row idle) {}
