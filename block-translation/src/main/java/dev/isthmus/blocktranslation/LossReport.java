package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.Durations;
import dev.isthmus.blockdevice.ShellWord;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blocktranslation.format.Manifest;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/**
 * What an open of the bucket alone would lose, as far as bucket and host can tell: said before
 * anybody agrees to it, and once more, shorter, by the disk that was opened so. Immutable.
 *
 * @param where the volume
 * @param manifest names the last owner
 * @param bucket the end of the chain
 * @param why why its owner's log does not count
 * @param damaged whether that is damage of what was durable; else it is elsewhere, or not its own
 * @param here the log on this host, whether or not it can be read; null if there is none
 * @param tail what that one holds above the bucket's last LSN; null if there is none, or it can't
 *     be told
 * @param wallNanos now, for people
 */
record LossReport(
    String where,
    Manifest manifest,
    ChainPosition bucket,
    String why,
    boolean damaged,
    @Nullable Path here,
    @Nullable LogTail tail,
    long wallNanos) {

  /** Whether flushed writes are safe in the bucket, and only unflushed ones would be lost. */
  private boolean onlyUnflushed() {
    // Damage is judged by a person in any case: nobody says what else is wrong with that disk.
    return !damaged && manifest.flush() == Tier.UPLOADED;
  }

  /** What has to be agreed to. */
  String word() {
    return onlyUnflushed() ? "unflushed" : "lossy";
  }

  boolean isAgreedBy(Takeover takeover) {
    return takeover == Takeover.LOSSY || (onlyUnflushed() && takeover == Takeover.UNFLUSHED);
  }

  /** The refusal, with everything that would be lost. */
  DeviceException refusal() {
    String message =
        where
            + " was not closed by its last owner ("
            + owner()
            + ") and "
            + why
            + ". "
            + known()
            + wouldBeLost()
            + rescue()
            + " To open what the bucket has all the same, and fence that owner: takeover="
            + word();
    var cause = new OperatorNeededException(word());
    return damaged
        ? new DeviceException.Corrupt(message, cause)
        : new DeviceException.Unavailable(message, cause);
  }

  /** Why the disk is older than its users have seen it. A manifest takes but the beginning. */
  String reason() {
    return "opened from the bucket alone, without the log of its last owner ("
        + owner()
        + "). "
        + known()
        + (tail == null ? "" : "The log on this host holds " + tail + ". ")
        + "Why: "
        + why;
  }

  private String owner() {
    return "epoch " + manifest.epoch() + ", writer " + manifest.writer();
  }

  private String known() {
    var text = new StringBuilder("The bucket ends at LSN ").append(bucket.lastLsn());
    if (bucket.lastTimeNanos() > 0) {
      text.append(", of ").append(time(bucket.lastTimeNanos())).append(age());
    }
    text.append("; ");
    if (bucket.durableLsn() > bucket.lastLsn()) {
      text.append("LSN ")
          .append(range(bucket.lastLsn() + 1, bucket.durableLsn()))
          .append(" were durable in that log, and what came after them is not known. ");
    } else {
      text.append("it does not say how much more that log had. ");
    }
    return text.toString();
  }

  private String age() {
    long ageNanos = wallNanos - bucket.lastTimeNanos();
    return ageNanos < 0 ? "" : " (" + Durations.format(ageNanos) + " ago)";
  }

  private String wouldBeLost() {
    return onlyUnflushed()
        ? "Completed writes after LSN "
            + bucket.lastLsn()
            + " that were not flushed would be lost; what was flushed is in the bucket."
        : "Everything after LSN "
            + bucket.lastLsn()
            + " would be lost to the disk, flushed writes too.";
  }

  private String rescue() {
    if (here == null) {
      return " Nothing is lost if the volume is opened, or closed, on the host that has the log.";
    }
    String directory = ShellWord.of(here.toString());
    if (tail == null) {
      return " The log is on this host, in "
          + here
          + ", but can't be read: mend that disk, or copy what it still gives to another one, the"
          + " directory above with all in it (ddrescue, for a disk that fails), and open the volume"
          + " with --log-dir there. What can be read of it then is not lost.";
    }
    return " The log on this host holds "
        + tail
        + "; it is kept in any case, and `isthmus log salvage "
        + directory
        + " --above "
        + bucket.lastLsn()
        + (damaged ? " --damaged" : "")
        + " --list` tells what is whole; with --to FILE instead of --list it gets that out.";
  }

  static String range(long first, long last) {
    return first == last ? Long.toString(first) : first + " to " + last;
  }

  static String time(long nanos) {
    return Instant.ofEpochSecond(0, nanos).truncatedTo(ChronoUnit.MILLIS).toString();
  }
}
