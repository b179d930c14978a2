package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blockdevice.contract.BlockStamp;
import dev.isthmus.blockdevice.contract.SyncIo;
import dev.isthmus.blocktranslation.store.ExecutorStoreTimer;
import dev.isthmus.blocktranslation.store.ObjectStore;
import dev.isthmus.blocktranslation.store.StoreLimits;
import dev.isthmus.blocktranslation.store.StoreTesting;
import dev.isthmus.blocktranslation.store.directory.DirectoryStore;
import dev.isthmus.wal.SimSeeds;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The crash oracle: a process writes through a volume at queue depth 16 with flushes between, is
 * killed at a random moment, the volume is opened again, and judged.
 *
 * <p>With the log: everything that completed is there (a process crash keeps what was applied), and
 * what is there is exactly the changes up to one LSN. With log and cache deleted at the crash: the
 * volume refuses to open without the word, then is exactly the prefix that it names, which holds
 * all that was reported uploaded, and its NGUID has changed. Three crashes a seed, on one volume.
 *
 * <p>The properties of {@link SimSeeds} say which seeds.
 */
class CrashOracleSim {

  private static final int CRASHES = 3;

  /** Exit code of a process that SIGKILL ended. */
  private static final int KILLED = 128 + 9;

  static LongStream seeds() {
    return SimSeeds.fresh("crash oracle", 1, 1, 2);
  }

  static ObjectStore store(Path directory) {
    return DirectoryStore.open(
        directory, StoreLimits.DEFAULT, new ExecutorStoreTimer(StoreTesting.timerExecutor()));
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void keepsWhatCompletedOverACrash(long seed, @TempDir Path scratch) throws Exception {
    crash(seed, scratch, false);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void isAnExactPrefixWithoutTheLog(long seed, @TempDir Path scratch) throws Exception {
    crash(seed, scratch, true);
  }

  private static void crash(long seed, Path scratch, boolean loseLog) throws Exception {
    var script = new CrashScript(seed);
    Path bucket = scratch.resolve("bucket");
    Path host = scratch.resolve("host");
    ObjectStore store = store(bucket);
    try (var judge = new TestHost(host, store)) {
      judge.create(
          (long) CrashScript.BLOCKS * CrashScript.BLOCK_BYTES,
          CrashScript.BLOCK_BYTES,
          Tier.APPLIED,
          Tier.LOCAL_DURABLE);
      var random = new Random(seed);
      byte[] nguid = {};
      for (int i = 0; i < CRASHES; i++) {
        Promises promises = runAndKill(script, bucket, host, 100 + random.nextInt(1200));
        if (loseLog) {
          deleteTree(host);
        }
        nguid = judge(script, judge, promises, loseLog, nguid);
      }
    } finally {
      store.close();
    }
  }

  /** What the child was promised before it died. */
  private record Promises(long done, long flushed, long uploaded) {}

  private static Promises runAndKill(CrashScript script, Path bucket, Path host, int millis)
      throws IOException, InterruptedException {
    List<String> command =
        ChildJvm.command(
            CrashChild.class,
            List.of(Long.toString(script.seed()), bucket.toString(), host.toString()));
    // A file, since a pipe may be closed before what a killed process wrote is read.
    Path said = Files.createTempFile(bucket.getParent(), "said", ".txt");
    Process child =
        new ProcessBuilder(command)
            .redirectOutput(said.toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try {
      while (child.isAlive() && !Files.readString(said).contains("READY")) {
        Thread.sleep(10);
      }
      Thread.sleep(millis);
    } finally {
      child.destroyForcibly();
    }
    assertEquals(KILLED, child.waitFor(), () -> "seed " + script.seed() + ": died by itself");
    return promises(script, Files.readString(said));
  }

  private static Promises promises(CrashScript script, String said) {
    long done = 0;
    long flushed = 0;
    long uploaded = 0;
    // What stands behind the last line feed was cut off by the kill.
    for (String line : said.substring(0, said.lastIndexOf('\n') + 1).lines().toList()) {
      String[] words = line.split(" ", 2);
      switch (words[0]) {
        case "DONE" -> done = Long.parseLong(words[1]);
        case "FLUSHED" -> flushed = Math.max(flushed, Long.parseLong(words[1]));
        case "UPLOADED" -> uploaded = Long.parseLong(words[1]);
        case "ERROR" -> throw new AssertionError("seed " + script.seed() + ": " + words[1]);
        default -> {
          // READY; and libraries may print what they like.
        }
      }
    }
    return new Promises(done, flushed, uploaded);
  }

  private static byte[] judge(
      CrashScript script, TestHost host, Promises promises, boolean logLost, byte[] nguidBefore) {
    String seed = "seed " + script.seed() + ": ";
    if (logLost) {
      var refused = assertThrows(DeviceException.Unavailable.class, () -> host.open());
      assertTrue(
          String.valueOf(refused.getMessage()).contains("takeover=lossy"), refused::toString);
    }
    try (VolumeCore volume = host.open(logLost ? Takeover.LOSSY : Takeover.NONE)) {
      long last = volume.positions().appliedLsn();
      byte[] nguid = volume.info().identity().nguid();
      if (logLost) {
        var outcome = assertInstanceOf(OpenOutcome.RolledBack.class, volume.openOutcome());
        assertEquals(last, outcome.toLsn(), seed + "the LSN that was reported");
        assertTrue(
            last >= promises.uploaded,
            () -> seed + "uploaded " + promises.uploaded + ", there is " + last);
        assertFalse(Arrays.equals(nguidBefore, nguid), seed + "the NGUID did not change");
      } else {
        assertEquals(OpenOutcome.COMPLETE, volume.openOutcome(), seed + "the outcome");
        long promised = Math.max(promises.done, promises.flushed);
        assertTrue(
            last >= promised, () -> seed + "promised were " + promised + ", there are " + last);
      }
      assertContent(seed, script, volume, last);
      System.out.printf(
          "  %spromised %s; opened %s at LSN %d%n",
          seed, promises, logLost ? "without the log" : "with the log", last);
      return nguid;
    }
  }

  private static void assertContent(
      String seed, CrashScript script, VolumeCore volume, long lastId) {
    long[] model = script.model(lastId);
    int blocksPerRead = 64;
    var io = new SyncIo(volume);
    for (int block = 0; block < CrashScript.BLOCKS; block += blocksPerRead) {
      MemorySegment data =
          io.read(
              (long) block * CrashScript.BLOCK_BYTES,
              (long) blocksPerRead * CrashScript.BLOCK_BYTES);
      for (int i = 0; i < blocksPerRead; i++) {
        int at = block + i;
        long found =
            BlockStamp.idOf(
                data.asSlice((long) i * CrashScript.BLOCK_BYTES, CrashScript.BLOCK_BYTES), at);
        assertEquals(model[at], found, () -> seed + "block " + at + " at LSN " + lastId);
      }
    }
  }

  private static void deleteTree(Path root) throws IOException {
    try (Stream<Path> all = Files.walk(root)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
