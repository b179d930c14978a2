package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blocktranslation.store.FakeBucket;
import dev.isthmus.blocktranslation.store.SimulatedTimer;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * One seed: two hosts, a bucket, one volume, and a random life of it. While one host opens or
 * closes, the other goes on, and either may die. Threading: confined to the test's thread.
 */
final class SimRun implements AutoCloseable {

  static final int BLOCKS = 128;
  static final int BLOCK_BYTES = 512;

  /** Most of what a failure tells. */
  private static final int MAX_STORY = 60;

  private final Random random;
  private final SimTally tally;
  private final SimProfile profile;
  private final SimulatedTimer timer = new SimulatedTimer();
  private final FakeBucket bucket = new FakeBucket();
  private final SimHost[] hosts = new SimHost[2];
  private final SimFaults[] faults = new SimFaults[2];
  private final @Nullable SimProcess[] running = new SimProcess[2];
  private final boolean[] busy = new boolean[2];
  private final long[] attempts = new long[2];
  private final Arena arena = Arena.ofConfined();
  private final List<String> story = new ArrayList<>();
  private final SimAudit audit;
  private final SimOpening opening;
  private final @Nullable Map<Path, MemoryLog.Disk>[] backups;
  private final long[] backupEpochs = new long[2];
  private Term term;
  private long nextId = 1;
  private int depth;
  private boolean interleaving = true;
  private boolean damaged;
  private boolean ending;
  private @Nullable AssertionError violation;

  @SuppressWarnings({"unchecked", "rawtypes"}) // an array of maps
  SimRun(long seed, SimTally tally) {
    this.random = new Random(seed);
    this.tally = tally;
    this.profile = SimProfile.draw(random);
    this.backups = new Map[2];
    this.term = Term.none(new Timeline(BLOCKS, BLOCK_BYTES));
    for (int i = 0; i < hosts.length; i++) {
      int host = i;
      faults[i] = new SimFaults(random, timer, profile.faultRate());
      hosts[i] =
          new SimHost(timer, bucket, random, profile.settings(), profile.sizes())
              .withDelays(profile.maxDelayNanos(), profile.maxBlockingNanos())
              .withFaults(faults[i])
              .withInterleaving(() -> othersGoOn(host));
      hosts[i].logs.withRollBytes(profile.rollBytes());
      hosts[i].logs.onAppended((record, payload) -> {
        SimProcess process = running[host];
        if (process != null) {
          process.line().appended(record, payload);
        }
      });
    }
    this.audit = new SimAudit(bucket, hosts[0]);
    this.opening = new SimOpening(this);
  }

  // What others ask.

  SimProfile profile() {
    return profile;
  }

  SimTally tally() {
    return tally;
  }

  SimHost host(int host) {
    return hosts[host];
  }

  Random random() {
    return random;
  }

  Arena arena() {
    return arena;
  }

  Term term() {
    return term;
  }

  long nanoTime() {
    return timer.nanoTime();
  }

  long nextId() {
    return nextId++;
  }

  boolean storeMayFail() {
    return profile.faultRate() > 0 || profile.allows(SimProfile.Action.OUTAGE) || damaged;
  }

  boolean isDamaged() {
    return damaged;
  }

  void violated(AssertionError newViolation) {
    if (violation == null) {
      violation = newViolation;
    }
  }

  void tell(String what) {
    story.add(timer.nanoTime() / 1_000_000 + " ms " + what);
  }

  String story() {
    int from = Math.max(0, story.size() - MAX_STORY);
    return (from > 0 ? "…; " : "") + String.join("; ", story.subList(from, story.size()));
  }

  @Override
  public void close() {
    arena.close();
  }

  // The run.

  void play() {
    hosts[0].create(
        (long) BLOCKS * BLOCK_BYTES, BLOCK_BYTES, new Tiers(profile.ack(), profile.flush()));
    tell(profile.ack() + " " + profile.flush() + " faults " + profile.faultRate());
    for (int i = 0; i < profile.steps(); i++) {
      step();
    }
    if (random.nextInt(6) == 0) {
      damageAndLook();
    } else {
      endInOrder();
    }
    look();
    tally.seeds++;
  }

  private void step() {
    tally.steps++;
    SimProcess owner = running[term.host];
    if (owner == null || owner.term() != term) {
      withoutOwner();
    } else {
      SimProcess other = running[1 - term.host];
      // A superseded owner goes on until it finds out.
      SimProcess actor = other != null && random.nextInt(4) == 0 ? other : owner;
      act(actor, profile.next(random));
    }
    look();
  }

  /** Mostly the volume is opened again; more may happen before. */
  private void withoutOwner() {
    SimProcess stale = running[1 - term.host];
    if (random.nextInt(4) > 0) {
      int host = random.nextInt(8) == 0 ? 1 - term.host : term.host;
      open(host);
    } else if (stale != null && random.nextBoolean()) {
      stale.change(random);
      advance(random.nextInt(100));
    } else {
      switch (random.nextInt(5)) {
        case 0 -> cutPower(term.host);
        case 1 -> loseLog(term.host);
        case 2 -> restoreLog(term.host);
        default -> advance(random.nextInt(30_000));
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
      cutPower(host); // what was acknowledged since shows then
      return;
    }
    switch (action) {
      case CHANGE -> {
        tally.changes++;
        actor.change(random);
      }
      case COMPARE -> {
        tally.changes++;
        actor.compare(random);
      }
      case READ -> actor.read(random);
      case FLUSH -> actor.flush(random);
      case CANCEL -> actor.cancelOne(random);
      case WAIT -> advance(random.nextInt(random.nextInt(8) == 0 ? 1_500 : 30));
      case WAIT_LONG -> advance(random.nextInt(400_000));
      case CRASH -> crash(host);
      case CUT_POWER -> cutPower(host);
      case CLOSE -> closeInOrder(actor);
      case LOSE_LOG -> loseLog(host);
      case RESTORE_LOG -> restoreLog(host);
      case TAKE_OVER -> takeOver();
      case SECOND_PROCESS -> secondProcess(host);
      case FAIL_LOG -> failLog(actor);
      case FILL_DISK -> hosts[host].logs.setFull(!hosts[host].logs.isFull());
      case OUTAGE ->
          faults[random.nextInt(2)].beginOutage(
              random.nextLong(90_000_000_000L), random.nextInt(3) > 0);
      case CLOCK -> {
        long days = random.nextLong(2_000) - 1_000;
        hosts[host].jumpWallClock(days * 86_400_000_000_000L / (1 + random.nextInt(1000)));
      }
    }
  }

  /** While a call of one host waits, the rest of the world goes on; or the host dies. */
  private void othersGoOn(int waiting) {
    look();
    int rate = profile.interleaving();
    if (rate == 0 || !interleaving || depth > 2 || random.nextInt(rate) != 0) {
      return;
    }
    depth++;
    tally.steps++;
    int other = 1 - waiting;
    SimProcess process = running[other];
    int roll = random.nextInt(100);
    if (roll < 6) {
      tally.crashesInside++;
      crash(waiting);
    } else if (roll < 9) {
      tally.crashesInside++;
      cutPower(waiting);
    } else if (roll < 13 && !busy[other] && process == null) {
      open(other);
    } else if (process != null && !process.isClosing()) {
      SimProfile.Action action = profile.next(random);
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
    look();
  }

  void advance(long millis) {
    timer.advance(millis * 1_000_000);
  }

  /** Throws what was found meanwhile. */
  void look() {
    for (SimProcess process : running) {
      if (process != null) {
        try {
          process.note();
        } catch (AssertionError e) {
          violated(e);
        }
      }
    }
    try {
      audit.watch(tally);
    } catch (AssertionError e) {
      violated(e);
    }
    for (SimHost host : hosts) {
      if (!host.defects.isEmpty()) {
        violated(
            new AssertionError("a defect: " + host.defects.getFirst(), host.defects.getFirst()));
      }
    }
    if (violation != null) {
      throw violation;
    }
  }

  // Trouble.

  private void die(int host) {
    SimProcess process = running[host];
    if (process != null) {
      process.die();
      running[host] = null;
    }
    SimHost dead = hosts[host];
    dead.logs.failForces(false);
    dead.logs.failAppends(false);
    dead.logs.failReads(false);
    dead.logs.setFull(false);
  }

  private void crash(int host) {
    tell("host " + host + " crashes");
    tally.crashes++;
    hosts[host].crash();
    die(host);
  }

  private void cutPower(int host) {
    tell("host " + host + " loses power");
    tally.powerCuts++;
    hosts[host].cutPower();
    die(host);
    term.anyPowerCut = true;
    if (term.host == host && !term.closed) {
      term.powerCut = true;
    }
  }

  private void end(SimProcess process) {
    if (random.nextBoolean()) {
      closeInOrder(process);
    } else {
      crash(process.term().host);
    }
  }

  private void loseLog(int host) {
    crash(host);
    tell("its log is lost");
    tally.lostLogs++;
    if (random.nextBoolean()) {
      hosts[host].logs.damage();
    } else {
      hosts[host].logs.lose();
    }
    if (term.host == host) {
      term.logGone = true;
    }
  }

  /** A backup of an earlier term comes back; if there is none, one is taken. */
  private void restoreLog(int host) {
    Map<Path, MemoryLog.Disk> backup = backups[host];
    if (busy[host]) {
      return;
    }
    if (backup == null || backupEpochs[host] >= term.epoch || term.host != host) {
      backups[host] = hosts[host].logs.backup();
      backupEpochs[host] = term.epoch;
      return;
    }
    crash(host);
    tell("its log is as it was in epoch " + backupEpochs[host]);
    tally.lostLogs++;
    hosts[host].logs.restore(backup);
    backups[host] = null;
    term.logGone = true;
  }

  private void failLog(SimProcess process) {
    MemoryLogs logs = hosts[process.term().host].logs;
    process.troubleLog();
    switch (random.nextInt(3)) {
      case 0 -> logs.failForces(true);
      case 1 -> logs.failAppends(true);
      default -> logs.failReads(!logs.readsFail());
    }
  }

  private void takeOver() {
    int other = 1 - term.host;
    if (busy[other]) {
      return;
    }
    if (running[other] != null) {
      crash(other);
    }
    tell("host " + other + " takes over");
    tally.takeovers++;
    open(other);
  }

  /** The log's lock keeps a second process of one host away. */
  private void secondProcess(int host) {
    boolean before = interleaving;
    interleaving = false;
    faults[host].setQuiet(true);
    try {
      // It may come after the other host took over: then it is refused for want of a log.
      hosts[host].open(Takeover.NONE);
      throw new AssertionError("two processes of one host have the volume open");
    } catch (DeviceException.Unavailable expected) {
      // As it has to be.
    } finally {
      faults[host].setQuiet(false);
      interleaving = before;
    }
  }

  // Opening and closing.

  private void open(int host) {
    if (busy[host]) {
      return;
    }
    if (running[host] != null) {
      crash(host);
    }
    busy[host] = true;
    try {
      SimProcess process = opening.open(host);
      if (process != null) {
        running[host] = process;
        if (process.term().epoch > term.epoch) {
          term = process.term();
        }
        look();
        if (random.nextBoolean()) {
          checkDisk(process);
        }
      }
    } finally {
      busy[host] = false;
    }
  }

  /** Others hear that somebody opens the volume. */
  void contest(int host) {
    attempts[host]++;
    SimProcess other = running[1 - host];
    if (other != null) {
      other.contest();
    }
  }

  long attemptsOfOthers(int host) {
    return attempts[1 - host];
  }

  boolean isBusy(int host) {
    return busy[host];
  }

  long attempts() {
    return attempts[0] + attempts[1];
  }

  long manifestReplacements() {
    return audit.manifestReplacements();
  }

  void crashSilently(int host) {
    hosts[host].crash();
  }

  void setQuiet(int host, boolean quiet) {
    faults[host].setQuiet(quiet || ending);
  }

  void setInterleaving(boolean on) {
    interleaving = on && !ending;
  }

  void closeInOrder(SimProcess process) {
    int host = process.term().host;
    tell("host " + host + " closes");
    tally.closes++;
    process.beginClose();
    busy[host] = true;
    Term closed = process.term();
    try {
      process.core().close();
      look();
      if (!process.isIdle()) {
        throw new AssertionError("not ended by a close: " + process.flights());
      }
      closed.closed = true;
      closed.promised = Math.max(closed.promised, closed.completed);
      if (audit.isClosedBy(closed.epoch)) {
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
      busy[host] = false;
      if (running[host] == process) {
        running[host] = null;
        process.die();
        hosts[host].crash();
        die(host);
      }
    }
  }

  /** The whole disk is what it should be; to be read at last, once there is no more trouble. */
  private void checkDisk(SimProcess process) {
    for (int i = 0; i < 20; i++) {
      if (process.isDead()) {
        return;
      }
      Flight flight = process.read(0, BLOCKS);
      for (int j = 0; j < 60 && !flight.hasEnded(); j++) {
        advance(1_000);
      }
      look();
      if (flight.isGood()) {
        return;
      }
      if (i == 2) {
        faults[0].setQuiet(true);
        faults[1].setQuiet(true);
      }
    }
    if (!process.mayBeCorrupt() && !process.isDead()) {
      throw new AssertionError("the disk can't be read");
    }
  }

  // The end.

  private void endInOrder() {
    quieten();
    for (int i = 0; i < 120; i++) {
      advance(1_000);
    }
    look();
    for (SimProcess process : running) {
      if (process != null) {
        if (!process.isIdle()) {
          throw new AssertionError(
              "a hang: "
                  + process.flights()
                  + " at "
                  + process.core().positions()
                  + ", "
                  + process.core().statistics());
        }
        checkFenced(process);
      }
    }
    for (int host = 0; host < hosts.length; host++) {
      SimProcess process = running[host];
      if (process != null) {
        closeInOrder(process);
      }
    }
    SimProcess last = openAtLast(term.host);
    checkDisk(last);
    closeInOrder(last);
    tally.audits++;
    audit.readBucket(term);
  }

  private void quieten() {
    ending = true;
    interleaving = false;
    for (int host = 0; host < hosts.length; host++) {
      faults[host].setQuiet(true);
      hosts[host].logs.failReads(false);
      hosts[host].logs.setFull(false);
    }
    timer.advance(FakeBucket.MAX_LATENESS_NANOS);
  }

  private SimProcess openAtLast(int host) {
    open(host);
    SimProcess process = running[host];
    if (process == null) {
      throw new AssertionError("can't be opened at last");
    }
    return process;
  }

  /** Who was superseded, and tried to upload more, has found out. */
  private void checkFenced(SimProcess process) {
    boolean moved = process.line().last() > process.term().supersededAt;
    if (moved && !process.isBroken()) {
      throw new AssertionError("not fenced: " + process.core().state());
    }
    if (process.core().state().kind() == DeviceState.Kind.STALLED) {
      throw new AssertionError("stalled for good: " + process.core().state());
    }
  }

  /** Damage at rest: from here on Corrupt is a good answer, and wrong data is none. */
  private void damageAndLook() {
    quieten();
    SimProcess owner = running[term.host];
    if (owner != null && owner.term() == term && random.nextBoolean()) {
      checkDisk(owner);
    }
    tally.damages++;
    damaged = true;
    for (int i = random.nextInt(2); i >= 0; i--) {
      tell(audit.damage(random, hosts[term.host]));
    }
    owner = running[term.host];
    if (owner != null && owner.term() == term) {
      checkDisk(owner);
    }
    crash(term.host);
    term.logGone |= !hosts[term.host].logs.holds(term.logId);
    if (audit.isAnythingMissing()) {
      // Whatever was the end of the chain may be so no more; only a checkpoint says how far it
      // went.
      term.uploaded = 0;
      term.completed = 0;
    }
    try {
      SimProcess process = openAtLast(term.host);
      checkDisk(process);
    } catch (DeviceException.Corrupt expected) {
      // Said, and nothing wrong was shown.
    }
  }
}
