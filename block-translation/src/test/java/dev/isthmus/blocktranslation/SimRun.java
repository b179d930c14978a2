package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import java.util.Random;

/**
 * One seed: a random life of one volume on two hosts. While one host opens or closes, the other
 * goes on, and either may die. Threading: confined to the test's thread.
 */
final class SimRun implements AutoCloseable {

  private final SimWorld world;
  private final Random random;
  private final SimOpening opening;
  private final SimEnding ending;
  private int depth;

  SimRun(long seed, SimTally tally) {
    this.world = new SimWorld(seed, tally, this::othersGoOn);
    this.random = world.random();
    this.opening = new SimOpening(world);
    this.ending = new SimEnding(world, this);
  }

  String story() {
    return world.story();
  }

  @Override
  public void close() {
    world.close();
  }

  void play() {
    world
        .host(0)
        .create(
            (long) SimWorld.BLOCKS * SimWorld.BLOCK_BYTES,
            SimWorld.BLOCK_BYTES,
            new Tiers(world.profile().ack(), world.profile().flush()));
    world.tell(
        world.profile().ack()
            + " "
            + world.profile().flush()
            + " faults "
            + world.profile().faultRate());
    for (int i = 0; i < world.profile().steps(); i++) {
      step();
    }
    if (random.nextInt(6) == 0) {
      ending.withDamage();
    } else {
      ending.inOrder();
    }
    world.look();
    world.tally().seeds++;
  }

  private void step() {
    world.tally().steps++;
    SimProcess owner = world.owner();
    if (owner == null) {
      withoutOwner();
    } else if (world.isNamedBeforeItServes() && random.nextInt(20) == 0) {
      takeOver();
    } else {
      SimProcess other = world.running(1 - world.term().host);
      // A superseded owner goes on until it finds out.
      SimProcess actor = other != null && random.nextInt(4) == 0 ? other : owner;
      act(actor, world.profile().next(random));
    }
    world.look();
  }

  /** Mostly the volume is opened again; more may happen before. */
  private void withoutOwner() {
    SimProcess stale = world.running(1 - world.term().host);
    if (random.nextInt(4) > 0) {
      int host =
          random.nextInt(world.isNamedBeforeItServes() ? 2 : 8) == 0
              ? 1 - world.term().host
              : world.term().host;
      open(host);
    } else if (stale != null && random.nextBoolean()) {
      stale.change(random);
      world.advance(random.nextInt(100));
    } else {
      switch (random.nextInt(5)) {
        case 0 -> world.cutPower(world.term().host);
        case 1 -> world.loseLog(world.term().host);
        case 2 -> world.restoreLog(world.term().host);
        default -> world.advance(random.nextInt(30_000));
      }
    }
  }

  private void act(SimProcess actor, SimProfile.Action action) {
    int host = actor.term().host;
    if (actor.isBroken() && random.nextInt(8) == 0) {
      end(actor);
      return;
    }
    if (actor.hasLogTrouble() && random.nextInt(12) == 0) {
      world.cutPower(host); // what was acknowledged since shows then
      return;
    }
    switch (action) {
      case CHANGE -> {
        world.tally().changes++;
        actor.change(random);
      }
      case COMPARE -> {
        world.tally().changes++;
        actor.compare(random);
      }
      case READ -> actor.read(random);
      case FLUSH -> actor.flush(random);
      case CANCEL -> actor.cancelOne(random);
      case WAIT -> world.advance(random.nextInt(random.nextInt(8) == 0 ? 1_500 : 30));
      case WAIT_LONG -> world.advance(random.nextInt(400_000));
      case CRASH -> world.crash(host);
      case CUT_POWER -> world.cutPower(host);
      case CLOSE -> closeInOrder(actor);
      case LOSE_LOG -> world.loseLog(host);
      case RESTORE_LOG -> world.restoreLog(host);
      case TAKE_OVER -> takeOver();
      case SECOND_PROCESS -> secondProcess(host);
      case FAIL_LOG -> failLog(actor);
      case FILL_DISK -> {
        world.tally().fullDisks++;
        world.host(host).logs.setFull(!world.host(host).logs.isFull());
      }
      case OUTAGE ->
          world.beginOutage(
              random.nextInt(2), random.nextLong(90_000_000_000L), random.nextInt(3) > 0);
      case CLOCK -> {
        long days = random.nextLong(2_000) - 1_000;
        world.host(host).jumpWallClock(days * 86_400_000_000_000L / (1 + random.nextInt(1000)));
      }
    }
  }

  /** While a call of one host waits, the rest of the world goes on; or the host dies. */
  private void othersGoOn(int waiting) {
    world.look();
    int rate = world.profile().interleaving();
    if (rate == 0 || !world.isInterleaving() || depth > 2 || random.nextInt(rate) != 0) {
      return;
    }
    depth++;
    world.tally().steps++;
    int other = 1 - waiting;
    SimProcess process = world.running(other);
    int roll = random.nextInt(100);
    if (roll < 6) {
      world.tally().crashesInside++;
      world.crash(waiting);
    } else if (roll < 9) {
      world.tally().crashesInside++;
      world.cutPower(waiting);
    } else if (roll < 13 && !world.isBusy(other) && process == null) {
      open(other);
    } else if (process != null && !process.isClosing()) {
      SimProfile.Action action = world.profile().next(random);
      boolean calm =
          switch (action) {
            // Time is what the waiting call lets pass.
            case WAIT, WAIT_LONG, TAKE_OVER, SECOND_PROCESS -> false;
            default -> true;
          };
      if (calm) {
        act(process, action);
      }
    }
    depth--;
    world.look();
  }

  // Trouble that takes a process.

  private void end(SimProcess process) {
    if (random.nextBoolean()) {
      closeInOrder(process);
    } else {
      world.crash(process.term().host);
    }
  }

  private void failLog(SimProcess process) {
    MemoryLogs logs = world.host(process.term().host).logs;
    process.troubleLog();
    world.tally().failedLogs++;
    switch (random.nextInt(3)) {
      case 0 -> logs.failForces(true);
      case 1 -> logs.failAppends(true);
      default -> logs.failReads(!logs.readsFail());
    }
  }

  private void takeOver() {
    int other = 1 - world.term().host;
    if (world.isBusy(other)) {
      return;
    }
    if (world.running(other) != null) {
      world.crash(other);
    }
    world.tell("host " + other + " takes over");
    world.tally().takeovers++;
    open(other);
  }

  /** The log's lock keeps a second process of one host away. */
  private void secondProcess(int host) {
    boolean before = world.isInterleaving();
    world.setInterleaving(false);
    world.setQuiet(host, true);
    try {
      // It may come after the other host took over: then it is refused for want of a log.
      world.host(host).open(Takeover.NONE);
      throw new AssertionError("two processes of one host have the volume open");
    } catch (DeviceException.Unavailable expected) {
      // As it has to be.
    } finally {
      world.setQuiet(host, false);
      world.setInterleaving(before);
    }
  }

  // Opening and closing.

  void open(int host) {
    if (world.isBusy(host)) {
      return;
    }
    if (world.running(host) != null) {
      world.crash(host);
    }
    world.setBusy(host, true);
    try {
      SimProcess process = opening.open(host);
      if (process != null) {
        world.serves(host, process);
        world.look();
        if (random.nextBoolean()) {
          checkDisk(process);
        }
      }
    } finally {
      world.setBusy(host, false);
    }
  }

  void closeInOrder(SimProcess process) {
    int host = process.term().host;
    world.tell("host " + host + " closes");
    world.tally().closes++;
    process.beginClose();
    world.setBusy(host, true);
    Term closed = process.term();
    try {
      process.core().close();
      world.look();
      if (!process.isIdle()) {
        throw new AssertionError("not ended by a close: " + process.flights());
      }
      closed.closed = true;
      closed.promised = Math.max(closed.promised, closed.completed);
      if (world.audit.isClosedBy(closed.epoch)) {
        closed.closedInBucket = true;
        closed.uploaded = Math.max(closed.uploaded, closed.completed);
        if (closed.supersededAt < closed.completed) {
          throw new AssertionError("a superseded owner closed as if all were well");
        }
      }
    } catch (DeviceException.Fenced e) {
      if (!process.isContested()) {
        throw new AssertionError("fenced by nobody", e);
      }
    } catch (DeviceException.Unavailable e) {
      if (!process.logMayFail() && !process.isContested()) {
        throw new AssertionError("a close failed without a cause", e);
      }
    } catch (SimCrash e) {
      // Died within; the next opener finds what was done.
    } finally {
      world.setBusy(host, false);
      if (!process.isDead()) {
        // Whatever it still does is not heard of.
        world.endProcess(host);
      }
    }
  }

  /** The whole disk is what it should be; to be read at last, once there is no more trouble. */
  void checkDisk(SimProcess process) {
    for (int i = 0; i < 20; i++) {
      if (process.isDead()) {
        return;
      }
      Flight flight = process.read(0, SimWorld.BLOCKS);
      for (int j = 0; j < 60 && !flight.hasEnded(); j++) {
        world.advance(1_000);
      }
      world.look();
      if (flight.isGood()) {
        return;
      }
      if (i == 2) {
        world.setQuiet(0, true);
        world.setQuiet(1, true);
      }
    }
    if (!process.mayBeCorrupt() && !process.isDead()) {
      throw new AssertionError("the disk can't be read");
    }
  }
}
