package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.OpenOutcome;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blockdevice.contract.BlockStamp;
import dev.isthmus.blockdevice.contract.SyncIo;
import dev.isthmus.blocktranslation.PowerCutHistory.PowerOn;
import dev.isthmus.blocktranslation.powercut.PowerCut;
import dev.isthmus.blocktranslation.store.ExecutorStoreTimer;
import dev.isthmus.blocktranslation.store.FakeObjectStore;
import dev.isthmus.blocktranslation.store.StoreFaults;
import dev.isthmus.blocktranslation.store.StoreLimits;
import dev.isthmus.blocktranslation.store.StoreTesting;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/**
 * The process that judges power cuts: makes the disk that a cut leaves, mounts it, opens the volume
 * on it under another boot id, and compares with what was promised. It runs under {@code
 * power-cut/boot}, so that the boot id and the mounts are its own.
 *
 * <p>Arguments: seed, a working directory, the file that holds the boot id, the last power-on's
 * directory, then cuts as {@code POSITION:SEED}, {@code --}, and the power-ons before. Prints for
 * each cut a line {@code CUT …} or {@code VIOLATION …}.
 */
final class PowerCutJudge {

  private static final int BLOCKS_PER_READ = 64;

  private static final long LONGEST_LETTING_GO_NANOS = 20_000_000_000L;

  private final long seed;
  private final Path work;
  private final Path bootId;
  private final Path recorded;
  private final List<PowerOn> before;
  private final ScheduledExecutorService timer = StoreTesting.timerExecutor();

  private PowerCutJudge(long seed, Path work, Path bootId, Path recorded, List<PowerOn> before) {
    this.seed = seed;
    this.work = work;
    this.bootId = bootId;
    this.recorded = recorded;
    this.before = before;
  }

  /** A promise that was not kept. */
  static final class ViolationException extends Exception {
    private static final long serialVersionUID = 1L;

    ViolationException(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  public static void main(String[] args) throws Exception {
    List<String> all = Arrays.asList(args);
    int separator = all.indexOf("--");
    var judge =
        new PowerCutJudge(
            Long.parseLong(args[0]),
            Path.of(args[1]),
            Path.of(args[2]),
            Path.of(args[3]),
            all.subList(separator + 1, all.size()).stream().map(PowerOn::parse).toList());
    for (String cut : all.subList(4, separator)) {
      int colon = cut.indexOf(':');
      judge.judge(
          Long.parseLong(cut.substring(0, colon)), Long.parseLong(cut.substring(colon + 1)));
    }
    System.exit(0);
  }

  private void judge(long position, long cutSeed) throws Exception {
    Path image = work.resolve("image");
    PowerCut cut = PowerCut.at(recorded, position, cutSeed, image);
    var powerOns = new ArrayList<>(before);
    powerOns.add(new PowerOn(recorded, position));
    var history = new PowerCutHistory(seed, powerOns);
    // A machine that was switched on again.
    Files.writeString(bootId, UUID.randomUUID() + "\n");
    Path mount = Files.createDirectories(work.resolve("mnt"));
    run("mount", "-t", "ext4", "-o", "loop,noatime,nodiscard", image.toString(), mount.toString());
    String told;
    try {
      told = "CUT " + judge(history, mount);
    } catch (ViolationException e) {
      told = "VIOLATION (" + e.getMessage() + ")";
    } finally {
      unmount(mount);
    }
    System.out.printf(
        "%s at=%d cut-seed=%d fate=%s pending=%d dropped=%d torn=%d done=%d promised=%d%n",
        told,
        cut.position(),
        cutSeed,
        cut.fate(),
        cut.pending(),
        cut.dropped(),
        cut.torn(),
        history.doneId(),
        history.promisedLsn());
  }

  private String judge(PowerCutHistory history, Path mount) throws ViolationException {
    var store =
        FakeObjectStore.open(
            history.bucket(),
            new ExecutorStoreTimer(timer),
            new Random(seed),
            StoreFaults.NONE,
            StoreLimits.DEFAULT,
            1);
    try (var host = new TestHost(mount.resolve("host"), store);
        VolumeCore volume = open(host)) {
      long last = volume.positions().appliedLsn();
      judgeVerdict(history, volume, last);
      judgeContent(history, volume, last);
      return volume.openOutcome().equals(OpenOutcome.COMPLETE)
          ? "complete last=" + last
          : "rolled-back last=" + last;
    }
  }

  /** The bucket is in reach and the log on its disk: no power cut makes it refuse. */
  private static VolumeCore open(TestHost host) throws ViolationException {
    try {
      return host.open();
    } catch (DeviceException e) {
      throw new ViolationException("it does not open: " + e.getMessage(), e);
    }
  }

  private void judgeVerdict(PowerCutHistory history, VolumeCore volume, long last)
      throws ViolationException {
    check(
        last >= history.promisedLsn(),
        "promised was LSN " + history.promisedLsn() + ", there is " + last);
    long served = history.servedIncarnation();
    if (served == 0) {
      return; // Nobody has seen the disk.
    }
    long incarnation = volume.info().identity().incarnation();
    if (PowerCutHistory.ack(seed) == Tier.LOCAL_DURABLE) {
      check(
          volume.openOutcome().equals(OpenOutcome.COMPLETE) && incarnation == served,
          "nothing can be lost, and it opened " + volume.openOutcome());
    } else {
      check(
          volume.openOutcome() instanceof OpenOutcome.RolledBack && incarnation > served,
          "completed writes may be lost (completed was "
              + history.doneId()
              + ", there is "
              + last
              + "), and it opened "
              + volume.openOutcome()
              + " as incarnation "
              + incarnation
              + " after "
              + served);
    }
  }

  /** The disk is exactly the changes up to {@code last}. */
  static void judgeContent(PowerCutHistory history, VolumeCore volume, long last)
      throws ViolationException {
    long[] model = history.model(last);
    var io = new SyncIo(volume);
    for (int block = 0; block < CrashScript.BLOCKS; block += BLOCKS_PER_READ) {
      MemorySegment data;
      try {
        data =
            io.read(
                (long) block * CrashScript.BLOCK_BYTES,
                (long) BLOCKS_PER_READ * CrashScript.BLOCK_BYTES);
        for (int i = 0; i < BLOCKS_PER_READ; i++) {
          long found =
              BlockStamp.idOf(
                  data.asSlice((long) i * CrashScript.BLOCK_BYTES, CrashScript.BLOCK_BYTES),
                  block + i);
          check(
              found == model[block + i],
              "block "
                  + (block + i)
                  + " at LSN "
                  + last
                  + " shows "
                  + found
                  + ", not "
                  + model[block + i]);
        }
      } catch (AssertionError e) {
        throw new ViolationException("block " + block + " and on: " + e.getMessage(), e);
      }
    }
  }

  private static void check(boolean holds, String otherwise) throws ViolationException {
    if (!holds) {
      throw new ViolationException(otherwise, null);
    }
  }

  /** The log's threads may need a moment to let go of its files after the volume has closed. */
  private static void unmount(Path mount) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + LONGEST_LETTING_GO_NANOS;
    while (new ProcessBuilder("umount", mount.toString()).start().waitFor() != 0) {
      if (System.nanoTime() > deadline) {
        throw new IOException("somebody still uses " + mount + ", though the volume was closed");
      }
      Thread.sleep(20);
    }
  }

  private static void run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).inheritIO().start();
    if (process.waitFor() != 0) {
      throw new IOException(String.join(" ", command) + " failed");
    }
  }
}
