package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.io.IOException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** No task ends a loop, and none fails in silence. */
@Timeout(value = 1, unit = TimeUnit.MINUTES)
class ThreadedLoopTest {

  private final BlockingQueue<Throwable> defects = new ArrayBlockingQueue<>(8);
  private final Thread[] heardOn = new Thread[1];
  private final ThreadedLoop loop =
      new ThreadedLoop(
          "loop-under-test",
          task -> Thread.ofPlatform().daemon().start(task),
          defect -> {
            heardOn[0] = Thread.currentThread();
            defects.add(defect);
          });

  @AfterEach
  void end() {
    loop.shutdown();
  }

  @Test
  void aCheckedExceptionThatNobodyDeclaredDoesNotEndTheLoop() throws InterruptedException {
    var undeclared = new IOException("as a library throws it");
    heardAndStillAlive(undeclared, loop::execute);
  }

  @Test
  void aTimersTaskDoesNotEndTheLoop() throws InterruptedException {
    heardAndStillAlive(
        new IOException("in a timer"),
        task -> loop.execute(() -> loop.schedule(TimeUnit.MILLISECONDS.toNanos(1), task)));
  }

  @Test
  void aTaskOffTheLoopIsADefectOnTheLoop() throws InterruptedException {
    heardAndStillAlive(new IllegalStateException("off the loop"), loop.blocking()::execute);
    heardAndStillAlive(new AssertionError("off the loop"), loop.blocking()::execute);
  }

  private void heardAndStillAlive(Throwable thrown, Consumer<Runnable> handIn)
      throws InterruptedException {
    handIn.accept(() -> ThreadedLoopTest.<RuntimeException>throwUndeclared(thrown));
    assertSame(thrown, defects.poll(30, TimeUnit.SECONDS));
    var thread = new CompletableFuture<Thread>();
    loop.execute(() -> thread.complete(Thread.currentThread()));
    assertEquals(heardOn[0], thread.orTimeout(30, TimeUnit.SECONDS).join());
  }

  @SuppressWarnings("unchecked")
  private static <T extends Throwable> void throwUndeclared(Throwable thrown) throws T {
    throw (T) thrown;
  }
}
