package dev.isthmus.benchmarks;

import java.util.List;

/** All that one run of the stores measured; the file beside the tables holds it whole. */
record StoreResults(
    String time,
    double tookSeconds,
    Machine machine,
    StorePlan plan,
    List<StoreBenchmark.Row> throughput,
    List<HedgeBenchmark.Row> hedging) {}
