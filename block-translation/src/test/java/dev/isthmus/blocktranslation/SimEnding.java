package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.DeviceState;
import java.util.Random;

/**
 * How a simulated volume ends: everything settles and is read once more, from the bucket alone too;
 * or something is damaged at rest. Threading: confined to the test's thread.
 */
final class SimEnding {

  private final SimWorld world;
  private final Random random;
  private final SimRun run;

  SimEnding(SimWorld world, SimRun run) {
    this.world = world;
    this.random = world.random();
    this.run = run;
  }

  void inOrder() {
    world.quieten();
    for (int i = 0; i < 120; i++) {
      world.advance(1_000);
    }
    world.look();
    for (int host = 0; host < 2; host++) {
      SimProcess process = world.running(host);
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
    for (int host = 0; host < 2; host++) {
      SimProcess process = world.running(host);
      if (process != null) {
        run.closeInOrder(process);
      }
    }
    SimProcess last = openAtLast(world.term().host);
    run.checkDisk(last);
    run.closeInOrder(last);
    world.tally().audits++;
    world.audit.readBucket(world.term());
  }

  private SimProcess openAtLast(int host) {
    run.open(host);
    SimProcess process = world.running(host);
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
    if (process.isBroken() || process.term().supersededAt != Long.MAX_VALUE) {
      return;
    }
    if (process.core().positions().uploadedLsn() != process.line().last()) {
      throw new AssertionError("not in the bucket by itself: " + process.core().positions());
    }
    boolean stalled = process.core().state().kind() == DeviceState.Kind.STALLED;
    if (stalled && !process.core().isLogFailed()) {
      throw new AssertionError("stalled for good: " + process.core().state());
    }
  }

  /** Damage at rest: from here on Corrupt is a good answer, and wrong data is none. */
  void withDamage() {
    world.quieten();
    SimProcess owner = world.owner();
    if (owner != null && random.nextBoolean()) {
      run.checkDisk(owner);
    }
    world.tally().damages++;
    world.beginDamage();
    for (int i = random.nextInt(2); i >= 0; i--) {
      world.tell(world.audit.damage(random, world.host(world.term().host)));
    }
    owner = world.owner();
    if (owner != null) {
      run.checkDisk(owner);
    }
    world.crash(world.term().host);
    world.term().logGone |= !world.host(world.term().host).logs.holds(world.term().logId);
    if (world.audit.isAnythingMissing()) {
      // Whatever was the end of the chain may be so no more; only a checkpoint says how far it
      // went.
      world.term().uploaded = 0;
      world.term().completed = 0;
      world.term().promised = 0;
    }
    try {
      SimProcess process = openAtLast(world.term().host);
      run.checkDisk(process);
    } catch (DeviceException.Corrupt expected) {
      // Said, and nothing wrong was shown.
    }
  }
}
