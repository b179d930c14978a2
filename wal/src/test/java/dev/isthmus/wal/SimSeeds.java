package dev.isthmus.wal;

import java.util.Random;
import java.util.stream.LongStream;

/**
 * Which seeds a simulation plays: those that it always plays, and {@code -Dsim.seeds=COUNT} more,
 * from {@code -Dsim.from=SEED} on if that is said, by which a long run can be split and gone on
 * with; {@code -Dsim.seed=SEED} plays one again and no other.
 */
public final class SimSeeds {

  private SimSeeds() {}

  /** Whether one seed is played again, and so whatever it says may be of use. */
  public static boolean isOne() {
    return Long.getLong("sim.seed") != null;
  }

  /**
   * Fresh ones.
   *
   * @param name of the simulation
   * @param count where nobody says how many
   * @param always played first
   */
  public static LongStream fresh(String name, int count, long... always) {
    return from(name, new Random().nextInt(1 << 30), count, always);
  }

  /**
   * Says which, and returns them.
   *
   * @param first where nobody says from where
   */
  public static LongStream from(String name, long first, int count, long... always) {
    Long one = Long.getLong("sim.seed");
    if (one != null) {
      return LongStream.of(one);
    }
    long from = Long.getLong("sim.from", first);
    int seeds = Integer.getInteger("sim.seeds", count);
    System.out.printf("%s: %d seeds from %d; one again with -Dsim.seed=SEED%n", name, seeds, from);
    return LongStream.concat(LongStream.of(always), LongStream.range(from, from + seeds));
  }
}
