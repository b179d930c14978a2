package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blocktranslation.format.Manifest;
import java.util.Random;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Opens a simulated volume, as often as it takes, and judges what it finds there: all that was
 * promised, at the tier that the faults leave; nothing that never was; and no way back in time
 * without a word. Threading: confined to the test's thread.
 */
final class SimOpening {

  private static final int MAX_TRIES = 60;
  private static final int TRIES_WITH_FAULTS = 30;

  private final SimWorld world;

  SimOpening(SimWorld world) {
    this.world = world;
  }

  /** The opened volume; null if the process died over it, or found that another one is newer. */
  @Nullable SimProcess open(int host) {
    Random random = world.random();
    int tries = 1 + random.nextInt(MAX_TRIES);
    try {
      for (int i = 0; i < MAX_TRIES; i++) {
        Term past = world.term();
        boolean hasLog = hasLog(past, host);
        Takeover word = word(past, host, i);
        long othersBefore = world.attemptsOfOthers(host);
        world.contest(host);
        world.setQuiet(host, i >= TRIES_WITH_FAULTS || world.isDamaged());
        if (i >= TRIES_WITH_FAULTS) {
          world.setInterleaving(false);
        }
        try {
          VolumeCore core = world.host(host).open(word);
          world.tally().opens++;
          SimProcess process = judge(past, host, hasLog, core);
          if (world.isBusy(1 - host) || world.attemptsOfOthers(host) > othersBefore) {
            process.contest();
          }
          return process;
        } catch (DeviceException.Unavailable | DeviceException.Fenced e) {
          world.tally().failedOpens++;
          world.tell("host " + host + ": no open: " + e.getMessage());
          world.advance(1_000);
          world.look();
          if (i == tries && world.term() != past) {
            return null; // somebody else has it
          }
        } catch (DeviceException.Corrupt e) {
          if (world.isDamaged()) {
            throw e;
          }
          // The manifest may name a damaged log only now: an opener's last word, arrived late.
          if (!world.host(host).logs.isAnyDamaged()) {
            throw new AssertionError("corrupt without damage", e);
          }
          world.tally().failedOpens++;
          world.advance(1_000);
        }
      }
    } catch (SimCrash e) {
      return null;
    } finally {
      world.setQuiet(host, false);
      world.setInterleaving(true);
    }
    throw new AssertionError("can't be opened");
  }

  private boolean hasLog(Term past, int host) {
    return !world.isDamaged()
        && past.host == host
        && !past.logGone
        && world.host(host).manifest().log().equals(past.logId)
        && world.host(host).logs.holds(past.logId);
  }

  /** What has to be agreed to; without it the volume must not open. */
  private Takeover word(Term past, int host, int triesBefore) {
    if (world.isDamaged()) {
      return triesBefore == 0 ? Takeover.NONE : Takeover.LOSSY;
    }
    if (needsNoWord(past, host)) {
      return Takeover.NONE;
    }
    boolean onlyUnflushed = world.host(host).manifest().flush() == Tier.UPLOADED;
    if (!world.isBusy(1 - host) && world.random().nextInt(3) == 0) {
      mustRefuse(past, host, Takeover.NONE);
      if (!onlyUnflushed) {
        mustRefuse(past, host, Takeover.UNFLUSHED);
      }
    }
    boolean damagedHere = past.logGone && past.host == host;
    return onlyUnflushed && !damagedHere && world.random().nextBoolean()
        ? Takeover.UNFLUSHED
        : Takeover.LOSSY;
  }

  /** Closed by its last owner, or with that one's log at hand. */
  private boolean needsNoWord(Term past, int host) {
    Manifest manifest = world.host(host).manifest();
    return manifest.state() == Manifest.State.CLOSED
        || (world.host(host).logs.holds(manifest.log())
            && !(past.logGone && manifest.log().equals(past.logId)));
  }

  private void mustRefuse(Term past, int host, Takeover word) {
    if (needsNoWord(past, host)) {
      return; // by now
    }
    world.setQuiet(host, true);
    world.setInterleaving(false);
    long replacedBefore = world.manifestReplacements();
    try {
      world.host(host).open(word);
    } catch (DeviceException.Unavailable | DeviceException.Corrupt expected) {
      return;
    } finally {
      world.setQuiet(host, false);
      world.setInterleaving(true);
    }
    world.crashSilently(host);
    // The last word of a process that died, that it was closed, may just have arrived.
    if (world.manifestReplacements() == replacedBefore + 1) {
      throw new AssertionError("opened with " + word + " though its log is gone");
    }
  }

  private SimProcess judge(Term before, int host, boolean hadLogBefore, VolumeCore core) {
    long epoch = core.summary().epoch();
    UUID logId = core.log().logId();
    // While this waited somebody else may have served: before it, or instead of it.
    boolean late = epoch < world.term().epoch;
    Term past = late ? before : world.term();
    boolean hadLog = hadLogBefore && past == before;
    long last = core.positions().appliedLsn();
    boolean withLog = hadLog || logId.equals(past.logId);
    boolean rolledBack = core.openOutcome() instanceof OpenOutcome.RolledBack;
    long incarnation = core.info().identity().incarnation();
    world.tell(
        "host %d: open, epoch %d, at %d of %d, least %d (log %b), %s"
            .formatted(
                host,
                epoch,
                last,
                past.line.last(),
                past.least(withLog),
                withLog,
                core.openOutcome()));
    require(epoch > past.epoch, "epoch " + epoch + " after " + past.epoch);
    require(
        last >= past.least(withLog) && last <= past.line.last(),
        last + " of " + past.line.last() + " changes, promised " + past.least(withLog));
    boolean wentBack = last < past.completed;
    require(
        !wentBack || (rolledBack && incarnation > past.incarnation),
        "time travel from " + past.completed + " to " + last);
    require(incarnation == past.incarnation || rolledBack, "a new incarnation without a word");
    // Of a term that never served nobody knows that it did not.
    boolean vain = world.attempts() > past.attemptsBefore + 1;
    boolean cause =
        past.rolledBack || ((vain || !past.closedInBucket) && (past.anyPowerCut || !withLog));
    require(!rolledBack || cause, "rolled back without a cause: " + core.openOutcome());
    if (!late) {
      past.supersededAt = last;
    }
    var term = new Term(epoch, host, logId, incarnation, rolledBack, past.line.fork(last));
    term.supersededAt = late ? past.supersededAt : Long.MAX_VALUE;
    term.attemptsBefore = world.attempts();
    term.completed = last;
    term.promised = Math.min(past.promised, last);
    term.uploaded = core.positions().uploadedLsn();
    require(term.uploaded >= past.uploaded, "the bucket went back");
    return new SimProcess(world, core, term);
  }

  private static void require(boolean condition, String what) {
    if (!condition) {
      throw new AssertionError(what);
    }
  }
}
