package dev.isthmus.blocktranslation.map;

/**
 * Levels and counters of a map; counters start at 0 with each open. Immutable.
 *
 * @param memoryBytes estimate of the heap that memtables, indexes and pages take
 * @param memtableEntries extents in the active memtable
 * @param frozenMemtables memtables that wait to be written out
 * @param runs runs
 * @param damagedRuns those of them that are merged no more
 * @param runEntries extents in runs, those that a newer one hides included
 * @param runBytes bytes of the objects that runs are in
 * @param lookups look-ups begun
 * @param pageHits pages found in memory
 * @param pageLoads pages read from a part
 * @param indexLoads indexes read from a part
 * @param filterSkips pages not looked at because the filter excluded them
 * @param bytesWritten bytes of parts stored
 * @param entriesWritten extents of parts stored
 * @param mergesDone merges installed
 */
public record MapStatistics(
    long memoryBytes,
    int memtableEntries,
    int frozenMemtables,
    int runs,
    int damagedRuns,
    long runEntries,
    long runBytes,
    long lookups,
    long pageHits,
    long pageLoads,
    long indexLoads,
    long filterSkips,
    long bytesWritten,
    long entriesWritten,
    long mergesDone) {}
