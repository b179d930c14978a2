package dev.isthmus.gateway.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.gateway.kernel.TakeoverRace.Claim;
import dev.isthmus.gateway.kernel.TakeoverRace.Mode;
import dev.isthmus.gateway.rpc.v1.Volume;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Two real gateways take a volume from each other again and again, while a client of each writes.
 * After each change of owner the whole disk is read from the new one and has to be: an exact prefix
 * of what the old one's client wrote, with all that it was told to be uploaded, and every write of
 * the new one's client; of what the old one completed afterwards, nothing. The old one's client has
 * to be refused, not left in silence.
 *
 * <p>{@code -Dsim.seeds=N} says how many races, {@code -Dsim.seed=SEED} where they begin: a seed
 * tells how the owner changes and when, the machine what comes of it.
 */
@Timeout(value = 2, unit = TimeUnit.HOURS)
class TakeoverRaceIT {

  /** All modes. */
  private static final int DEFAULT_RACES = 7;

  /** After so many another volume is raced for. */
  private static final int LEG_RACES = 4;

  /** One of so many volumes has flush=local, the others flush=uploaded. */
  private static final int LOCAL_FLUSH_EVERY = 3;

  private static final int BLOCKS = 2048;

  private static final List<Mode> MODES = List.of(Mode.values());

  /** NVMe: path-related status, asymmetric access persistent loss (NVMe Base 2.0, figure 97). */
  private static final int PERSISTENT_LOSS = 0x301;

  /** A fenced owner learns of it with its next upload; after that nobody waits. */
  private static final Duration LONGEST_SILENCE = Duration.ofSeconds(30);

  @RegisterExtension final Lab lab = new Lab();

  private final Map<Mode, Integer> races = new EnumMap<>(Mode.class);
  private int clients;
  private long completedWrites;
  private long flushes;
  private int takenBackWrites;
  private int lateWrites;
  private int rollbacks;

  private RaceGateway gateway(String name, TestBucket bucket) throws Exception {
    // A take-over makes a new log: small ones, since many are kept aside.
    List<String> settings = List.of("--listen", "127.0.0.1:0", "--volume-log-capacity", "128MiB");
    return lab.keep(new RaceGateway(name, new TestGateway(lab, name, List.of(), bucket, settings)));
  }

  @Test
  void whoeverOpensLastOwnsIt() throws Exception {
    int count = Integer.getInteger("sim.seeds", DEFAULT_RACES);
    long first = Long.getLong("sim.seed", System.nanoTime() >>> 10);
    System.out.printf("take-over races: %d seeds from %d; -Dsim.seed=SEED%n", count, first);
    TestBucket bucket = TestBucket.start(lab, List.of());
    RaceGateway owner = gateway("one", bucket);
    RaceGateway other = gateway("two", bucket);
    RaceTerm term = null;
    long leg = Long.MIN_VALUE;
    for (long seed = first; seed < first + count; seed++) {
      if (term == null || leg != Math.floorDiv(seed, LEG_RACES)) {
        end(term);
        leg = Math.floorDiv(seed, LEG_RACES);
        term = newVolume(owner, bucket.volume("disk-" + leg), flush(leg), seed);
      }
      try {
        RaceTerm next = race(seed, term, other, bucket.volume(term.volume()), flush(leg));
        other = next.owner().equals(owner) ? other : owner;
        owner = next.owner();
        term = next;
      } catch (Exception | AssertionError e) {
        throw new AssertionError("-Dsim.seed=" + seed + " -Dsim.seeds=1: " + e.getMessage(), e);
      }
    }
    end(term);
    lab.figure(
        "%d races %s: clients completed %d writes and %d flushes; %d times the disk went back, by"
                .formatted(count, races, completedWrites, flushes, rollbacks)
            + " %d completed writes in all; old owners completed %d more afterwards, and none of"
                .formatted(takenBackWrites, lateWrites)
            + " them was found");
  }

  private static String flush(long leg) {
    return Math.floorMod(leg, LOCAL_FLUSH_EVERY) == 0 ? "local" : "uploaded";
  }

  private RaceTerm newVolume(RaceGateway owner, String uri, String flush, long seed)
      throws Exception {
    Volume created = owner.create(uri, (long) BLOCKS * StampedDisk.BLOCK_BYTES, flush);
    Volume _ = owner.publish(created.getName());
    RaceTerm term = RaceTerm.begin(owner, created, new StampedDisk(BLOCKS), ++clients, seed);
    lab.keep(term.writer());
    term.writer().resume(RaceWriter.ALL_BLOCKS);
    return term;
  }

  private void end(@Nullable RaceTerm term) throws Exception {
    if (term != null) {
      term.check("at the end");
      count(term.writer());
      term.writer().close();
      term.owner().delete(term.volume());
    }
  }

  private void count(RaceWriter writer) {
    completedWrites += writer.completedWrites();
    flushes += writer.flushes();
  }

  private RaceTerm race(long seed, RaceTerm old, RaceGateway other, String uri, String flush)
      throws Exception {
    var random = new SplittableRandom(seed);
    // In turn, so that any seven races have all.
    Mode mode = MODES.get(Math.floorMod(seed, MODES.size()));
    Thread.sleep(100 + random.nextInt(1400));
    String word = flush.equals("uploaded") ? "unflushed" : "lossy";
    var race = new TakeoverRace(mode, random, old, other, uri, word);
    List<Claim> claims = race.run();
    Claim winner = claims.getFirst();

    Volume _ = winner.gateway().publish(old.volume());
    int prefix = Math.toIntExact(winner.opened().getAppliedLsn() - old.baseLsn());
    assertTrue(
        prefix >= 0 && prefix <= winner.oldSubmitted(),
        () -> "%d of %d writes".formatted(prefix, winner.oldSubmitted()));
    RaceTerm next =
        RaceTerm.begin(winner.gateway(), winner.opened(), old.after(prefix), ++clients, seed);
    lab.keep(next.writer());
    if (random.nextBoolean()) {
      next.check("the new owner's disk at first");
    }
    // Half of the blocks still tells what the old client's last writes were.
    next.writer().resume(random.nextInt(2));
    Thread.sleep(random.nextInt(800));
    race.unpause();
    endLosers(mode, old, claims);
    next.check("the new owner's disk, beside a fenced old one");
    judge(race, winner, prefix, old, next, flush);
    (winner.gateway().equals(other) ? old.owner() : other).retireLoser(old.volume());
    report(seed, mode, flush, winner, prefix, old);
    next.writer().resume(RaceWriter.ALL_BLOCKS);
    return next;
  }

  /** Everyone who has it no longer must say so to those who write. */
  private void endLosers(Mode mode, RaceTerm old, List<Claim> claims) throws Exception {
    old.writer().resume(RaceWriter.ALL_BLOCKS);
    String ended = old.writer().awaitEnd(LONGEST_SILENCE);
    var losers = new ArrayList<RaceGateway>();
    switch (mode) {
      case LIVE, PAUSED, PAUSED_MIDWAY -> {
        assertEquals(PERSISTENT_LOSS, old.writer().status(), () -> "the old client: " + ended);
        losers.add(old.owner());
      }
      case KILLED, KILLED_AND_BACK, HANDED_OVER, BOTH ->
          assertTrue(ended.startsWith("connection:") || old.writer().status() != 0, ended);
    }
    for (Claim loser : claims.subList(1, claims.size())) {
      Volume _ = loser.gateway().publish(old.volume());
      try (var writer =
          new RaceWriter(loser.gateway().connect(old.volume()), ++clients, BLOCKS, clients)) {
        writer.resume(RaceWriter.ALL_BLOCKS);
        String end = writer.awaitEnd(LONGEST_SILENCE);
        assertEquals(PERSISTENT_LOSS, writer.status(), () -> "the loser's client: " + end);
        lateWrites += writer.completedWrites();
      }
      losers.add(loser.gateway());
    }
    for (RaceGateway loser : losers) {
      Volume shown = loser.show(old.volume());
      assertEquals("FENCED", shown.getState(), shown::getReason);
      assertTrue(shown.getReason().contains("no longer owns the volume"), shown.getReason());
    }
  }

  private void judge(
      TakeoverRace race, Claim winner, int prefix, RaceTerm old, RaceTerm next, String flush) {
    RaceWriter writer = old.writer();
    if (flush.equals("uploaded")) {
      assertTrue(
          prefix >= writer.flushed(),
          () -> "flushed %d, there %d".formatted(writer.flushed(), prefix));
    }
    boolean newIncarnation = next.incarnation() > old.incarnation();
    assertEquals(newIncarnation, !next.nguid().equals(old.nguid()), "NGUID as the incarnation");
    if (prefix < writer.completed()) {
      assertTrue(newIncarnation, "the disk went back, and says nothing of it");
    }
    if (newIncarnation) {
      rollbacks++;
      assertTrue(winner.opened().getRolledBack(), "rolled back");
      assertEquals(winner.opened().getAppliedLsn(), winner.opened().getRolledBackToLsn());
    }
    if (race.wasClosedInOrder()) {
      assertTrue(prefix >= writer.completed(), "a clean close loses nothing");
    }
  }

  private void report(long seed, Mode mode, String flush, Claim winner, int prefix, RaceTerm old) {
    RaceWriter writer = old.writer();
    count(writer);
    races.merge(mode, 1, Integer::sum);
    int lost = Math.max(0, writer.completed() - prefix);
    int late = Math.max(0, writer.completed() - winner.oldSubmitted());
    takenBackWrites += lost - late;
    lateWrites += late;
    System.out.printf(
        "race %d %s flush=%s: %s opened in %d ms with %d of %d writes (%d flushed), %d completed"
            + " too late%n",
        seed,
        mode,
        flush,
        winner.gateway(),
        winner.millis(),
        prefix,
        winner.oldSubmitted(),
        writer.flushed(),
        late);
  }
}
