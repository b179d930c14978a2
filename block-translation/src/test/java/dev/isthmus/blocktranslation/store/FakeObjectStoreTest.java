package dev.isthmus.blocktranslation.store;

import java.util.Random;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import org.junit.jupiter.api.AfterAll;

/** The fake keeps the contract that it stands in for, in real time. */
class FakeObjectStoreTest extends ObjectStoreContract {

  private static final ScheduledThreadPoolExecutor TIMER = StoreTesting.timerExecutor();

  private final FakeBucket bucket = new FakeBucket();

  @Override
  protected ObjectStore openStore() {
    return FakeObjectStore.open(
        bucket,
        new ExecutorStoreTimer(TIMER),
        new Random(),
        StoreFaults.NONE,
        StoreLimits.DEFAULT.withRequests(64, 4096),
        200_000);
  }

  @AfterAll
  static void stop() {
    TIMER.shutdownNow();
  }
}
