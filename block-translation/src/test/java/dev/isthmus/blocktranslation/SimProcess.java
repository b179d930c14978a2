package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blockdevice.IoCommand;
import dev.isthmus.blockdevice.Positions;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blockdevice.contract.BlockStamp;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A process of a simulation that has the volume open: its commands, and what it said. Threading:
 * confined to the test's thread.
 */
final class SimProcess {

  private final SimWorld world;
  private final VolumeCore core;
  private final Term term;
  private final List<Flight> flights = new ArrayList<>();
  private boolean dead;
  private boolean closing;
  private boolean contested;
  private boolean logTrouble;
  private long forgivenClears;

  SimProcess(SimWorld world, VolumeCore core, Term term) {
    this.world = world;
    this.core = core;
    this.term = term;
  }

  VolumeCore core() {
    return core;
  }

  Term term() {
    return term;
  }

  Timeline line() {
    return term.line;
  }

  // What it goes through.

  /** The process is gone; nobody hears of its commands any more. */
  void die() {
    dead = true;
    flights.clear();
  }

  boolean isDead() {
    return dead;
  }

  void beginClose() {
    closing = true;
  }

  boolean isClosing() {
    return closing;
  }

  /** Somebody else tries to open the volume, or did. */
  void contest() {
    contested = true;
  }

  boolean isContested() {
    return contested || world.isDamaged();
  }

  /** Its log fails, in part or for good. */
  void troubleLog() {
    logTrouble = true;
  }

  boolean hasLogTrouble() {
    return logTrouble;
  }

  boolean logMayFail() {
    return logTrouble || world.isDamaged();
  }

  boolean mayBeCorrupt() {
    // Who has been superseded may miss what the new owner deleted.
    return logTrouble || world.isDamaged() || term.supersededAt != Long.MAX_VALUE;
  }

  boolean storeMayFail() {
    return world.storeMayFail();
  }

  Tier ack() {
    return world.profile().ack();
  }

  Tier flush() {
    return world.profile().flush();
  }

  long nanoTime() {
    return world.nanoTime();
  }

  // Commands.

  void change(Random random) {
    int block = block(random);
    int blocks = blocks(random, block);
    long id = world.nextId();
    boolean fua = random.nextInt(16) == 0;
    long offset = (long) block * SimWorld.BLOCK_BYTES;
    long length = (long) blocks * SimWorld.BLOCK_BYTES;
    switch (random.nextInt(9)) {
      case 0 ->
          submit(
              new IoCommand.WriteZeroes(offset, length, random.nextBoolean(), fua),
              0,
              block,
              blocks);
      case 1 -> submit(new IoCommand.Discard(offset, length), 0, block, blocks);
      default ->
          submit(new IoCommand.Write(offset, data(block, blocks, id), fua), id, block, blocks);
    }
  }

  /** Mostly with what is there, so that most succeed. */
  void compare(Random random) {
    int block = block(random);
    int blocks = 1 + random.nextInt(Math.min(4, SimWorld.BLOCKS - block));
    long[] shown = line().shown(block, blocks);
    long expected = shown[0];
    while (blocks > 1 && shown[blocks - 1] != expected) {
      blocks--;
    }
    if (random.nextInt(5) == 0) {
      expected = world.nextId();
    }
    long id = world.nextId();
    submit(
        new IoCommand.CompareAndWrite(
            (long) block * SimWorld.BLOCK_BYTES,
            data(block, blocks, expected),
            data(block, blocks, id),
            random.nextInt(16) == 0),
        id,
        block,
        blocks);
  }

  void read(Random random) {
    int block = block(random);
    read(block, 1 + random.nextInt(Math.min(24, SimWorld.BLOCKS - block)));
  }

  Flight read(int block, int blocks) {
    MemorySegment buffer = world.arena().allocate((long) blocks * SimWorld.BLOCK_BYTES, 8);
    return submit(
        new IoCommand.Read((long) block * SimWorld.BLOCK_BYTES, buffer), 0, block, blocks);
  }

  void flush(Random random) {
    submit(IoCommand.FLUSH, 0, 0, 0);
  }

  void cancelOne(Random random) {
    if (!flights.isEmpty()) {
      flights.get(random.nextInt(flights.size())).cancel();
    }
  }

  private static int block(Random random) {
    // Half of all commands meet in one place.
    return random.nextInt(random.nextBoolean() ? SimWorld.BLOCKS : 24);
  }

  private static int blocks(Random random, int block) {
    int most = random.nextInt(40) == 0 ? SimWorld.BLOCKS : 8;
    return 1 + random.nextInt(Math.min(most, SimWorld.BLOCKS - block));
  }

  private MemorySegment data(int block, int blocks, long id) {
    MemorySegment data = world.arena().allocate((long) blocks * SimWorld.BLOCK_BYTES, 8);
    BlockStamp.fill(data, SimWorld.BLOCK_BYTES, block, id);
    return data;
  }

  private Flight submit(IoCommand command, long id, int block, int blocks) {
    var flight = new Flight(this, command, id, block, blocks);
    flights.add(flight);
    core.submit(command, flight);
    return flight;
  }

  boolean isIdle() {
    return flights.isEmpty();
  }

  List<Flight> flights() {
    return List.copyOf(flights);
  }

  // What flights report.

  void ended(Flight flight) {
    flights.remove(flight);
  }

  void violated(AssertionError violation) {
    world.violated(violation);
  }

  void readJudged() {
    world.tally().reads++;
  }

  long flightsClearing(int block, int blocks) {
    return flights.stream().filter(flight -> flight.clears(block, blocks)).count();
  }

  /** Records of commands that ended without saying whether they had an effect. */
  long forgivenClears() {
    return forgivenClears;
  }

  void completed(long lsn) {
    term.completed = Math.max(term.completed, lsn);
  }

  void promise(long lsn, boolean inBucket) {
    term.promised = Math.max(term.promised, lsn);
    if (inBucket) {
      long uploaded = core.positions().uploadedLsn();
      if (uploaded < lsn) {
        throw new AssertionError("LSN " + lsn + " was promised at " + core.positions());
      }
      note();
    }
  }

  /** Takes note of what it says of itself. */
  void note() {
    Positions positions = core.positions();
    if (positions.appliedLsn() != line().last() || positions.uploadedLsn() > line().last()) {
      throw new AssertionError(positions + " of " + line().last());
    }
    term.uploaded = Math.max(term.uploaded, positions.uploadedLsn());
    term.promised = Math.max(term.promised, positions.localDurableLsn());
    if (term.uploaded > term.supersededAt) {
      throw new AssertionError(
          "epoch "
              + term.epoch
              + " says that LSN "
              + term.uploaded
              + " is in the bucket, but the next owner went on from "
              + term.supersededAt);
    }
    DeviceState state = core.state();
    boolean wrong =
        !world.isDamaged()
            && ((state.kind() == DeviceState.Kind.FENCED && !contested)
                || (state.kind() == DeviceState.Kind.FAILED && !logTrouble));
    if (wrong) {
      throw new AssertionError("without a cause: " + state);
    }
  }

  boolean isBroken() {
    DeviceState.Kind kind = core.state().kind();
    return kind == DeviceState.Kind.FENCED || kind == DeviceState.Kind.FAILED;
  }

  /** A clearing that ended with a failure may be in the log or not. */
  void forgiveClear() {
    forgivenClears++;
  }
}
