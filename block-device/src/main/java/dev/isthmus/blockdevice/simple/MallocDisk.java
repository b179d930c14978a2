package dev.isthmus.blockdevice.simple;

import dev.isthmus.blockdevice.DeviceInfo;
import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoStatus;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.StampedLock;
import org.jspecify.annotations.Nullable;

/**
 * The memory of a malloc device, shared by all that have it open.
 *
 * <p>The disk is cut into regions of 1 MiB, and these into chunks of 64 KiB that get memory when
 * they are first written. Region r is guarded by lock r modulo the number of locks. A transfer is
 * at most as long as a region, so it lies in one or two neighbours; holding both of their locks
 * makes every transfer, and so compare-and-write, one atomic step. Neighbours never share a lock,
 * and are locked in the order of the locks, not of the regions: no cycle. Locks are held for memory
 * copies only.
 *
 * <p>Threading: thread-safe.
 */
final class MallocDisk {

  static final int REGION_BYTES = DeviceInfo.MIN_MAX_TRANSFER_BYTES;
  private static final int CHUNK_BYTES = 1 << 16;
  private static final int CHUNKS_PER_REGION = REGION_BYTES / CHUNK_BYTES;

  /** Locks; more than threads that could hold one at a time, so that few wait. */
  private static final int LOCKS = 256;

  private static final MemorySegment ZEROES =
      java.lang.foreign.Arena.global().allocate(CHUNK_BYTES).asReadOnly();

  /** The memory of one region, chunk by chunk; null reads as zeroes. */
  private static final class Region {
    final @Nullable MemorySegment[] chunks = new @Nullable MemorySegment[CHUNKS_PER_REGION];
  }

  final DeviceInfo info;
  private final ChunkAllocator chunks;

  /** Each entry guarded by its region's lock; null until something is written there. */
  private final @Nullable Region[] regions;

  private final Lock[] readLocks = new Lock[LOCKS];
  private final Lock[] writeLocks = new Lock[LOCKS];

  MallocDisk(DeviceInfo info, MemoryBudget budget) {
    this.info = info;
    this.chunks = new ChunkAllocator(CHUNK_BYTES, budget);
    this.regions =
        new @Nullable Region[Math.toIntExact(Math.ceilDiv(info.sizeBytes(), (long) REGION_BYTES))];
    for (int i = 0; i < LOCKS; i++) {
      var lock = new StampedLock();
      readLocks[i] = lock.asReadLock();
      writeLocks[i] = lock.asWriteLock();
    }
  }

  void read(long offsetBytes, MemorySegment buffer) {
    long lengthBytes = buffer.byteSize();
    lock(readLocks, offsetBytes, lengthBytes);
    try {
      for (long done = 0; done < lengthBytes; ) {
        long at = offsetBytes + done;
        long length = pieceBytes(at, lengthBytes - done);
        MemorySegment chunk = chunk(at);
        if (chunk == null) {
          buffer.asSlice(done, length).fill((byte) 0);
        } else {
          MemorySegment.copy(chunk, at % CHUNK_BYTES, buffer, done, length);
        }
        done += length;
      }
    } finally {
      unlock(readLocks, offsetBytes, lengthBytes);
    }
  }

  IoStatus write(long offsetBytes, MemorySegment data) {
    lock(writeLocks, offsetBytes, data.byteSize());
    try {
      return store(offsetBytes, data);
    } finally {
      unlock(writeLocks, offsetBytes, data.byteSize());
    }
  }

  /** Returns the index of the first difference, or -1 if written, or -2 if out of memory. */
  long compareAndWrite(IoCommand.CompareAndWrite command) {
    long lengthBytes = command.data().byteSize();
    lock(writeLocks, command.offsetBytes(), lengthBytes);
    try {
      long difference = mismatch(command.offsetBytes(), command.expected());
      if (difference >= 0) {
        return difference;
      }
      return store(command.offsetBytes(), command.data()) == IoStatus.OK ? -1 : -2;
    } finally {
      unlock(writeLocks, command.offsetBytes(), lengthBytes);
    }
  }

  /** Zeroes a range of any length, region by region; with {@code free}, gives chunks back. */
  void zero(long offsetBytes, long lengthBytes, boolean free) {
    long end = offsetBytes + lengthBytes;
    for (long at = offsetBytes; at < end; ) {
      long length = Math.min(end - at, REGION_BYTES - at % REGION_BYTES);
      // Racy, and may be: what is being written at this moment may as well come after us.
      if (regions[region(at)] != null) {
        lock(writeLocks, at, length);
        try {
          zeroInRegion(at, length, free);
        } finally {
          unlock(writeLocks, at, length);
        }
      }
      at += length;
    }
  }

  /** Only when no command is in flight and none will come. */
  void free() {
    chunks.close();
  }

  private void zeroInRegion(long offsetBytes, long lengthBytes, boolean free) {
    for (long done = 0; done < lengthBytes; ) {
      long at = offsetBytes + done;
      long length = pieceBytes(at, lengthBytes - done);
      MemorySegment chunk = chunk(at);
      if (chunk != null) {
        if (free && length == CHUNK_BYTES) {
          setChunk(at, null);
          chunks.free(chunk);
        } else {
          chunk.asSlice(at % CHUNK_BYTES, length).fill((byte) 0);
        }
      }
      done += length;
    }
  }

  private long mismatch(long offsetBytes, MemorySegment expected) {
    long lengthBytes = expected.byteSize();
    for (long done = 0; done < lengthBytes; ) {
      long at = offsetBytes + done;
      long length = pieceBytes(at, lengthBytes - done);
      MemorySegment chunk = chunk(at);
      long from = chunk == null ? 0 : at % CHUNK_BYTES;
      long difference =
          MemorySegment.mismatch(
              chunk == null ? ZEROES : chunk, from, from + length, expected, done, done + length);
      if (difference >= 0) {
        return done + difference;
      }
      done += length;
    }
    return -1;
  }

  /** All memory first, then all bytes: a write that finds no memory changes nothing. */
  private IoStatus store(long offsetBytes, MemorySegment data) {
    long lengthBytes = data.byteSize();
    for (long done = 0; done < lengthBytes; ) {
      long at = offsetBytes + done;
      if (chunk(at) == null) {
        MemorySegment chunk = chunks.allocate();
        if (chunk == null) {
          return IoStatus.CAPACITY_EXCEEDED;
        }
        setChunk(at, chunk);
      }
      done += pieceBytes(at, lengthBytes - done);
    }
    for (long done = 0; done < lengthBytes; ) {
      long at = offsetBytes + done;
      long length = pieceBytes(at, lengthBytes - done);
      MemorySegment chunk = java.util.Objects.requireNonNull(chunk(at));
      MemorySegment.copy(data, done, chunk, at % CHUNK_BYTES, length);
      done += length;
    }
    return IoStatus.OK;
  }

  private static long pieceBytes(long at, long remainingBytes) {
    return Math.min(remainingBytes, CHUNK_BYTES - at % CHUNK_BYTES);
  }

  private static int region(long at) {
    return (int) (at / REGION_BYTES);
  }

  private static int chunkOfRegion(long at) {
    return (int) (at % REGION_BYTES / CHUNK_BYTES);
  }

  private @Nullable MemorySegment chunk(long at) {
    Region region = regions[region(at)];
    return region == null ? null : region.chunks[chunkOfRegion(at)];
  }

  private void setChunk(long at, @Nullable MemorySegment chunk) {
    Region region = regions[region(at)];
    if (region == null) {
      region = new Region();
      regions[region(at)] = region;
    }
    region.chunks[chunkOfRegion(at)] = chunk;
  }

  private static void lock(Lock[] locks, long offsetBytes, long lengthBytes) {
    int first = region(offsetBytes) % LOCKS;
    int last = region(offsetBytes + lengthBytes - 1) % LOCKS;
    locks[Math.min(first, last)].lock();
    if (first != last) {
      locks[Math.max(first, last)].lock();
    }
  }

  private static void unlock(Lock[] locks, long offsetBytes, long lengthBytes) {
    int first = region(offsetBytes) % LOCKS;
    int last = region(offsetBytes + lengthBytes - 1) % LOCKS;
    locks[first].unlock();
    if (first != last) {
      locks[last].unlock();
    }
  }
}
