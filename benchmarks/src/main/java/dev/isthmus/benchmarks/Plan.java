package dev.isthmus.benchmarks;

/**
 * How long everything takes.
 *
 * @param rounds of the interleaved measurements that count; one more warms up
 * @param cellMillis one operation at one queue depth on one device in one round
 * @param flushMillis one device in one round of the flush measurement
 * @param accountedBytes written by each workload whose requests are counted
 * @param idleMillis for which the idle daemon is watched
 */
record Plan(int rounds, int cellMillis, int flushMillis, long accountedBytes, int idleMillis) {

  static final Plan FULL = new Plan(5, 1000, 1000, 512L << 20, 10_000);
  static final Plan QUICK = new Plan(3, 200, 200, 64L << 20, 5_000);
}
