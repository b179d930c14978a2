package dev.isthmus.blocktranslation;

import dev.isthmus.blocktranslation.store.FakeBucket;
import dev.isthmus.blocktranslation.store.SimulatedTimer;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Two hosts, a bucket and one volume under one seed: who runs, what was promised, what went wrong,
 * and the trouble that may come over a host. Threading: confined to the test's thread.
 */
final class SimWorld implements AutoCloseable {

  static final int BLOCKS = 128;
  static final int BLOCK_BYTES = 512;

  /** Most of what a failure tells. */
  private static final int MAX_STORY = 60;

  final SimAudit audit;
  private final Random random;
  private final SimTally tally;
  private final SimProfile profile;
  private final SimulatedTimer timer = new SimulatedTimer();
  private final SimHost[] hosts = new SimHost[2];
  private final SimFaults[] faults = new SimFaults[2];
  private final @Nullable SimProcess[] running = new SimProcess[2];
  private final boolean[] busy = new boolean[2];
  private final long[] attempts = new long[2];
  private final Arena arena = Arena.ofConfined();
  private final List<String> story = new ArrayList<>();
  private final List<@Nullable Map<Path, MemoryLog.Disk>> backups = new ArrayList<>();
  private final long[] backupEpochs = new long[2];
  private Term term;
  private long nextId = 1;
  private boolean interleaving = true;
  private boolean damaged;
  private boolean ending;
  private @Nullable AssertionError violation;

  /**
   * @param othersGoOn called with a host while a call of its process waits
   */
  SimWorld(long seed, SimTally tally, IntConsumer othersGoOn) {
    this.random = new Random(seed);
    this.tally = tally;
    this.profile = SimProfile.draw(random);
    this.term = Term.none(new Timeline(BLOCKS, BLOCK_BYTES));
    var bucket = new FakeBucket();
    for (int i = 0; i < hosts.length; i++) {
      int host = i;
      backups.add(null);
      faults[i] = new SimFaults(random, timer, profile.faultRate(), tally);
      hosts[i] =
          new SimHost(timer, bucket, random, profile.settings(), profile.sizes())
              .withDelays(profile.maxDelayNanos(), profile.maxBlockingNanos())
              .withFaults(faults[i])
              .withInterleaving(() -> othersGoOn.accept(host));
      hosts[i].logs.withRollBytes(profile.rollBytes());
      hosts[i].logs.onAppended((record, payload) -> {
        SimProcess process = running[host];
        if (process != null) {
          process.line().appended(record, payload);
        }
      });
    }
    this.audit = new SimAudit(bucket, hosts[0]);
  }

  // Who runs.

  /** The process of a host that has the volume open, or null. */
  @Nullable SimProcess running(int host) {
    return running[host];
  }

  /** The newest owner, if it lives. */
  @Nullable SimProcess owner() {
    SimProcess process = running[term.host];
    return process != null && process.term() == term ? process : null;
  }

  /** A process serves from now on; it is the owner unless it was superseded before. */
  void serves(int host, SimProcess process) {
    running[host] = process;
    if (process.term().epoch > term.epoch) {
      term = process.term();
    }
  }

  void setBusy(int host, boolean isBusy) {
    busy[host] = isBusy;
  }

  // What it is like.

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

  void die(int host) {
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

  void crash(int host) {
    tell("host " + host + " crashes");
    tally.crashes++;
    noteDistrust(host);
    hosts[host].crash();
    die(host);
  }

  void cutPower(int host) {
    tell("host " + host + " loses power");
    tally.powerCuts++;
    hosts[host].cutPower();
    die(host);
    losesUnforced(host);
  }

  private void losesUnforced(int host) {
    term.anyPowerCut = true;
    if (term.host == host && !term.closed) {
      term.powerCut = true;
    }
  }

  /**
   * After a failed force the page cache is worth nothing: a crash is as a power cut for the log.
   */
  private void noteDistrust(int host) {
    if (term.host == host && hosts[host].logs.isDistrusted(term.logId)) {
      losesUnforced(host);
    }
  }

  /** The process of a host ends without a word to anybody. */
  void endProcess(int host) {
    noteDistrust(host);
    hosts[host].crash();
    die(host);
  }

  void loseLog(int host) {
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
  void restoreLog(int host) {
    Map<Path, MemoryLog.Disk> backup = backups.get(host);
    if (busy[host]) {
      return;
    }
    if (backup == null || backupEpochs[host] >= term.epoch || term.host != host) {
      backups.set(host, hosts[host].logs.backup());
      backupEpochs[host] = term.epoch;
      return;
    }
    crash(host);
    tell("its log is as it was in epoch " + backupEpochs[host]);
    tally.lostLogs++;
    hosts[host].logs.restore(backup);
    backups.set(host, null);
    term.logGone = true;
  }

  /** Others hear that somebody opens the volume. */
  void contest(int host) {
    attempts[host]++;
    SimProcess other = running[1 - host];
    if (other != null) {
      other.contest();
    }
  }

  long attempts() {
    return attempts[0] + attempts[1];
  }

  long attemptsOfOthers(int host) {
    return attempts[1 - host];
  }

  /** Whether the manifest names an owner that does not serve yet. */
  boolean isNamedBeforeItServes() {
    return audit.namedEpoch() > term.epoch;
  }

  boolean isBusy(int host) {
    return busy[host];
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

  /** Whether others go on while a call waits. */
  boolean isInterleaving() {
    return interleaving;
  }

  void beginOutage(int host, long nanos, boolean ofSomeKeys) {
    tally.outages++;
    faults[host].beginOutage(nanos, ofSomeKeys);
  }

  // The end.

  /** No more trouble; what is under way still arrives. */
  void quieten() {
    ending = true;
    interleaving = false;
    for (int host = 0; host < hosts.length; host++) {
      faults[host].setQuiet(true);
      hosts[host].logs.failReads(false);
      hosts[host].logs.setFull(false);
    }
    timer.advance(FakeBucket.MAX_LATENESS_NANOS);
  }

  /** From now on Corrupt is a good answer. */
  void beginDamage() {
    damaged = true;
  }
}
