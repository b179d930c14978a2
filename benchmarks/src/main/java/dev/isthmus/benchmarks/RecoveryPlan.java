package dev.isthmus.benchmarks;

/**
 * How much is recovered and opened, and how often.
 *
 * @param backlogBytes in the log that no bucket has
 * @param logCapacity what the log may take: that much, and room for it not to slow writers early
 * @param rounds of each recovery and each open
 * @param openBytes written to each volume that is closed cleanly
 */
record RecoveryPlan(long backlogBytes, String logCapacity, int rounds, long openBytes) {

  /**
   * A volume holds at most 2^20 records back: 4 GiB of 4 KiB writes, less what is near that end.
   */
  static final RecoveryPlan FULL = new RecoveryPlan((4L << 30) - (32 << 20), "8GiB", 3, 512L << 20);

  static final RecoveryPlan QUICK = new RecoveryPlan(256L << 20, "1GiB", 2, 64L << 20);
}
