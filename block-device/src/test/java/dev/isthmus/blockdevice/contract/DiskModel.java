package dev.isthmus.blockdevice.contract;

import dev.isthmus.blockdevice.IoStatus;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Knows which contents of a disk are legal while commands run concurrently, and after a crash.
 *
 * <p>Every command is announced before its submit ({@code begin…}) and again from its completion
 * ({@code end…}), which throws an {@link AssertionError} if what the device did is not legal.
 * Contents are {@link BlockStamp}s: each write has an id of its own. A disk begins as zeroes.
 *
 * <p>Threading: thread-safe, guarded by itself.
 */
public final class DiskModel {

  private final int blockSizeBytes;
  private final boolean zeroesAfterDiscard;
  private final Map<Long, BlockHistory> blocks = new HashMap<>();

  /** Submit ticks of the reads in flight, and how many have each. */
  private final TreeMap<Long, Integer> readsInFlight = new TreeMap<>();

  private long tick;
  private long lastId;
  private long checkedBlocks;

  public DiskModel(int blockSizeBytes, boolean zeroesAfterDiscard) {
    this.blockSizeBytes = blockSizeBytes;
    this.zeroesAfterDiscard = zeroesAfterDiscard;
  }

  /** A command in flight that changes blocks. Opaque. */
  public static final class Change {
    private final long id;
    private final long firstBlock;
    private final List<BlockHistory.Version> versions = new ArrayList<>();

    private Change(long id, long firstBlock) {
      this.id = id;
      this.firstBlock = firstBlock;
    }

    /** The id whose stamp it writes. */
    public long id() {
      return id;
    }
  }

  /** A write is about to be submitted; its data is the {@link BlockStamp} of the result's id. */
  public synchronized Change beginWrite(long firstBlock, long count) {
    return begin(++lastId, firstBlock, count, true);
  }

  /** A write zeroes is about to be submitted. */
  public synchronized Change beginZeroes(long firstBlock, long count) {
    return begin(BlockStamp.ZEROES, firstBlock, count, true);
  }

  /** A discard is about to be submitted. */
  public synchronized Change beginDiscard(long firstBlock, long count) {
    return begin(BlockStamp.ZEROES, firstBlock, count, zeroesAfterDiscard);
  }

  /** A compare-and-write is about to be submitted; the result goes to {@link #endCompare}. */
  public synchronized Change beginCompare(long firstBlock, long count) {
    Change change = begin(++lastId, firstBlock, count, true);
    readsInFlight.merge(tick, 1, Integer::sum);
    return change;
  }

  private Change begin(long id, long firstBlock, long count, boolean overwrites) {
    tick++;
    var change = new Change(id, firstBlock);
    for (long i = 0; i < count; i++) {
      change.versions.add(block(firstBlock + i).begin(id, overwrites, tick));
    }
    return change;
  }

  /** It ended. */
  public synchronized void end(Change change, IoStatus status, boolean fua) {
    tick++;
    for (int i = 0; i < change.versions.size(); i++) {
      try {
        block(change.firstBlock + i).end(change.versions.get(i), status, fua, tick);
      } catch (AssertionError e) {
        throw new AssertionError("block " + (change.firstBlock + i) + ": " + e.getMessage(), e);
      }
    }
  }

  /**
   * A compare-and-write ended, announced with {@link #beginCompare}, of blocks expected to be of
   * {@code expectedId} all.
   */
  public synchronized void endCompare(
      Change change, long expectedId, IoStatus status, boolean fua) {
    long submitted = change.versions.getFirst().submittedTick;
    readsInFlight.remove(submitted);
    boolean certain = true;
    for (int i = 0; i < change.versions.size(); i++) {
      BlockHistory block = block(change.firstBlock + i);
      if (status == IoStatus.OK && !block.allows(expectedId, submitted)) {
        throw new AssertionError(
            "block " + (change.firstBlock + i) + " compared as id " + expectedId + ": " + block);
      }
    }
    end(change, status, fua);
    if (status == IoStatus.MISCOMPARE) {
      for (int i = 0; i < change.versions.size(); i++) {
        certain &= block(change.firstBlock + i).allowsOnly(expectedId, submitted);
      }
      if (certain) {
        throw new AssertionError("miscompared with id " + expectedId + ", the only legal content");
      }
    }
  }

  /** A read is about to be submitted; the result goes to {@link #endRead}. */
  public synchronized long beginRead() {
    tick++;
    readsInFlight.merge(tick, 1, Integer::sum);
    return tick;
  }

  /** It ended, and {@code data} is what it returned. */
  public void endRead(long readTick, IoStatus status, long firstBlock, MemorySegment data) {
    int count = (int) (data.byteSize() / blockSizeBytes);
    long[] ids = new long[count];
    if (status == IoStatus.OK) {
      for (int i = 0; i < count; i++) {
        ids[i] =
            BlockStamp.idOf(
                data.asSlice((long) i * blockSizeBytes, blockSizeBytes), firstBlock + i);
      }
    }
    synchronized (this) {
      tick++;
      readsInFlight.remove(readTick);
      if (status != IoStatus.OK) {
        return;
      }
      for (int i = 0; i < count; i++) {
        checkedBlocks++;
        try {
          block(firstBlock + i).read(ids[i], readTick, tick);
        } catch (AssertionError e) {
          throw new AssertionError("block " + (firstBlock + i) + ": " + e.getMessage(), e);
        }
      }
    }
  }

  /** A flush is about to be submitted; the result goes to {@link #endFlush}. */
  public synchronized long beginFlush() {
    return ++tick;
  }

  /** It ended. */
  public synchronized void endFlush(long flushTick, IoStatus status) {
    tick++;
    if (status == IoStatus.OK) {
      long oldestRead = readsInFlight.isEmpty() ? tick : readsInFlight.firstKey();
      for (BlockHistory block : blocks.values()) {
        block.flushed(flushTick);
        block.prune(oldestRead);
      }
    }
  }

  /** The process of the device died: commands in flight never end, completed ones are there. */
  public synchronized void crashProcess() {
    tick++;
    readsInFlight.clear();
    blocks.values().forEach(block -> block.crashedProcess(tick));
  }

  /** The power went: only what flushes and FUA covered is sure to be there. */
  public synchronized void crashPower() {
    tick++;
    readsInFlight.clear();
    blocks.values().forEach(block -> block.crashedPower(tick));
  }

  /** Blocks of reads that were checked, so that a test can tell that it tested something. */
  public synchronized long checkedBlocks() {
    return checkedBlocks;
  }

  private BlockHistory block(long index) {
    return blocks.computeIfAbsent(index, i -> new BlockHistory());
  }
}
