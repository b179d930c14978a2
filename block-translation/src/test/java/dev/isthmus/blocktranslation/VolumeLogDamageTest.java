package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.BlockingDevice;
import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blocktranslation.FormatPage.Field;
import dev.isthmus.blocktranslation.store.ExecutorStoreTimer;
import dev.isthmus.blocktranslation.store.FakeBucket;
import dev.isthmus.blocktranslation.store.FakeObjectStore;
import dev.isthmus.blocktranslation.store.StoreFaults;
import dev.isthmus.blocktranslation.store.StoreLimits;
import dev.isthmus.blocktranslation.store.StoreTesting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every field of a log's records, as docs/FORMAT.md has them, with a flipped bit, under a volume
 * whose newest data is in the log alone: the open refuses the log, or all data is right.
 */
class VolumeLogDamageTest {

  private static final int BLOCK_BYTES = 4096;
  private static final int BLOCKS = 256;
  private static final int HEADER_BYTES = 112;
  private static final int WRITE = 1;
  private static final int STATE = 16;

  @TempDir private Path directory = Path.of("");
  private final ScheduledExecutorService timer = StoreTesting.timerExecutor();
  private final byte[] model = new byte[BLOCKS * BLOCK_BYTES];
  private final Map<String, Map<String, Integer>> outcomes = new TreeMap<>();
  private FakeBucket bucket = new FakeBucket();

  @AfterEach
  void stopTimer() {
    timer.shutdownNow();
  }

  private TestHost host(Path directory, FakeBucket of) {
    var store =
        FakeObjectStore.open(
            of,
            new ExecutorStoreTimer(timer),
            new Random(1),
            StoreFaults.NONE,
            StoreLimits.DEFAULT,
            0);
    return new TestHost(
        store,
        new ObjectVolumeSettings(
            directory,
            64 << 20,
            1 << 20,
            16 << 20,
            1 << 20,
            Duration.ofHours(1), // what is written stays in the log
            Duration.ofSeconds(10)));
  }

  /** Writes, and leaves the log as a crash does, in {@code crashed}. */
  private void writeAndCrash(Path crashed) throws IOException {
    Path live = Files.createDirectory(directory.resolve("live"));
    var random = new Random(3);
    try (TestHost host = host(live, bucket)) {
      host.create(model.length, BLOCK_BYTES, Tier.APPLIED, Tier.LOCAL_DURABLE);
      VolumeCore core = host.open();
      try (var device = new BlockingDevice(core)) {
        for (int i = 0; i < 40; i++) {
          int block = random.nextInt(BLOCKS - 4);
          byte[] data = new byte[(1 + random.nextInt(4)) * BLOCK_BYTES];
          random.nextBytes(data);
          device.writeAt((long) block * BLOCK_BYTES, data);
          System.arraycopy(data, 0, model, block * BLOCK_BYTES, data.length);
          if (i == 30) {
            device.flush();
          }
        }
        copy(live, crashed);
        bucket = bucket.copy();
      }
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path path : all.toList()) {
        Path target = to.resolve(from.relativize(path));
        if (Files.isDirectory(path)) {
          Files.createDirectories(target);
        } else {
          Files.copy(path, target, StandardCopyOption.REPLACE_EXISTING);
        }
      }
    }
  }

  private static void delete(Path root) throws IOException {
    try (Stream<Path> all = Files.walk(root)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  /** Where records of one type begin in a roll file. */
  private static List<Integer> records(byte[] file, int type) {
    var found = new ArrayList<Integer>();
    for (int at = 0; at + HEADER_BYTES < file.length; at += 4) {
      if (file[at] == 'I'
          && file[at + 1] == 'W'
          && file[at + 2] == 'A'
          && file[at + 3] == 'L'
          && file[at + 4] == 1
          && file[at + 5] == type) {
        found.add(at);
      }
    }
    return found;
  }

  @Test
  void aDamagedRecordIsNeverServed() throws IOException {
    FormatPage page = FormatPage.read();
    Path crashed = directory.resolve("crashed");
    writeAndCrash(crashed);
    Path roll;
    try (Stream<Path> all = Files.walk(crashed)) {
      roll =
          all.filter(path -> path.toString().endsWith(".cq4"))
              .filter(VolumeLogDamageTest::holdsWrites)
              .findFirst()
              .orElseThrow();
    }
    byte[] file = Files.readAllBytes(roll);
    List<Integer> writes = records(file, WRITE);
    List<Integer> states = records(file, STATE);
    assertEquals(40, writes.size());
    Path relative = crashed.relativize(roll);
    List<Field> header = page.fields("Log", 1);
    flip(crashed, relative, "durable write", writes.get(5), header);
    flip(crashed, relative, "newest write", writes.getLast(), header);
    flip(crashed, relative, "state record", states.getFirst(), header);
    flip(
        crashed,
        relative,
        "state payload",
        states.getFirst() + HEADER_BYTES,
        page.fields("Log", 2));
    var payload =
        List.of(
            new Field("payload", "first", 0, 1),
            new Field("payload", "middle", 2000, 1),
            new Field("payload", "last", 4095, 1));
    flip(crashed, relative, "durable payload", writes.get(5) + HEADER_BYTES, payload);
    flip(crashed, relative, "newest payload", writes.getLast() + HEADER_BYTES, payload);
    System.out.println("VolumeLogDamageTest: " + outcomes);
    assertTrue(outcomes.size() == 6, outcomes::toString);
  }

  private static boolean holdsWrites(Path file) {
    try {
      return !records(Files.readAllBytes(file), WRITE).isEmpty();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private void flip(Path crashed, Path relative, String kind, int at, List<Field> fields)
      throws IOException {
    for (Field field : fields) {
      Path copy = directory.resolve("copy");
      copy(crashed, copy);
      Path file = copy.resolve(relative);
      byte[] bytes = Files.readAllBytes(file);
      bytes[at + field.offset() + field.length() / 2] ^= 2;
      Files.write(file, bytes);
      String outcome = outcome(copy, kind + ": " + field);
      outcomes.computeIfAbsent(kind, _ -> new TreeMap<>()).merge(outcome, 1, Integer::sum);
      delete(copy);
    }
  }

  private String outcome(Path copy, String what) {
    try (TestHost host = host(copy, bucket.copy())) {
      VolumeCore core;
      try {
        core = host.open();
      } catch (DeviceException.Corrupt e) {
        assertTrue(String.valueOf(e.getMessage()).contains("log"), what + ": " + e.getMessage());
        return "REFUSED";
      }
      try (var device = new BlockingDevice(core)) {
        assertEquals(OpenOutcome.COMPLETE, core.openOutcome(), what);
        byte[] found = new byte[model.length];
        device.readAt(0, found);
        assertEquals(-1, Arrays.mismatch(found, model), what);
        return "RIGHT";
      }
    }
  }
}
