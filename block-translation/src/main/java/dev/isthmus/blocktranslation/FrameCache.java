package dev.isthmus.blocktranslation;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Frames in memory: Caffeine as the index and the judge of what stays, the data off-heap.
 *
 * <p>The cache lives as long as one open of one volume, within which a segment's slot never has two
 * contents, so the reference alone names a frame. A frame's memory is freed the moment it is
 * evicted, so nobody keeps a segment of it beyond the task that asked.
 *
 * <p>Data may lie here for weeks, and not every machine has memory that corrects itself. So each
 * chunk of {@value #CHUNK_BYTES} bytes has a checksum from when it was verified, and each hit
 * checks the chunks that it reads; a damaged frame is dropped, which makes the hit a miss. That
 * costs 0.3 µs for 4 KiB beside a copy of 0.3 µs (docs/adr/0012-scrub.md). Threading: confined to
 * the volume's loop.
 */
final class FrameCache {

  /** What one checksum covers: a small read of a large frame pays for what it reads alone. */
  static final int CHUNK_BYTES = 4096;

  /** Memory that an entry takes beside its data: key, index node, arena, sums. An estimate. */
  private static final int OVERHEAD_BYTES = 256 + 8 * Integer.BYTES;

  private final Cache<FrameRef, Entry> entries;
  private final boolean enabled;
  private long hits;
  private long misses;
  private long damages;

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

  /** A cached frame. */
  private static final class Entry {
    final Arena arena;
    final MemorySegment data;
    final int[] sums;

    Entry(MemorySegment verified) {
      arena = Arena.ofConfined();
      data = arena.allocate(verified.byteSize());
      data.copyFrom(verified);
      sums = new int[(int) ((data.byteSize() + CHUNK_BYTES - 1) / CHUNK_BYTES)];
      for (int i = 0; i < sums.length; i++) {
        // Of the source: damage by the copy is found as well.
        sums[i] = sum(verified, i);
      }
    }

    private static int sum(MemorySegment bytes, int chunk) {
      long from = (long) chunk * CHUNK_BYTES;
      var crc = new CRC32C();
      crc.update(
          bytes.asSlice(from, Math.min(CHUNK_BYTES, bytes.byteSize() - from)).asByteBuffer());
      return (int) crc.getValue();
    }

    boolean isSound(long offset, long length) {
      int last = (int) ((offset + length - 1) / CHUNK_BYTES);
      for (int i = (int) (offset / CHUNK_BYTES); i <= last; i++) {
        if (sum(data, i) != sums[i]) {
          return false;
        }
      }
      return true;
    }

    int weight() {
      return (int) data.byteSize() + OVERHEAD_BYTES;
    }
  }

  /**
   * Copies part of a frame out.
   *
   * @param offset within the frame's data, bytes
   * @param target as long as the part; unchanged unless this returns true
   * @return whether it was there and sound
   */
  boolean read(FrameRef ref, long offset, MemorySegment target) {
    Entry entry = entries.getIfPresent(ref);
    // A part that is not within the frame is the bucket's to answer: it says what is wrong.
    if (entry == null || offset + target.byteSize() > entry.data.byteSize()) {
      misses++;
      return false;
    }
    if (!entry.isSound(offset, target.byteSize())) {
      damages++;
      misses++;
      drop(ref, entry);
      return false;
    }
    hits++;
    MemorySegment.copy(entry.data, offset, target, 0, target.byteSize());
    return true;
  }

  private void drop(FrameRef ref, Entry entry) {
    entries.invalidate(ref);
    free(entry);
  }

  /** Whether a frame is here; counts as neither hit nor miss. */
  boolean contains(FrameRef ref) {
    return entries.asMap().containsKey(ref);
  }

  /** Copies a verified frame's data in. */
  void put(FrameRef ref, MemorySegment data) {
    if (enabled && !contains(ref)) {
      entries.put(ref, new Entry(data));
    }
  }

  /** The memory itself, for tests that damage it; null if the frame is not here. */
  @Nullable MemorySegment memoryOf(FrameRef ref) {
    Entry entry = entries.asMap().get(ref);
    return entry == null ? null : entry.data;
  }

  /** The frames that are here now. */
  Iterable<FrameRef> frames() {
    return entries.asMap().keySet();
  }

  long hits() {
    return hits;
  }

  long misses() {
    return misses;
  }

  /** Frames that failed their checksum and were dropped. */
  long damages() {
    return damages;
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
