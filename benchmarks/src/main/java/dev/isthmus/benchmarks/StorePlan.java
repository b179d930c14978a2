package dev.isthmus.benchmarks;

/**
 * How much the stores are measured.
 *
 * @param rounds of each cell, interleaved; one more warms up
 * @param cellMillis one operation by one client in one round
 * @param hedgedReads of one round with hedging, and one without
 */
record StorePlan(int rounds, int cellMillis, int hedgedReads) {

  static final StorePlan FULL = new StorePlan(5, 2_000, 8_000);
  static final StorePlan QUICK = new StorePlan(3, 400, 2_000);
}
