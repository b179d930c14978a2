package dev.isthmus.blocktranslation.formatreader;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A disk's content, and which data segment each sector's is of. Threading: one thread. */
final class DiskImage {

  static final int SECTOR_BYTES = 512;
  private static final int CHUNK_SECTORS = 128;

  /** Absent chunks are zeroes. */
  private final Map<Long, Chunk> chunks = new HashMap<>();

  private long sizeSectors;

  private static final class Chunk {
    final byte[] bytes = new byte[CHUNK_SECTORS * SECTOR_BYTES];
    final long[] owners = new long[CHUNK_SECTORS];
  }

  DiskImage(long sizeSectors) {
    this.sizeSectors = sizeSectors;
  }

  long sizeSectors() {
    return sizeSectors;
  }

  boolean holds(long sector, long sectorCount) {
    return sectorCount >= 1 && sector >= 0 && sector <= sizeSectors - sectorCount;
  }

  /**
   * Applies a change that lies within the disk.
   *
   * @param owner the segment that it is of; 0 for none
   */
  void apply(Change change, long owner) {
    switch (change.operation()) {
      case Change.WRITE -> write(change.sector(), change.data(), owner);
      case Change.ZEROES, Change.DISCARD -> zero(change.sector(), change.sectorCount());
      case Change.RESIZE -> resize(change.sectorCount());
      default -> {}
    }
  }

  void write(long sector, ByteBuffer data, long owner) {
    ByteBuffer rest = data.duplicate();
    for (long at = sector; rest.hasRemaining(); at++) {
      Chunk chunk = chunks.computeIfAbsent(at / CHUNK_SECTORS, k -> new Chunk());
      int within = (int) (at % CHUNK_SECTORS);
      rest.get(chunk.bytes, within * SECTOR_BYTES, SECTOR_BYTES);
      chunk.owners[within] = owner;
    }
  }

  void zero(long sector, long sectorCount) {
    long end = sector + sectorCount;
    for (long key : Set.copyOf(chunks.keySet())) {
      Chunk chunk = chunks.get(key);
      long first = Math.max(sector, key * CHUNK_SECTORS) - key * CHUNK_SECTORS;
      long last = Math.min(end, (key + 1) * CHUNK_SECTORS) - key * CHUNK_SECTORS;
      if (chunk != null && first < last) {
        Arrays.fill(chunk.bytes, (int) first * SECTOR_BYTES, (int) last * SECTOR_BYTES, (byte) 0);
        Arrays.fill(chunk.owners, (int) first, (int) last, 0);
      }
    }
  }

  void resize(long newSizeSectors) {
    if (newSizeSectors < sizeSectors) {
      zero(newSizeSectors, sizeSectors - newSizeSectors);
    }
    sizeSectors = newSizeSectors;
  }

  /** How many sectors are of each segment. */
  Map<Long, Long> sectorsByOwner() {
    var sectors = new HashMap<Long, Long>();
    for (Chunk chunk : chunks.values()) {
      for (long owner : chunk.owners) {
        if (owner != 0) {
          sectors.merge(owner, 1L, Long::sum);
        }
      }
    }
    return sectors;
  }

  /** The whole disk; for one that fits an array. */
  byte[] toBytes() {
    byte[] all = new byte[Math.toIntExact(sizeSectors * SECTOR_BYTES)];
    chunks.forEach((key, chunk) -> {
      int at = (int) (key * CHUNK_SECTORS * SECTOR_BYTES);
      System.arraycopy(chunk.bytes, 0, all, at, Math.min(chunk.bytes.length, all.length - at));
    });
    return all;
  }

  /** Says where two disks differ; null if they are equal. */
  @Nullable String difference(DiskImage other) {
    if (sizeSectors != other.sizeSectors) {
      return sizeSectors + " and " + other.sizeSectors + " sectors";
    }
    var keys = new HashSet<>(chunks.keySet());
    keys.addAll(other.chunks.keySet());
    var nothing = new Chunk();
    for (long key : keys) {
      byte[] mine = chunks.getOrDefault(key, nothing).bytes;
      byte[] its = other.chunks.getOrDefault(key, nothing).bytes;
      int at = Arrays.mismatch(mine, its);
      if (at >= 0) {
        return "sector " + (key * CHUNK_SECTORS + at / SECTOR_BYTES);
      }
    }
    return null;
  }
}
