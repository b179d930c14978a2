package dev.isthmus.benchmarks;

/**
 * How long everything takes.
 *
 * @param rounds of the interleaved measurements that count; one more warms up
 * @param cellMillis one operation at one queue depth on one device in one round
 * @param wireMillis in which all rounds over the wire should fit, and a fifth of it the flushes
 * @param flushMillis one device in one round of the flush measurement
 * @param accountedBytes written by each workload whose requests are counted
 * @param accountedMillis longest that each of them writes
 * @param idleMillis for which the idle daemon is watched
 * @param layout where in a volume
 */
record Plan(
    int rounds,
    int cellMillis,
    int wireMillis,
    int flushMillis,
    long accountedBytes,
    int accountedMillis,
    int idleMillis,
    Layout layout) {

  static final Plan FULL =
      new Plan(5, 700, 100_000, 600, 512L << 20, 20_000, 10_000, Layout.of(8192, 40_960));
  static final Plan QUICK =
      new Plan(3, 150, 15_000, 150, 64L << 20, 4_000, 5_000, Layout.of(2048, 4096));
}
