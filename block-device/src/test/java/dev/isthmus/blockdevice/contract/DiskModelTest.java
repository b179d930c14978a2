package dev.isthmus.blockdevice.contract;

import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.isthmus.blockdevice.IoStatus;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

/** The model allows what the contract allows, and nothing else. Each id is that of one write. */
class DiskModelTest {

  private static final int BLOCK = 512;
  private static final long AT = 5;

  private final DiskModel model = new DiskModel(BLOCK, true);

  private DiskModel.Change wrote() {
    var change = model.beginWrite(AT, 1);
    model.end(change, IoStatus.OK, false);
    return change;
  }

  private static MemorySegment content(long id) {
    MemorySegment data = Arena.ofAuto().allocate(BLOCK);
    BlockStamp.fill(data, BLOCK, AT, id);
    return data;
  }

  private void endRead(long readTick, long id) {
    model.endRead(readTick, IoStatus.OK, AT, content(id));
  }

  private void reads(long id) {
    endRead(model.beginRead(), id);
  }

  private void refuses(long id) {
    assertThrows(AssertionError.class, () -> reads(id));
  }

  @Test
  void seesWhatCompleted() {
    reads(BlockStamp.ZEROES);
    long first = wrote().id();
    reads(first);
    refuses(BlockStamp.ZEROES);
    long second = wrote().id();
    refuses(first);
    reads(second);
    refuses(99);
  }

  @Test
  void letsConcurrentWritesEndEitherWayButOnlyOneWay() {
    var a = model.beginWrite(AT, 1);
    var b = model.beginWrite(AT, 1);
    model.end(b, IoStatus.OK, false);
    model.end(a, IoStatus.OK, false);
    reads(a.id());
    reads(a.id());
    refuses(b.id());
  }

  @Test
  void remembersTheOrderThatAReadInBetweenSaw() {
    var a = model.beginWrite(AT, 1);
    var b = model.beginWrite(AT, 1);
    model.end(a, IoStatus.OK, false);
    reads(b.id());
    model.end(b, IoStatus.OK, false);
    refuses(a.id());
    reads(b.id());
  }

  @Test
  void letsAReadSeeOldOrNewWhileAWriteRuns() {
    long old = wrote().id();
    long readTick = model.beginRead();
    long newer = wrote().id();
    endRead(readTick, old);
    reads(newer);
    long another = model.beginRead();
    var running = model.beginWrite(AT, 1);
    endRead(another, running.id());
  }

  @Test
  void refusesTheEffectOfACancelledWrite() {
    var change = model.beginWrite(AT, 1);
    model.end(change, IoStatus.CANCELLED, false);
    refuses(change.id());
    var seen = model.beginWrite(AT, 1);
    reads(seen.id());
    assertThrows(AssertionError.class, () -> model.end(seen, IoStatus.CANCELLED, false));
  }

  @Test
  void letsAFailedWriteBeOrNotBe() {
    long old = wrote().id();
    var failed = model.beginWrite(AT, 1);
    model.end(failed, IoStatus.MEDIA_ERROR, false);
    reads(old);
    reads(failed.id());
  }

  @Test
  void checksTheWordOfACompare() {
    long old = wrote().id();
    var miss = model.beginCompare(AT, 1);
    assertThrows(
        AssertionError.class, () -> model.endCompare(miss, old, IoStatus.MISCOMPARE, false));
    var hit = model.beginCompare(AT, 1);
    assertThrows(AssertionError.class, () -> model.endCompare(hit, 99, IoStatus.OK, false));
    var right = model.beginCompare(AT, 1);
    model.endCompare(right, old, IoStatus.OK, false);
    reads(right.id());
  }

  @Test
  void discardMayDoNothingWhereItPromisesNothing() {
    var lax = new DiskModel(BLOCK, false);
    var change = lax.beginWrite(AT, 1);
    lax.end(change, IoStatus.OK, false);
    lax.end(lax.beginDiscard(AT, 1), IoStatus.OK, false);
    lax.endRead(lax.beginRead(), IoStatus.OK, AT, content(change.id()));
    // Once it was seen to do nothing, it did nothing.
    assertThrows(
        AssertionError.class, () -> lax.endRead(lax.beginRead(), IoStatus.OK, AT, content(0)));
    wrote();
    model.end(model.beginDiscard(AT, 1), IoStatus.OK, false);
    reads(BlockStamp.ZEROES);
  }

  @Test
  void aProcessCrashKeepsWhatCompleted() {
    long done = wrote().id();
    var running = model.beginWrite(AT, 1);
    model.crashProcess();
    long readTick = model.beginRead();
    endRead(readTick, running.id());
    // It was there after the crash, so it stays.
    refuses(done);
    reads(running.id());
  }

  @Test
  void aProcessCrashLosesNothingThatCompleted() {
    wrote();
    model.crashProcess();
    refuses(BlockStamp.ZEROES);
  }

  @Test
  void aPowerCutKeepsWhatAFlushCovered() {
    wrote();
    long flushed = wrote().id();
    long flushTick = model.beginFlush();
    long late = wrote().id();
    model.endFlush(flushTick, IoStatus.OK);
    reads(late);
    model.crashPower();
    refuses(BlockStamp.ZEROES);
    reads(flushed);
    refuses(late);
  }

  @Test
  void aPowerCutMayKeepAnyUnflushedWrite() {
    long first = wrote().id();
    wrote();
    model.crashPower();
    reads(first);
  }

  @Test
  void aPowerCutKeepsForcedWrites() {
    var forced = model.beginWrite(AT, 1);
    model.end(forced, IoStatus.OK, true);
    model.crashPower();
    refuses(BlockStamp.ZEROES);
    reads(forced.id());
  }

  @Test
  void aFailedFlushPromisesNothing() {
    wrote();
    model.endFlush(model.beginFlush(), IoStatus.MEDIA_ERROR);
    model.crashPower();
    reads(BlockStamp.ZEROES);
  }

  @Test
  void stampsTellMixturesAndMisplacedBlocks() {
    MemorySegment mixed = content(1);
    mixed.asSlice(BLOCK / 2).copyFrom(content(2).asSlice(BLOCK / 2));
    assertThrows(AssertionError.class, () -> BlockStamp.idOf(mixed, AT));
    assertThrows(AssertionError.class, () -> BlockStamp.idOf(content(1), AT + 1));
    MemorySegment halfZero = content(0);
    halfZero.set(ValueLayout.JAVA_BYTE, BLOCK - 1, (byte) 1);
    assertThrows(AssertionError.class, () -> BlockStamp.idOf(halfZero, AT));
  }
}
