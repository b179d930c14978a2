package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blocktranslation.map.MapSettings;
import dev.isthmus.wal.LogSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Random;

/**
 * How one seed's world is made: sizes, delays, and how often what happens. Each seed leaves some
 * kinds of trouble out altogether: so others get far. Immutable.
 *
 * @param weights how often which {@link Action} is taken
 * @param interleaving one in so many steps of time within an open or close lets another host act; 0
 *     for never
 */
record SimProfile(
    Tier ack,
    Tier flush,
    int steps,
    double faultRate,
    long maxDelayNanos,
    long maxBlockingNanos,
    int interleaving,
    long rollBytes,
    ObjectVolumeSettings settings,
    EngineSizes sizes,
    Map<Action, Integer> weights) {

  /** What a step may be. */
  enum Action {
    CHANGE(400, false),
    COMPARE(40, false),
    READ(130, false),
    FLUSH(40, false),
    CANCEL(10, true),
    WAIT(250, false),
    WAIT_LONG(12, true),
    CRASH(12, true),
    CUT_POWER(7, true),
    CLOSE(8, true),
    LOSE_LOG(4, true),
    RESTORE_LOG(4, true),
    TAKE_OVER(10, true),
    SECOND_PROCESS(3, true),
    FAIL_LOG(4, true),
    FILL_DISK(4, true),
    OUTAGE(12, true),
    CLOCK(4, true);

    private final int weight;
    private final boolean optional;

    Action(int weight, boolean optional) {
      this.weight = weight;
      this.optional = optional;
    }
  }

  static SimProfile draw(Random random) {
    var weights = new EnumMap<Action, Integer>(Action.class);
    for (Action action : Action.values()) {
      int times = action.optional ? new int[] {0, 1, 1, 3}[random.nextInt(4)] : 1;
      weights.put(action, action.weight * times);
    }
    int fanOut = 2 + random.nextInt(3);
    var map =
        new MapSettings(
            16 << random.nextInt(4),
            random.nextInt(3) * (32L << 10),
            fanOut,
            1 + random.nextInt(2),
            1 + random.nextInt(2),
            fanOut + 1 + random.nextInt(6));
    var settings =
        new ObjectVolumeSettings(
            Path.of("simulated"),
            64 << 20,
            random.nextInt(3) * (24L << 10),
            16 << 20,
            1 << 20,
            Duration.ofMillis(20 + random.nextInt(300)),
            Duration.ofSeconds(30));
    var sizes =
        new EngineSizes(
            4096 << random.nextInt(4),
            new LogSettings((8L << random.nextInt(4)) << 20, 1 << 20),
            (96L << 10) << random.nextInt(4),
            map,
            1 + random.nextInt(random.nextBoolean() ? 3 : 16));
    return new SimProfile(
        random.nextInt(4) == 0 ? Tier.LOCAL_DURABLE : Tier.APPLIED,
        random.nextInt(3) == 0 ? Tier.UPLOADED : Tier.LOCAL_DURABLE,
        60 + random.nextInt(120),
        random.nextInt(3) == 0 ? 0 : random.nextDouble() * 0.4,
        1 + random.nextLong(1_000_000L << random.nextInt(10)),
        1 + random.nextInt(1 << (10 + random.nextInt(15))),
        new int[] {0, 40, 12, 6}[random.nextInt(4)],
        8192L << random.nextInt(4),
        settings,
        sizes,
        weights);
  }

  boolean allows(Action action) {
    return weights.getOrDefault(action, 0) > 0;
  }

  Action next(Random random) {
    int roll = random.nextInt(weights.values().stream().mapToInt(Integer::intValue).sum());
    for (var weight : weights.entrySet()) {
      roll -= weight.getValue();
      if (roll < 0) {
        return weight.getKey();
      }
    }

    throw new AssertionError("weights");
  }
}
