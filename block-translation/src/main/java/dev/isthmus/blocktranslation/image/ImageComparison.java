package dev.isthmus.blocktranslation.image;

import dev.isthmus.blockdevice.DeviceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Compares two disks from one end to the other. Threading: confined to the caller; blocks. */
public final class ImageComparison {

  private static final int SECTOR_BYTES = 512;

  /**
   * Sectors that differ and stand together. Immutable.
   *
   * @param sector the first
   * @param sectorCount at least 1
   */
  public record Difference(long sector, long sectorCount) {}

  /**
   * How they are compared.
   *
   * @param maxDifferences ranges that are told; more are only counted
   * @param bytesPerSecond of each disk; 0 for no limit
   */
  public record Options(int maxDifferences, long bytesPerSecond, Progress progress) {}

  /**
   * What came of it.
   *
   * @param comparedBytes of each disk
   * @param differences the first of them, ascending
   * @param differentRanges how many there are
   * @param differentSectors sectors in all of them
   */
  public record Result(
      long comparedBytes,
      List<Difference> differences,
      long differentRanges,
      long differentSectors) {}

  private final Options options;
  private final List<Difference> differences = new ArrayList<>();
  private final MemorySegment zeroes = Arena.ofAuto().allocate(DiskReads.CHUNK_BYTES);
  private long ranges;
  private long sectors;
  private long openFrom = -1;
  private long openTo;

  private ImageComparison(Options options) {
    this.options = options;
  }

  /**
   * Compares as far as both reach; their sizes are the caller's to compare.
   *
   * @throws DeviceException if one of them can't be read
   */
  public static Result run(DiskSource one, DiskSource other, Options options) {
    return new ImageComparison(options).compare(one, other);
  }

  private Result compare(DiskSource one, DiskSource other) {
    long endBytes = Math.min(one.sizeBytes(), other.sizeBytes());
    long startNanos = System.nanoTime();
    try (var left = new DiskReads(one, 0, endBytes);
        var right = new DiskReads(other, 0, endBytes)) {
      DiskReads.Chunk chunk;
      while ((chunk = left.next()) != null) {
        // Both are cut into chunks alike.
        DiskReads.Chunk twin = java.util.Objects.requireNonNull(right.next());
        refuseDamaged(one, chunk);
        refuseDamaged(other, twin);
        if (!chunk.zeroes() || !twin.zeroes()) {
          compare(chunk.offsetBytes() / SECTOR_BYTES, bytes(chunk), bytes(twin));
        }
        options.progress.at(chunk.endBytes(), endBytes);
        pause(chunk.endBytes(), startNanos);
      }
    }
    close();
    return new Result(endBytes, List.copyOf(differences), ranges, sectors);
  }

  private static void refuseDamaged(DiskSource source, DiskReads.Chunk chunk) {
    if (!chunk.damaged().isEmpty()) {
      throw new DeviceException.Corrupt(source.description() + ": " + chunk.damaged().getFirst());
    }
  }

  private MemorySegment bytes(DiskReads.Chunk chunk) {
    return chunk.zeroes() ? zeroes.asSlice(0, chunk.data().byteSize()) : chunk.data();
  }

  private void compare(long firstSector, MemorySegment left, MemorySegment right) {
    long length = left.byteSize();
    long at = 0;
    while (at < length) {
      long mismatch = MemorySegment.mismatch(left, at, length, right, at, length);
      if (mismatch < 0) {
        return;
      }
      long sector = (at + mismatch) / SECTOR_BYTES;
      differs(firstSector + sector);
      at = (sector + 1) * SECTOR_BYTES;
    }
  }

  private void differs(long sector) {
    sectors++;
    if (openFrom >= 0 && sector == openTo) {
      openTo++;
      return;
    }
    close();
    openFrom = sector;
    openTo = sector + 1;
  }

  /** The range that was growing ends. */
  private void close() {
    if (openFrom < 0) {
      return;
    }
    ranges++;
    if (differences.size() < options.maxDifferences()) {
      differences.add(new Difference(openFrom, openTo - openFrom));
    }
    openFrom = -1;
  }

  private void pause(long doneBytes, long startNanos) {
    if (options.bytesPerSecond() == 0) {
      return;
    }
    double dueNanos = (double) doneBytes / options.bytesPerSecond() * TimeUnit.SECONDS.toNanos(1);
    long waitNanos = startNanos + (long) dueNanos - System.nanoTime();
    if (waitNanos > 0) {
      LockSupport.parkNanos(waitNanos);
    }
  }
}
