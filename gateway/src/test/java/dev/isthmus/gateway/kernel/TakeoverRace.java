package dev.isthmus.gateway.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.gateway.rpc.v1.Volume;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One change of owner, while the old owner's client writes: who says that it has the volume now?
 *
 * <p>Threading: confined to the test's thread, but for the calls that race.
 */
final class TakeoverRace {

  /** How the old owner meets its end, or does not. */
  enum Mode {
    /** It goes on as if nothing had happened. */
    LIVE,
    /** It is stopped before (SIGSTOP), and continued after the other has the volume. */
    PAUSED,
    /** It is stopped or continued in the middle of the other's opening. */
    PAUSED_MIDWAY,
    /** It is killed, and started again when the other has the volume. */
    KILLED,
    /** It is killed, and started again at the same time: both open. */
    KILLED_AND_BACK,
    /** It closes the volume in order at the same time. */
    HANDED_OVER,
    /** The volume was closed in order, and both open it at the same time. */
    BOTH
  }

  /**
   * A gateway that says that it has the volume.
   *
   * @param opened what it said
   * @param oldSubmitted writes that the old owner's client had sent when it said so
   * @param millis that it took to open
   */
  record Claim(RaceGateway gateway, Volume opened, int oldSubmitted, long millis) {
    long epoch() {
      return opened.getBucket().getEpoch();
    }
  }

  private final Mode mode;
  private final SplittableRandom random;
  private final RaceTerm old;
  private final RaceGateway other;
  private final String uri;
  private final String word;
  private boolean closedInOrder;
  private boolean paused;

  /**
   * @param word the weakest that the volume must be opened with
   */
  TakeoverRace(
      Mode mode,
      SplittableRandom random,
      RaceTerm old,
      RaceGateway other,
      String uri,
      String word) {
    this.mode = mode;
    this.random = random;
    this.old = old;
    this.other = other;
    this.uri = uri;
    this.word = word;
  }

  /** Whether the old owner said that it had closed the volume in order. */
  boolean wasClosedInOrder() {
    return closedInOrder;
  }

  /** Races; gives all that claim the volume, the owner first. */
  List<Claim> run() throws Exception {
    var claims = new ArrayList<Claim>();
    switch (mode) {
      case LIVE -> {
        if (random.nextInt(3) == 0) {
          mustRefuse();
        }
        claims.add(open());
      }
      case PAUSED -> {
        pause();
        claims.add(open());
      }
      case PAUSED_MIDWAY -> claims.add(midway());
      case KILLED -> claims.add(killed());
      case KILLED_AND_BACK -> killedAndBack(claims);
      case HANDED_OVER -> claims.add(handedOver());
      case BOTH -> both(claims);
    }
    claims.sort((one, two) -> Long.compare(two.epoch(), one.epoch()));
    return claims;
  }

  /** Lets a stopped owner go on. */
  void unpause() throws Exception {
    if (paused) {
      paused = false;
      old.owner().process.process().resume();
    }
  }

  private void pause() throws Exception {
    paused = true;
    old.owner().process.process().suspend();
  }

  private void sleep(int millis) throws InterruptedException {
    Thread.sleep(random.nextInt(millis));
  }

  private Claim open() {
    return open(other);
  }

  private Claim open(RaceGateway gateway) {
    long beganNanos = System.nanoTime();
    Volume opened = gateway.open(uri, word);
    return new Claim(
        gateway,
        opened,
        old.writer().submitted(),
        TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - beganNanos));
  }

  /** Without the word that fits nothing is taken, and the owner notices nothing. */
  private void mustRefuse() {
    List<String> tooWeak = word.equals("lossy") ? List.of("", "unflushed") : List.of("");
    for (String weak : tooWeak) {
      var refused =
          assertThrows(
              DeviceException.Unavailable.class, () -> other.open(uri, weak), "\"" + weak + "\"");
      String said = String.valueOf(refused.getMessage());
      assertTrue(said.contains("takeover=" + word), said);
    }
    assertEquals("READY", old.owner().show(old.volume()).getState());
    assertEquals(0, old.writer().status());
  }

  private static <T> FutureTask<T> begin(Callable<T> call) {
    var task = new FutureTask<>(call);
    Thread.startVirtualThread(task);
    return task;
  }

  private static <T> T ended(FutureTask<T> task) throws Exception {
    try {
      return task.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof DeviceException refused) {
        throw refused;
      }
      throw e;
    }
  }

  /** What {@code task} gave, or null if the device was refused to it. */
  private static <T> @Nullable T unlessRefused(FutureTask<T> task) throws Exception {
    try {
      return ended(task);
    } catch (DeviceException.Fenced | DeviceException.Unavailable e) {
      return null;
    }
  }

  private Claim midway() throws Exception {
    boolean continued = random.nextBoolean();
    if (continued) {
      pause();
    }
    FutureTask<Claim> opening = begin(this::open);
    sleep(200);
    if (continued) {
      unpause();
    } else {
      pause();
    }
    return ended(opening);
  }

  private Claim killed() throws Exception {
    boolean before = random.nextBoolean();
    if (before) {
      old.owner().process.kill();
    }
    FutureTask<Claim> opening = begin(this::open);
    sleep(200);
    if (!before) {
      old.owner().process.kill();
    }
    Claim claim = ended(opening);
    old.owner().startAgain();
    Volume shown = old.owner().show(old.volume());
    assertEquals("NOT_OPEN", shown.getState(), "the log here does not count any more");
    assertTrue(shown.getReason().contains("takeover=" + word), shown.getReason());
    return claim;
  }

  private void killedAndBack(List<Claim> claims) throws Exception {
    old.owner().process.kill();
    int delayMillis = random.nextInt(3000);
    FutureTask<Claim> opening =
        begin(() -> {
          Thread.sleep(delayMillis);
          return open();
        });
    old.owner().startAgain();
    Claim others = unlessRefused(opening);
    if (others != null) {
      claims.add(others);
    }
    Volume shown = old.owner().show(old.volume());
    if (!shown.getState().equals("NOT_OPEN")) {
      claims.add(new Claim(old.owner(), shown, old.writer().submitted(), 0));
    }
    assertTrue(!claims.isEmpty(), () -> "nobody has it: " + shown.getReason());
  }

  private Claim handedOver() throws Exception {
    FutureTask<Boolean> closing =
        begin(() -> {
          old.owner().retire(old.volume());
          return true;
        });
    sleep(500);
    Claim claim = open();
    closedInOrder = unlessRefused(closing) != null;
    return claim;
  }

  private void both(List<Claim> claims) throws Exception {
    old.writer().pause();
    old.owner().retire(old.volume());
    closedInOrder = true;
    FutureTask<Claim> opening = begin(this::open);
    sleep(60);
    FutureTask<Claim> reopening = begin(() -> open(old.owner()));
    Claim others = unlessRefused(opening);
    Claim own = unlessRefused(reopening);
    if (others != null) {
      claims.add(others);
    }
    if (own != null) {
      claims.add(own);
    }
    assertTrue(!claims.isEmpty(), "each of two refused the other");
  }
}
