package dev.isthmus.blocktranslation;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Frames in memory: Caffeine as the index and the judge of what stays, the data off-heap.
 *
 * <p>The cache lives as long as one open of one volume, within which a segment's slot never has two
 * contents, so the reference alone names a frame. A frame's memory is freed the moment it is
 * evicted, so nobody keeps a segment that {@link #get} returned beyond the task that asked.
 * Threading: confined to the volume's loop.
 */
final class FrameCache {

  /** Memory that an entry takes beside its data: key, index node, arena. An estimate. */
  private static final int OVERHEAD_BYTES = 256;

  private final Cache<FrameRef, Entry> entries;
  private final boolean enabled;
  private long hits;
  private long misses;

  FrameCache(long capacityBytes) {
    enabled = capacityBytes > 0;
    entries =
        Caffeine.newBuilder()
            .maximumWeight(capacityBytes)
            .weigher((FrameRef ref, Entry entry) -> entry.weight())
            // On the loop itself: the arenas are confined to it.
            .executor(Runnable::run)
            .evictionListener((ref, entry, cause) -> free(entry))
            .build();
  }

  /**
   * A cached frame.
   *
   * @param sector where its data begins on the disk
   */
  record Entry(Arena arena, MemorySegment data, long sector) {
    int weight() {
      return (int) data.byteSize() + OVERHEAD_BYTES;
    }
  }

  @Nullable Entry get(FrameRef ref) {
    Entry entry = entries.getIfPresent(ref);
    if (entry == null) {
      misses++;
    } else {
      hits++;
    }
    return entry;
  }

  /** Whether a frame is here; counts as neither hit nor miss. */
  boolean contains(FrameRef ref) {
    return entries.asMap().containsKey(ref);
  }

  /** Copies a verified frame's data in. */
  void put(FrameRef ref, MemorySegment data, long sector) {
    if (!enabled || contains(ref)) {
      return;
    }
    Arena arena = Arena.ofConfined();
    MemorySegment copy = arena.allocate(data.byteSize());
    copy.copyFrom(data);
    entries.put(ref, new Entry(arena, copy, sector));
  }

  long hits() {
    return hits;
  }

  long misses() {
    return misses;
  }

  long weightBytes() {
    return entries.policy().eviction().map(e -> e.weightedSize().orElse(0)).orElse(0L);
  }

  /** Frees everything. */
  void clear() {
    entries.asMap().values().forEach(FrameCache::free);
    entries.invalidateAll();
  }

  private static void free(@Nullable Entry entry) {
    if (entry != null) {
      entry.arena.close();
    }
  }
}
