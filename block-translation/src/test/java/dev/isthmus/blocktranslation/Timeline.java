package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.contract.BlockStamp;
import dev.isthmus.wal.LogRecord;
import dev.isthmus.wal.RecordType;
import dev.isthmus.wal.WriteAheadLog;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * The changes of a disk in the order of their LSNs, as one owner applied them: heard from its log,
 * since the log is what makes the order. Threading: confined to the test's thread.
 */
final class Timeline {

  /** What blocks show from one record on. */
  record Change(int block, int blocks, long shown) {
    boolean covers(int at) {
      return at >= block && at < block + blocks;
    }
  }

  /** What the log holds of one write so far. */
  private static final class Written {
    int blocks;
    long lastLsn;
  }

  /** A record of zeroes or a discard that no command has claimed yet. */
  private record Cleared(RecordType type, boolean fua, int block, int blocks, long lsn) {}

  private final int blockBytes;
  private final List<Change> changes;
  private final long[] now;
  private final Map<Long, Written> writes = new HashMap<>();
  private final List<Cleared> cleared = new ArrayList<>();

  Timeline(int blocks, int blockBytes) {
    this(blockBytes, new ArrayList<>(), new long[blocks]);
  }

  private Timeline(int blockBytes, List<Change> changes, long[] now) {
    this.blockBytes = blockBytes;
    this.changes = changes;
    this.now = now;
  }

  /** The same up to an LSN, with a future of its own. */
  Timeline fork(long lsn) {
    return new Timeline(
        blockBytes, new ArrayList<>(changes.subList(0, Math.toIntExact(lsn))), state(lsn));
  }

  /** The newest LSN. */
  long last() {
    return changes.size();
  }

  /** The ids that the disk shows after so many changes. */
  long[] state(long lsn) {
    if (lsn == last()) {
      return now.clone();
    }
    var shown = new long[now.length];
    for (Change change : changes.subList(0, Math.toIntExact(lsn))) {
      Arrays.fill(shown, change.block, change.block + change.blocks, change.shown);
    }
    return shown;
  }

  /** What a range shows now. */
  long[] shown(int block, int blocks) {
    return Arrays.copyOfRange(now, block, block + blocks);
  }

  /** Takes a record as it is appended. */
  void appended(LogRecord record, MemorySegment payload) {
    if (record.lsn() != last() + 1) {
      throw new AssertionError("LSN " + record.lsn() + " follows " + last());
    }
    int block = (int) (record.sector() * 512 / blockBytes);
    int blocks = (int) (record.sectorCount() * 512 / blockBytes);
    long shown = BlockStamp.ZEROES;
    if (payload.byteSize() > 0) {
      shown = BlockStamp.idOf(payload.asSlice(0, blockBytes), block);
      Written written = writes.computeIfAbsent(shown, id -> new Written());
      written.blocks += blocks;
      written.lastLsn = record.lsn();
    } else {
      boolean fua = (record.flags() & WriteAheadLog.FLAG_FUA) != 0;
      cleared.add(new Cleared(record.type(), fua, block, blocks, record.lsn()));
    }
    changes.add(new Change(block, blocks, shown));
    Arrays.fill(now, block, block + blocks, shown);
  }

  /** The newest LSN of a write that is in the log as a whole; 0 if it is not. */
  long wholeWrite(long id, int blocks) {
    Written written = writes.get(id);
    return written == null || written.blocks != blocks ? 0 : written.lastLsn;
  }

  /** Whether anything of a write is in the log. */
  boolean hasWrite(long id) {
    return writes.containsKey(id);
  }

  /**
   * The oldest unclaimed record that clears exactly this range in this way, after {@code from}; 0
   * if none. Commands that differ in nothing end in the order of their records.
   */
  long claimCleared(RecordType type, boolean fua, int block, int blocks, long from) {
    for (Iterator<Cleared> each = cleared.iterator(); each.hasNext(); ) {
      Cleared one = each.next();
      if (one.type == type
          && one.fua == fua
          && one.block == block
          && one.blocks == blocks
          && one.lsn > from) {
        each.remove();
        return one.lsn;
      }
    }
    return 0;
  }

  /** How many records clear exactly this range, and no command has claimed them. */
  long unclaimedCleared(int block, int blocks) {
    return cleared.stream().filter(one -> one.block == block && one.blocks == blocks).count();
  }

  /** Whether a block came to show {@code value} with a change in (from, to]. */
  boolean showed(int block, long value, long from, long to) {
    for (long lsn = from + 1; lsn <= to; lsn++) {
      Change change = changes.get((int) lsn - 1);
      if (change.shown == value && change.covers(block)) {
        return true;
      }
    }
    return false;
  }

  /** Whether a change in (from, to] touches the range. */
  boolean touched(int block, int blocks, long from, long to) {
    for (long lsn = from + 1; lsn <= to; lsn++) {
      Change change = changes.get((int) lsn - 1);
      if (change.block < block + blocks && block < change.block + change.blocks) {
        return true;
      }
    }
    return false;
  }
}
