package dev.isthmus.blocktranslation;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.isthmus.blockdevice.DeviceState;
import dev.isthmus.blocktranslation.PowerCutHistory.PowerOn;
import dev.isthmus.blocktranslation.powercut.RecordingDisk;
import dev.isthmus.blocktranslation.store.ExecutorStoreTimer;
import dev.isthmus.blocktranslation.store.FakeObjectStore;
import dev.isthmus.blocktranslation.store.StoreFaults;
import dev.isthmus.blocktranslation.store.StoreLimits;
import dev.isthmus.blocktranslation.store.StoreTesting;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The disk below the file system of the log fails under a volume that writes: its flushes, or its
 * writes, as a broken disk (EIO) or a thin one that is full (ENOSPC). Nothing is acknowledged that
 * is nowhere: the volume says that it failed, and brings what it has applied into the bucket, out
 * of what the kernel still holds; where the kernel has dropped what it could not write, the volume
 * says which changes are gone, none of them promised. Then the host is lost with its log: the
 * bucket alone must hold all that was ever promised, and be an exact prefix.
 *
 * <p>Needs root and /dev/fuse, and fails without them.
 */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class LogDiskFaultIT {

  private static final int DISK_MEBIBYTES = 160;

  private static final long WRITING_MILLIS = 500;

  private static final Duration LONGEST_SETTLING = Duration.ofMinutes(2);

  private static final Pattern POSITIONS =
      Pattern.compile("appliedLsn=([0-9]+).*uploadedLsn=([0-9]+)");

  /** All that a record holds. */
  private static final long END = Long.MAX_VALUE;

  @ParameterizedTest
  @CsvSource({"2, flushes, eio", "3, writes, eio", "5, writes, enospc"})
  void whatWasPromisedComesIntoTheBucket(
      long seed, String requests, String error, @TempDir Path scratch) throws Exception {
    Path directory = scratch.resolve("disk");
    String said;
    try (RecordingDisk disk = RecordingDisk.empty(directory, DISK_MEBIBYTES);
        RecordedWriter writer = RecordedWriter.start(seed, disk, "SOUND", List.of())) {
      Thread.sleep(WRITING_MILLIS);
      writer.requireGood();
      disk.fail(requests, error);
      said = writer.await(PowerCutWriter.SETTLED, LONGEST_SETTLING);
      long _ = disk.cut();
    }
    String settled =
        said.lines()
            .filter(line -> line.startsWith(PowerCutWriter.SETTLED))
            .findAny()
            .orElseThrow();
    assertTrue(said.contains(PowerCutWriter.ERROR), "somebody was told");
    assertFalse(said.contains("defect"), said);
    requireTruth(settled);

    var history = new PowerCutHistory(seed, List.of(new PowerOn(directory, END)));
    var timer = StoreTesting.timerExecutor();
    var store =
        FakeObjectStore.open(
            history.bucket(),
            new ExecutorStoreTimer(timer),
            new Random(seed),
            StoreFaults.NONE,
            StoreLimits.DEFAULT,
            1);
    try (var host = new TestHost(scratch.resolve("another-host"), store);
        VolumeCore volume = host.open(Takeover.LOSSY)) {
      long last = volume.positions().appliedLsn();
      System.out.printf(
          "%s of a log's disk end %s: promised LSN %d, in the bucket %d; %s%n",
          requests, error, history.promisedLsn(), last, settled);
      assertNotEquals(0, history.promisedLsn());
      assertTrue(
          last >= history.promisedLsn(),
          () -> "promised was LSN " + history.promisedLsn() + ", the bucket has " + last);
      PowerCutJudge.judgeContent(history, volume, last);
    } finally {
      timer.shutdownNow();
    }
  }

  private static void requireTruth(String settled) {
    Matcher positions = POSITIONS.matcher(settled);
    assertTrue(positions.find(), settled);
    long applied = Long.parseLong(positions.group(1));
    long uploaded = Long.parseLong(positions.group(2));
    if (uploaded == applied) {
      assertTrue(settled.contains(DeviceState.Kind.STALLED + ", reason=the log failed"), settled);
      assertTrue(settled.contains("isthmus volume recover"), "it says what to do: " + settled);
    } else {
      String lost = "LSN %d to %d can't be brought to the bucket".formatted(uploaded + 1, applied);
      assertTrue(settled.contains(DeviceState.Kind.FAILED + ", reason=the log's record"), settled);
      assertTrue(settled.contains(lost), settled);
    }
  }
}
