package dev.isthmus.blocktranslation.store.directory;

import static dev.isthmus.blocktranslation.store.StoreTesting.join;
import static dev.isthmus.blocktranslation.store.StoreTesting.segments;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blocktranslation.store.ByteRange;
import dev.isthmus.blocktranslation.store.ExecutorStoreTimer;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.PutCondition;
import dev.isthmus.blocktranslation.store.RequestOptions;
import dev.isthmus.blocktranslation.store.RequestPurpose;
import dev.isthmus.blocktranslation.store.StoreLimits;
import dev.isthmus.blocktranslation.store.StoreTesting;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The conditions hold between processes, also when some are killed at any moment. */
class DirectoryStoreProcessTest {

  private static final RequestOptions ADMIN = RequestOptions.of(RequestPurpose.ADMIN);
  private static final int WORKERS = 3;

  @SuppressWarnings("NullAway.Init") // set by JUnit
  @TempDir
  private Path directory;

  private Path root() {
    return directory.resolve("bucket");
  }

  private Path output(int worker) {
    return directory.resolve("output-" + worker);
  }

  private Process start(int worker, int slots, int counts) throws IOException {
    return new ProcessBuilder(
            ProcessHandle.current().info().command().orElse("java"),
            "-Xshare:auto",
            "-cp",
            System.getProperty("java.class.path"),
            DirectoryStoreWorker.class.getName(),
            root().toString(),
            Integer.toString(worker),
            Integer.toString(slots),
            Integer.toString(counts))
        .redirectErrorStream(true)
        .redirectOutput(output(worker).toFile())
        .start();
  }

  private ObjectStore open(java.util.concurrent.ScheduledExecutorService timer) {
    return DirectoryStore.open(root(), StoreLimits.DEFAULT, new ExecutorStoreTimer(timer));
  }

  private List<String> lines(int worker) throws IOException {
    return Files.readString(output(worker), UTF_8).lines().toList();
  }

  @Test
  void oneWinnerEachAndNoLostUpdate() throws IOException, InterruptedException {
    int slots = 60;
    int counts = 40;
    var timer = StoreTesting.timerExecutor();
    try (ObjectStore store = open(timer)) {
      join(
          store.put(
              "v/manifest",
              segments(DirectoryStoreWorker.number(0)),
              PutCondition.ifAbsent(),
              ADMIN));
      var workers = new ArrayList<Process>();
      for (int i = 0; i < WORKERS; i++) {
        workers.add(start(i, slots, counts));
      }
      for (int i = 0; i < WORKERS; i++) {
        assertTrue(workers.get(i).waitFor(120, TimeUnit.SECONDS), "worker " + i);
        assertEquals("done", lines(i).getLast(), String.join("\n", lines(i)));
      }
      Map<String, Integer> winners = new HashMap<>();
      var counted = new HashSet<String>();
      for (int i = 0; i < WORKERS; i++) {
        for (String line : lines(i)) {
          if (line.startsWith("won ")) {
            assertEquals(null, winners.put(line.substring(4), i), line + " twice");
          } else if (line.startsWith("counted ")) {
            assertTrue(counted.add(line), line + " twice");
          }
        }
      }
      assertEquals(slots, winners.size());
      for (var winner : winners.entrySet()) {
        assertEquals((long) winner.getValue(), read(store, "v/log/" + winner.getKey()));
      }
      assertEquals(WORKERS * counts, counted.size());
      assertEquals((long) WORKERS * counts, read(store, "v/manifest"));
    } finally {
      timer.shutdownNow();
    }
  }

  /** What a killed process reported is there; nothing is torn; no lock stays behind. */
  @Test
  void killedProcesses() throws IOException, InterruptedException {
    int slots = 600;
    long seed = new Random().nextLong();
    var random = new Random(seed);
    var timer = StoreTesting.timerExecutor();
    try (ObjectStore store = open(timer)) {
      join(
          store.put(
              "v/manifest",
              segments(DirectoryStoreWorker.number(0)),
              PutCondition.ifAbsent(),
              ADMIN));
      var workers = new ArrayList<Process>();
      for (int i = 0; i < WORKERS; i++) {
        workers.add(start(i, slots, 400));
      }
      for (int i = 1; i < WORKERS; i++) {
        waitForLine(i);
        Thread.sleep(random.nextInt(150));
        workers.get(i).destroyForcibly().waitFor();
        assertFalse(lines(i).contains("done"), "killed too late, seed " + seed);
      }
      assertTrue(workers.getFirst().waitFor(120, TimeUnit.SECONDS), "seed " + seed);
      assertEquals("done", lines(0).getLast(), "seed " + seed);
      long highest = 0;
      for (int i = 0; i < WORKERS; i++) {
        for (String line : lines(i)) {
          if (line.startsWith("won ")) {
            assertEquals(i, read(store, "v/log/" + line.substring(4)), "seed " + seed);
          } else if (line.startsWith("counted ")) {
            highest = Math.max(highest, Long.parseLong(line.substring(8)));
          }
        }
      }
      for (int slot = 0; slot < slots; slot++) {
        assertTrue(read(store, "v/log/" + slot) < WORKERS, "seed " + seed);
      }
      // A killed process may have counted up once without telling.
      long value = read(store, "v/manifest");
      assertTrue(value >= highest && value <= highest + WORKERS - 1, "seed " + seed);
    } finally {
      timer.shutdownNow();
    }
  }

  private void waitForLine(int worker) throws IOException, InterruptedException {
    for (int i = 0; i < 1000 && Files.size(output(worker)) == 0; i++) {
      Thread.sleep(10);
    }
  }

  private static long read(ObjectStore store, String key) {
    return DirectoryStoreWorker.number(
        join(store.get(key, ByteRange.whole(8), ADMIN)).body().toArray(ValueLayout.JAVA_BYTE));
  }
}
