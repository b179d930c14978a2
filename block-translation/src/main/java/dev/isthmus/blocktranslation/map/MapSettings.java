package dev.isthmus.blocktranslation.map;

/**
 * Bounds of one volume's map. Validated; immutable.
 *
 * @param memtableEntries extents at which the memtable is written out; 16 to 4,194,304. Each takes
 *     about 90 bytes, and up to {@link #maxFrozen} + 1 memtables exist at once
 * @param cacheBytes heap for indexes and pages of runs; at least 0. What a look-up under way needs
 *     comes on top: one index or page for each read in flight
 * @param fanOut runs of one level that are merged into one of the next; 2 to 16
 * @param partPages pages of 4096 bytes in a full part; 1 to 8192
 * @param maxFrozen memtables that wait to be written out before the map is {@link
 *     BlockMap#congested()}; 1 to 16
 * @param maxRuns runs at which the map is {@link BlockMap#congested()}, without those below a
 *     damaged one; above the fan-out, at most {@link #MAX_RUNS}
 */
public record MapSettings(
    int memtableEntries, long cacheBytes, int fanOut, int partPages, int maxFrozen, int maxRuns) {

  /** Runs at which the map is congested wherever they lie: one merge may have to read so many. */
  public static final int MAX_RUNS = 256;

  public MapSettings {
    require(memtableEntries >= 16 && memtableEntries <= 1 << 22, "memtableEntries");
    require(cacheBytes >= 0, "cacheBytes");
    require(fanOut >= 2 && fanOut <= 16, "fanOut");
    require(partPages >= 1 && partPages <= 8192, "partPages");
    require(maxFrozen >= 1 && maxFrozen <= 16, "maxFrozen");
    require(maxRuns > fanOut && maxRuns <= MAX_RUNS, "maxRuns");
  }

  /** Settings that share {@code memoryBytes} between memtables and cache; at least 16 MiB. */
  public static MapSettings ofMemory(long memoryBytes) {
    require(memoryBytes >= 16L << 20, "the map needs at least 16 MiB");
    // Three memtables, one active and two frozen, take half.
    int entries = (int) Math.min(1 << 20, memoryBytes / 6 / MEMTABLE_ENTRY_BYTES);
    long memtables = 3L * entries * MEMTABLE_ENTRY_BYTES;
    return new MapSettings(entries, memoryBytes - memtables, 8, 2048, 2, 64);
  }

  /** Heap that one extent in a memtable takes, with the slack of its leaf. */
  static final int MEMTABLE_ENTRY_BYTES = 90;

  private static void require(boolean condition, String name) {
    if (!condition) {
      throw new IllegalArgumentException(name + " is out of bounds");
    }
  }
}
