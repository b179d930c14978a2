package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blocktranslation.powercut.DiskRecord;
import dev.isthmus.blocktranslation.store.BucketJournal;
import dev.isthmus.blocktranslation.store.FakeBucket;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * What was promised of a volume through one or more power-ons, each from the disk that the cut
 * before left, and the bucket as it was at the last cut. All of it comes from the marks in the
 * disks' records.
 *
 * <p>Marks: those of {@link BucketJournal}; {@code CREATED}; {@code READY lsn incarnation}: open,
 * the next change will be the one after {@code lsn}; {@code PROMISED lsn}: changes up to it outlive
 * a power cut; {@code DONE id}: that change completed.
 *
 * <p>Threading: confined.
 */
final class PowerCutHistory {

  static final String CREATED = "CREATED";
  static final String READY = "READY";
  static final String PROMISED = "PROMISED";
  static final String DONE = "DONE";

  /** Stamps of blocks are a change's id, and above it the power-on that it was made in. */
  private static final int ID_BITS = 40;

  /**
   * One power-on.
   *
   * @param directory its disk's
   * @param until the position at which it ended
   */
  record PowerOn(Path directory, long until) {

    @Override
    public String toString() {
      return until + "@" + directory;
    }

    static PowerOn parse(String text) {
      int at = text.indexOf('@');
      return new PowerOn(Path.of(text.substring(at + 1)), Long.parseLong(text.substring(0, at)));
    }
  }

  /** Changes of one power-on, up to where the next ones begin. */
  private record Stretch(int powerOn, long firstId) {}

  private final long seed;
  private final int powerOns;
  private final FakeBucket bucket = new FakeBucket();
  private final List<Stretch> stretches = new ArrayList<>();
  private boolean created;
  private long servedIncarnation;
  private long promisedLsn;
  private long doneId;

  PowerCutHistory(long seed, List<PowerOn> powerOns) throws IOException {
    this.seed = seed;
    this.powerOns = powerOns.size();
    for (int i = 0; i < powerOns.size(); i++) {
      PowerOn powerOn = powerOns.get(i);
      List<String> marks = DiskRecord.read(powerOn.directory()).textsUntil(powerOn.until());
      BucketJournal.replay(journal(powerOn.directory()), marks, bucket);
      // What only completed is gone with the power.
      doneId = 0;
      for (String mark : marks) {
        learn(i, mark.split(" "));
      }
    }
  }

  private void learn(int powerOn, String[] words) {
    switch (words[0]) {
      case CREATED -> created = true;
      case READY -> {
        long lsn = Long.parseLong(words[1]);
        stretches.add(new Stretch(powerOn, lsn + 1));
        servedIncarnation = Long.parseLong(words[2]);
        // Whatever was recovered is durable before anything is served.
        promisedLsn = Math.max(promisedLsn, lsn);
      }
      case PROMISED -> promisedLsn = Math.max(promisedLsn, Long.parseLong(words[1]));
      case DONE -> doneId = Math.max(doneId, Long.parseLong(words[1]));
      default -> {
        // The bucket's.
      }
    }
  }

  /** Where the bytes of a power-on's bucket lie; not on the disk whose power is cut. */
  static Path journal(Path diskDirectory) {
    return diskDirectory.resolve("bucket");
  }

  /** How writes of this seed's volume are acknowledged. */
  static Tier ack(long seed) {
    return seed % 2 == 0 ? Tier.LOCAL_DURABLE : Tier.APPLIED;
  }

  /** What a flush of this seed's volume means. */
  static Tier flush(long seed) {
    return new Random(seed).nextInt(4) == 0 ? Tier.UPLOADED : Tier.LOCAL_DURABLE;
  }

  /** What is written in the power-on after these. */
  CrashScript nextScript() {
    return script(powerOns);
  }

  private CrashScript script(int powerOn) {
    return new CrashScript(seed * 1000 + powerOn);
  }

  static long stamp(int powerOn, long id) {
    return ((long) powerOn << ID_BITS) + id;
  }

  int powerOns() {
    return powerOns;
  }

  boolean created() {
    return created;
  }

  FakeBucket bucket() {
    return bucket;
  }

  /** The newest LSN that must be there. */
  long promisedLsn() {
    return promisedLsn;
  }

  /** The newest change that completed in the last power-on, or 0. */
  long doneId() {
    return doneId;
  }

  /** Under which incarnation the disk was served last; 0 if it never was. */
  long servedIncarnation() {
    return servedIncarnation;
  }

  /** The stamp that each block shows after the changes up to {@code lastLsn}. */
  long[] model(long lastLsn) {
    var blocks = new long[CrashScript.BLOCKS];
    for (int i = 0; i < stretches.size(); i++) {
      Stretch stretch = stretches.get(i);
      long end = i + 1 < stretches.size() ? stretches.get(i + 1).firstId() - 1 : lastLsn;
      script(stretch.powerOn())
          .apply(blocks, stretch.firstId(), Math.min(end, lastLsn), stamp(stretch.powerOn(), 0));
    }
    return blocks;
  }
}
