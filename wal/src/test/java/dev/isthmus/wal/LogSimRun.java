package dev.isthmus.wal;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** One seed of {@link LogSim}. Threading: confined to the test's thread. */
final class LogSimRun {

  /** Room for 16 roll files. */
  private static final LogSettings SETTINGS = new LogSettings(16L << 20, 1L << 20);

  private enum End {
    CRASH,
    POWER_CUT,
    CLEAN
  }

  /**
   * A record as it was appended.
   *
   * @param id what its content follows from; 0 where the bucket had run ahead
   */
  private record Written(long id, int sectors, long position) {}

  private final Random random;
  private final LogSim.Tally tally;
  private final CutDisk disk;
  private final List<String> story = new ArrayList<>();
  private final List<Written> written = new ArrayList<>();
  private long nextId = 1;
  private long boot = 1;
  private long epoch;
  private long durable;
  private long trimmed;

  /** The first LSN that must be there, if anything behind it is. */
  private long denseFrom = 1;

  // A force failed, and no term was begun since.
  private boolean distrusted;

  /** The newest term that was said to have begun. */
  private long begun;

  private boolean everBegun;

  /** The power was cut since the last term began: what that left is there until the next begins. */
  private boolean unsettledCut;

  private End endWithin = End.CLEAN;
  private boolean diesOfPower;
  private boolean damaged;
  private boolean failed;

  LogSimRun(long seed, Path root, LogSim.Tally tally) {
    this.random = new Random(seed);
    this.tally = tally;
    this.disk = new CutDisk(random, root);
  }

  String story() {
    return String.join("; ", story);
  }

  private void tell(String what) {
    story.add(what);
  }

  private LogEnvironment machine() {
    return new LogEnvironment(new UUID(9, boot), () -> 1_000L, disk);
  }

  private long last() {
    return written.size();
  }

  void play() throws Exception {
    int processes = 2 + random.nextInt(7);
    End end = End.CLEAN;
    for (int i = 0; i < processes && !damaged; i++) {
      WriteAheadLog log = open(end);
      end = log == null ? endWithin : live(log);
      tally.steps++;
    }
    if (!damaged) {
      WriteAheadLog log = open(end);
      if (log != null) {
        log.close();
      }
    }
    tally.seeds++;
  }

  // Opening, and what has to be there then.

  private @Nullable WriteAheadLog open(End end) throws Exception {
    tally.opens++;
    disk.beforeOpen();
    RecoveredLog found;
    if (!LogDirectory.exists(disk.directory()) && !everBegun) {
      found = LogDirectory.create(disk.directory(), SETTINGS, Logs.VOLUME, Logs.LOG, machine());
    } else {
      try {
        found = LogDirectory.open(disk.directory(), SETTINGS, Logs.VOLUME, machine());
        judge(found, end);
      } catch (LogAbsentException e) {
        require(!everBegun, "the log is gone");
        found = LogDirectory.create(disk.directory(), SETTINGS, Logs.VOLUME, Logs.LOG, machine());
      }
    }
    WriteAheadLog log = null;
    boolean ofPower = random.nextBoolean();
    if (random.nextInt(4) == 0) {
      disk.dieAt(1 + random.nextInt(6), ofPower);
    }
    try {
      log = found.startAppending();
      // What was found is durable from here on.
      durable = last();
      long base = last();
      if (random.nextInt(6) == 0) {
        base += random.nextInt(5);
      }
      log.beginEpoch(new LogEpoch(++epoch, new UUID(8, epoch), 1), base);
      for (; last() < base; ) {
        written.add(new Written(0, 0, 0));
        denseFrom = base + 1;
      }
      durable = last();
      begun = epoch;
      distrusted = false;
      unsettledCut = false;
      everBegun = true;
      disk.liveOn();
      return log;
    } catch (CutDisk.Gone e) {
      tally.within++;
      tell("died while it began epoch " + epoch);
      // Whether what was found is durable by now, nobody was told.
      endWithin = die(log == null ? found : log, ofPower);
      return null;
    }
  }

  private void judge(RecoveredLog found, End end) {
    require(!damaged, "damage was not seen");
    long to = found.lastLsn();
    tell("found up to " + to + " of " + last() + ", durable " + durable);
    switch (end) {
      case CRASH -> require(to >= last(), to + " of " + last() + " after a crash");
      case CLEAN -> require(to >= last() && found.cleanClose(), "not closed in order at " + to);
      case POWER_CUT -> require(to >= durable, to + ", but " + durable + " was forced");
    }
    require(
        begun == 0 || found.hasBegun(begun, new UUID(8, begun)), "term " + begun + " is forgotten");
    require(
        !distrusted || found.term(begun, new UUID(8, begun)).orElseThrow().bootChanged(),
        "a failed force is forgotten");
    require(unsettledCut || found.cut().isEmpty(), "cut without a cause");
    // A term that was begun behind the bucket and died over it may be there.
    while (last() < to) {
      require(end != End.CLEAN, "LSN " + to + " was never there");
      written.add(new Written(0, 0, 0));
      denseFrom = to + 1;
    }
    tally.lostRecords += last() - to;
    written.subList((int) to, written.size()).clear();
    durable = Math.min(durable, to);
    // A trim that found no whole file to give back forced nothing.
    trimmed = Math.min(trimmed, to);
    denseFrom = Math.min(denseFrom, to + 1);
    long from = found.firstLsn() == 0 ? to + 1 : found.firstLsn();
    require(
        from <= Math.max(trimmed + 1, Math.min(denseFrom, to + 1)),
        "begins at " + from + ", trimmed to " + trimmed + ", dense from " + denseFrom);
    var next = new long[] {from};
    found.replay(from, (record, payload) -> check(record, payload, next[0]++));
    require(next[0] == to + 1, "replay ends at " + next[0]);
  }

  private void check(LogRecord record, LogVisitor.Payload payload, long lsn) {
    Written expected = written.get((int) lsn - 1);
    require(
        record.lsn() == lsn
            && record.timeNanos() == expected.id
            && record.payloadLength() == expected.sectors * 512,
        "LSN " + lsn + " of id " + expected.id + " is " + record);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment read = arena.allocate(Math.max(1, record.payloadLength()));
      payload.read(read);
      MemorySegment right = content(arena, expected.id, expected.sectors);
      require(
          right.mismatch(read.asSlice(0, record.payloadLength())) < 0, "other bytes at LSN " + lsn);
    }
  }

  // A process's life.

  private End live(WriteAheadLog log) throws Exception {
    failed = false;
    int steps = 3 + random.nextInt(25);
    try {
      for (int i = 0; i < steps; i++) {
        tally.steps++;
        step(log);
      }
    } catch (CutDisk.Gone e) {
      tally.within++;
      tell("died within a force");
      return die(log, diesOfPower);
    } catch (LogFailedException e) {
      require(failed, "failed without a cause: " + e.getMessage());
    }
    disk.liveOn();
    int how = random.nextInt(failed ? 2 : 4);
    if (how < 2) {
      return die(log, how == 1);
    }
    if (how == 2) {
      log.closeClean();
      durable = last();
      tell("closed in order at " + last());
      return End.CLEAN;
    }
    damage(log);
    return End.CRASH;
  }

  private void step(WriteAheadLog log) throws IOException {
    switch (random.nextInt(12)) {
      case 0, 1, 2 -> force(log);
      case 3 -> log.idle();
      case 4 -> {
        long through = random.nextLong(last() + 1);
        log.trim(through);
        trimmed = Math.max(trimmed, through);
        durable = Math.max(durable, log.durableLsn());
      }
      case 5 -> {
        if (random.nextInt(3) == 0) {
          failForce(log);
        }
      }
      case 6 -> {
        if (random.nextInt(4) == 0) {
          diesOfPower = random.nextBoolean();
          disk.dieAt(1 + random.nextInt(4), diesOfPower);
        }
      }
      default -> {
        try {
          append(log, random.nextInt(10) == 0 ? 80 : random.nextInt(12));
        } catch (LogFullException e) {
          log.trim(last());
          trimmed = last();
        }
      }
    }
  }

  private void force(WriteAheadLog log) {
    long appended = last();
    log.force();
    require(log.durableLsn() >= appended, "forced to " + log.durableLsn() + " of " + appended);
    durable = appended;
  }

  /** A failed force is the end, however often it is asked for again. */
  private void failForce(WriteAheadLog log) {
    append(log, 1);
    tally.failedForces++;
    disk.failNext();
    failed = true;
    try {
      log.force();
      require(false, "a force that failed succeeded");
    } catch (LogFailedException expected) {
      distrusted = true;
      tell("a force failed at " + last());
    }
    // If this succeeds, it promises.
    log.force();
    durable = last();
  }

  private void append(WriteAheadLog log, int records) {
    for (int i = 0; i < records; i++) {
      long id = nextId++;
      int sectors = random.nextInt(4) == 0 ? 1 + random.nextInt(64) : random.nextInt(9);
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment payload = content(arena, id, sectors);
        long position =
            log.append(
                sectors == 0 ? RecordType.DISCARD : RecordType.WRITE,
                0,
                last() + 1,
                id,
                id * 3,
                sectors == 0 ? 1 : sectors,
                payload,
                sectors == 0 ? 0 : Logs.crc(payload));
        written.add(new Written(id, sectors, position));
        tally.records++;
      }
    }
  }

  /** What a record of this id holds: never the same twice, so that no old one passes for a new. */
  private static MemorySegment content(Arena arena, long id, int sectors) {
    MemorySegment payload = arena.allocate(sectors * 512L, 8);
    for (long at = 0; at < payload.byteSize(); at += 8) {
      payload.set(ValueLayout.JAVA_LONG, at, (id * 0x9E37_79B9_7F4A_7C15L) ^ at);
    }
    return payload;
  }

  private End die(AutoCloseable process, boolean ofPower) throws Exception {
    if (ofPower) {
      tally.powerCuts++;
      tell("power cut at " + last());
      disk.cutPower(process);
      unsettledCut = true;
      boot++;
      return End.POWER_CUT;
    }
    tally.crashes++;
    tell("crash at " + last());
    disk.crash(process);
    return End.CRASH;
  }

  /** A record that a later one calls durable rots: no cut takes it away in silence. */
  private void damage(WriteAheadLog log) throws Exception {
    append(log, 2);
    force(log);
    append(log, 1);
    List<Written> candidates =
        written.subList((int) Math.max(trimmed, denseFrom - 1), written.size() - 1).stream()
            .filter(w -> w.sectors > 0 && w.position > 0)
            .toList();
    Written victim = candidates.isEmpty() ? null : candidates.getLast();
    if (victim == null || written.indexOf(victim) < written.size() - 3) {
      die(log, false);
      return;
    }
    tally.damages++;
    tell("the record of id " + victim.id + " rots");
    die(log, false);
    boot += random.nextInt(2);
    for (LogFiles.Found file : LogFiles.list(disk.directory())) {
      if (file.number() == (int) (victim.position >>> 32)) {
        try (var bytes = new RandomAccessFile(file.path().toFile(), "rw")) {
          long at = (victim.position & 0xffff_ffffL) + random.nextInt(victim.sectors * 512);
          bytes.seek(at);
          int old = bytes.read();
          bytes.seek(at);
          bytes.write(old ^ (1 << random.nextInt(8)));
        }
      }
    }
    try (RecoveredLog found =
        LogDirectory.open(disk.directory(), SETTINGS, Logs.VOLUME, machine())) {
      require(false, "a damaged record was cut off, up to " + found.lastLsn());
    } catch (LogCorruptException expected) {
      damaged = true;
    }
  }

  private static void require(boolean good, String what) {
    if (!good) {
      throw new AssertionError(what);
    }
  }
}
