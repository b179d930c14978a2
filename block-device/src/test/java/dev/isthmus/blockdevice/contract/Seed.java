package dev.isthmus.blockdevice.contract;

import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.function.ThrowingConsumer;
import org.opentest4j.TestAbortedException;

/** Seeds of randomised tests: fresh each run, printed on failure, set by -Disthmus.seed=N. */
public final class Seed {

  private Seed() {}

  /** Runs {@code body} with a seed that a failure names. */
  public static void run(ThrowingConsumer<Long> body) {
    Long fixed = Long.getLong("isthmus.seed");
    long seed = fixed != null ? fixed : ThreadLocalRandom.current().nextLong();
    try {
      body.accept(seed);
    } catch (TestAbortedException e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("failed with -Disthmus.seed=" + seed + ": " + e.getMessage(), e);
    }
  }
}
