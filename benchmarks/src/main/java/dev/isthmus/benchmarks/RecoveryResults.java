package dev.isthmus.benchmarks;

import java.util.List;

/** All that one run of recoveries measured; the file beside the tables holds it whole. */
record RecoveryResults(
    String time,
    double tookSeconds,
    Machine machine,
    RecoveryPlan plan,
    List<RecoveryBenchmark.Row> recoveries,
    List<OpenBenchmark.Row> opens) {}
