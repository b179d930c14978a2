package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.IoCompletion;
import dev.isthmus.blockdevice.IoStatus;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blockdevice.contract.BlockStamp;
import dev.isthmus.wal.RecordType;
import java.util.Arrays;

/**
 * A command of a simulation under way, judged the moment it ends: what it read, whether what it
 * changed is in the log as a whole or not at all, and whether it may end so. Threading: confined to
 * the test's thread.
 */
final class Flight implements IoCompletion {

  private final SimProcess process;
  private final IoCommand command;
  private final long id;
  private final int block;
  private final int blocks;
  private final long from;
  private final long completedBefore;
  private final long submittedNanos;
  private final long[] before;
  private boolean cancelled;
  private boolean ended;
  private boolean good;

  /**
   * @param id that a write writes; 0 for others
   * @param block first of the range; of a flush nothing
   */
  Flight(SimProcess process, IoCommand command, long id, int block, int blocks) {
    this.process = process;
    this.command = command;
    this.id = id;
    this.block = block;
    this.blocks = blocks;
    this.from = process.line().last();
    this.completedBefore = process.term().completed;
    this.submittedNanos = process.nanoTime();
    this.before = process.line().shown(block, blocks);
  }

  void cancel() {
    cancelled = true;
  }

  /** Ended OK. */
  boolean isGood() {
    return good;
  }

  boolean hasEnded() {
    return ended;
  }

  @Override
  public boolean isCancelled() {
    return cancelled;
  }

  @Override
  public void complete(IoStatus status) {
    if (process.isDead()) {
      return;
    }
    try {
      require(!ended, "ended twice");
      ended = true;
      good = status == IoStatus.OK;
      process.ended(this);
      judge(status);
    } catch (AssertionError e) {
      process.violated(e);
    }
  }

  private void judge(IoStatus status) {
    switch (command) {
      case IoCommand.Read read -> {
        if (status == IoStatus.OK) {
          checkRead(read);
        } else {
          require(mayFailToRead(status), "ended " + status);
        }
      }
      case IoCommand.Flush _ -> {
        if (status == IoStatus.OK) {
          process.promise(completedBefore, process.flush() == Tier.UPLOADED);
        } else {
          // Of a log that failed the bucket makes good what it can in time.
          boolean late = process.logMayFail() && waited(status);
          require(late || mayFailToChange(status), "ended " + status);
        }
      }
      case IoCommand.CompareAndWrite compare -> judgeCompare(compare, status);
      default -> judgeChange(status);
    }
  }

  private void judgeChange(IoStatus status) {
    if (status == IoStatus.OK) {
      completed();
      return;
    }
    requireNoEffect(status);
    if (id == 0 && !status.isRetryable()) {
      process.forgiveClear();
    }
    require(waited(status) || mayFailToChange(status), "ended " + status);
  }

  private void judgeCompare(IoCommand.CompareAndWrite compare, IoStatus status) {
    long expected = BlockStamp.idOf(compare.expected().asSlice(0, SimWorld.BLOCK_BYTES), block);
    if (status == IoStatus.OK) {
      completed();
      // What it wrote over, one block by one: no other write came between.
      long lsn = process.line().wholeWrite(id, blocks);
      long[] over = process.line().state(lsn - 1);
      for (int i = 0; i < blocks; i++) {
        require(over[block + i] == expected, "wrote over " + over[block + i]);
      }
      return;
    }
    requireNoEffect(status);
    if (status == IoStatus.MISCOMPARE) {
      boolean equal = Arrays.stream(before).allMatch(shown -> shown == expected);
      require(
          !equal || process.line().touched(block, blocks, from, process.line().last()),
          "differs from what is there");
    } else {
      require(
          status == IoStatus.BUSY
              || waited(status)
              || mayFailToRead(status)
              || mayFailToChange(status),
          "ended " + status);
    }
  }

  /** A change that found no room in the log for so long is refused without an effect. */
  private boolean waited(IoStatus status) {
    return status == IoStatus.UNAVAILABLE
        && process.nanoTime() - submittedNanos >= WritePath.MAX_WAIT_NANOS;
  }

  private void completed() {
    boolean fua =
        switch (command) {
          case IoCommand.Write w -> w.fua();
          case IoCommand.WriteZeroes z -> z.fua();
          case IoCommand.CompareAndWrite c -> c.fua();
          default -> false;
        };
    RecordType type = command instanceof IoCommand.Discard ? RecordType.DISCARD : RecordType.ZEROES;
    long lsn =
        id == 0
            ? process.line().claimCleared(type, fua, block, blocks, from)
            : process.line().wholeWrite(id, blocks);
    require(lsn > 0, "completed, and is not in the log as a whole");
    process.completed(lsn);
    if (fua || process.ack() == Tier.LOCAL_DURABLE) {
      process.promise(lsn, fua && process.flush() == Tier.UPLOADED);
    }
  }

  private void requireNoEffect(IoStatus status) {
    if (!status.isRetryable() && status != IoStatus.MISCOMPARE) {
      return;
    }
    require(!process.line().hasWrite(id), "ended " + status + " and had an effect");
    if (id == 0) {
      long others = process.flightsClearing(block, blocks);
      require(
          process.line().unclaimedCleared(block, blocks) <= others + process.forgivenClears(),
          "ended " + status + " and had an effect");
    }
  }

  /** Whether this clears exactly that range. */
  boolean clears(int atBlock, int ofBlocks) {
    boolean clearing =
        command instanceof IoCommand.WriteZeroes || command instanceof IoCommand.Discard;
    return clearing && block == atBlock && blocks == ofBlocks;
  }

  /** Each block shows what it showed at the submission, or what came since. */
  private void checkRead(IoCommand.Read read) {
    process.readJudged();
    for (int i = 0; i < blocks; i++) {
      long found =
          BlockStamp.idOf(
              read.buffer().asSlice((long) i * SimWorld.BLOCK_BYTES, SimWorld.BLOCK_BYTES),
              block + i);
      require(
          found == before[i]
              || process.line().showed(block + i, found, from, process.line().last()),
          "shows " + found + " in block " + (block + i) + ", not " + before[i]);
    }
  }

  private boolean mayFailToRead(IoStatus status) {
    return switch (status) {
      case UNAVAILABLE -> process.storeMayFail() || process.isClosing();
      case CORRUPT -> process.mayBeCorrupt();
      case CANCELLED -> cancelled;
      case CLOSED -> process.isClosing();
      default -> false;
    };
  }

  private boolean mayFailToChange(IoStatus status) {
    return switch (status) {
      case FENCED -> process.isContested();
      case MEDIA_ERROR ->
          process.logMayFail() || process.isClosing() || process.line().hasWrite(id);
      case CANCELLED -> cancelled;
      case CLOSED -> process.isClosing();
      default -> false;
    };
  }

  private void require(boolean condition, String what) {
    if (!condition) {
      throw new AssertionError(this + " " + what);
    }
  }

  @Override
  public String toString() {
    return command.getClass().getSimpleName()
        + " of blocks "
        + block
        + " +"
        + blocks
        + ", id "
        + id;
  }
}
