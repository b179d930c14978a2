package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blockdevice.ShellWord;
import dev.isthmus.blockdevice.Tier;
import dev.isthmus.blocktranslation.format.Manifest;
import dev.isthmus.wal.LogAbsentException;
import dev.isthmus.wal.LogCorruptException;
import dev.isthmus.wal.LogCut;
import dev.isthmus.wal.LogException;
import dev.isthmus.wal.LogFullException;
import dev.isthmus.wal.LogInUseException;
import dev.isthmus.wal.LogRecord;
import dev.isthmus.wal.LogSettings;
import dev.isthmus.wal.LogTerm;
import dev.isthmus.wal.RecoveredLog;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The log that a manifest names, as far as it is on this host, and what it means for the disk: the
 * table of docs/adr/0003-ownership.md. Threading: confined to the opener; blocks.
 */
final class LocalLog implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(LocalLog.class);
  private static final String PREFIX = "log-";

  private final LogHome home;
  private final Path volumeDirectory;
  private final LogSettings settings;
  private final Manifest manifest;
  private final String where;
  private final @Nullable RecoveredLog found;
  private final @Nullable LogCorruptException damage;
  private final String absence;
  private final boolean unreadable;

  private LocalLog(
      LogHome home,
      Path volumeDirectory,
      LogSettings settings,
      Manifest manifest,
      String where,
      @Nullable RecoveredLog found,
      @Nullable LogCorruptException damage,
      String absence,
      boolean unreadable) {
    this.home = home;
    this.volumeDirectory = volumeDirectory;
    this.settings = settings;
    this.manifest = manifest;
    this.where = where;
    this.found = found;
    this.damage = damage;
    this.absence = absence;
    this.unreadable = unreadable;
  }

  /** Looks for the log that {@code manifest} names; changes nothing. */
  static LocalLog find(
      LogHome home, Path volumeDirectory, LogSettings settings, Manifest manifest, String where) {
    Path directory = volumeDirectory.resolve(PREFIX + manifest.log());
    RecoveredLog found = null;
    LogCorruptException damage = null;
    boolean unreadable = false;
    String absence =
        "its log (%s) is not on this host, or not in %s".formatted(manifest.log(), volumeDirectory);
    try {
      found = home.exists(directory) ? home.open(directory, settings, manifest.volume()) : null;
    } catch (LogAbsentException e) {
      LOG.debug("{}: {}", where, e.getMessage());
    } catch (LogCorruptException e) {
      damage = e;
    } catch (LogInUseException e) {
      throw new DeviceException.Unavailable(
          where + " is open already on this host: " + e.getMessage(), e);
    } catch (LogException e) {
      // A disk that fails to give the log is as good as none: what that means is judged below.
      absence = "its log can't be read: " + e.getMessage();
      unreadable = true;
    }
    return new LocalLog(
        home, volumeDirectory, settings, manifest, where, found, damage, absence, unreadable);
  }

  /**
   * What the disk will be. Immutable.
   *
   * @param useLog whether the log's records above the bucket's are part of the disk
   * @param rollback why the disk is older than its users have seen it; empty if it is not
   */
  record Verdict(boolean useLog, String rollback) {}

  /**
   * Decides.
   *
   * @param bucket the end of the chain
   * @param wallNanos now, for people
   * @throws DeviceException if the disk can't be opened without agreeing to a loss
   */
  Verdict judge(ChainPosition bucket, Takeover takeover, long wallNanos) {
    boolean takenAway = takeover == Takeover.UNATTENDED && wasTakenAway();
    if (manifest.state() == Manifest.State.CLOSED) {
      if (takenAway) {
        throw new DeviceException.Fenced(
            where
                + " was taken over by another gateway while this host had it, and closed there"
                + " (epoch "
                + manifest.epoch()
                + "). It is not taken back by itself: a log of this host may hold completed writes"
                + " that are not part of it (`isthmus log list`). An open by hand loses nothing of"
                + " what is in the bucket",
            new OperatorNeededException(""));
      }
      return new Verdict(isReusable(bucket), "");
    }
    String gap = gapBehind(bucket);
    String why = whyNotCounting(bucket);
    if (why == null && gap == null) {
      return counting(Objects.requireNonNull(found), bucket);
    }
    boolean damaged = damage != null || why == null;
    var loss =
        new LossReport(
            where,
            manifest,
            bucket,
            String.valueOf(why == null ? gap : why),
            damaged,
            isHere() ? directory() : null,
            tailAbove(bucket),
            wallNanos);
    if (!loss.isAgreedBy(takeover)) {
      DeviceException refusal = loss.refusal();
      throw takenAway
          ? new DeviceException.Fenced(
              refusal.getMessage()
                  + ". This host had it before, so it is not tried again by itself",
              refusal.getCause())
          : refusal;
    }
    return new Verdict(false, loss.reason());
  }

  /**
   * Whether this host had the volume, not all of that term is in the bucket as far as is known
   * here, and another host has owned it since. A note that can't be read tells no more than that
   * there was a term.
   */
  private boolean wasTakenAway() {
    Optional<String> note = home.readNote(volumeDirectory);
    if (note.isEmpty() || isHere()) {
      return false;
    }
    LocalTerm term = LocalTerm.decode(note.get()).orElse(null);
    return term == null || (!term.closed() && !term.log().equals(manifest.log()));
  }

  /** Notes that this host owns the volume as {@code opened} says. */
  void remember(Manifest opened) {
    home.writeNote(volumeDirectory, LocalTerm.of(opened, where).encode());
  }

  /** What the log here, which does not count, holds above the bucket's last LSN. */
  private @Nullable LogTail tailAbove(ChainPosition bucket) {
    var tail = new LogTail(bucket.lastLsn());
    try {
      if (found != null) {
        found.replayAll((record, payload) -> tail.add(record));
        return tail;
      }
      if (damage != null) {
        home.visitWhole(directory(), tail::add);
        return tail;
      }
    } catch (LogException e) {
      LOG.warn("{}: what the log on this host holds can't be told: {}", where, e.getMessage());
    }
    return null;
  }

  /** Whether there is a log, good or not. */
  private boolean isHere() {
    return found != null || damage != null || unreadable;
  }

  private Path directory() {
    return volumeDirectory.resolve(PREFIX + manifest.log());
  }

  /** Of a closed volume: the log may go on being used if it is whole and holds nothing more. */
  private boolean isReusable(ChainPosition bucket) {
    return found != null
        && found.cleanClose()
        && found.hasBegun(manifest.epoch(), manifest.writer())
        && found.lastLsn() == bucket.lastLsn();
  }

  private @Nullable String whyNotCounting(ChainPosition bucket) {
    if (damage != null) {
      return "its log on this host is damaged where it was durable: " + damage.getMessage();
    }
    if (found == null) {
      return absence;
    }
    if (!found.hasBegun(manifest.epoch(), manifest.writer())) {
      return "the log on this host is of an earlier owner";
    }
    // Before its owner's fence the chain tells of earlier owners' logs, and behind it of what their
    // last requests brought: nothing of that is missing here.
    boolean speaksOfIt = bucket.epoch() == manifest.epoch();
    boolean lacksItsOwn =
        found.lastLsn() < bucket.lastLsn() && bucket.dataEpoch() == manifest.epoch();
    if ((speaksOfIt && found.lastLsn() < bucket.durableLsn())
        || (lacksItsOwn && !mayHaveLostPower())) {
      return "the log on this host ends at LSN " + found.lastLsn() + ", earlier than it did";
    }
    return null;
  }

  /** Records between the bucket's last and the log's first, which somebody must have deleted. */
  private @Nullable String gapBehind(ChainPosition bucket) {
    return found != null && begin(found) > bucket.lastLsn() + 1
        ? "the bucket ends at LSN "
            + bucket.lastLsn()
            + " while the log on this host begins at "
            + begin(found)
            + ": what lies between is in neither"
        : null;
  }

  /** Without any record the log goes on behind its last LSN. */
  private static long begin(RecoveredLog log) {
    return log.firstLsn() == 0 ? log.lastLsn() + 1 : log.firstLsn();
  }

  private Verdict counting(RecoveredLog log, ChainPosition bucket) {
    if (manifest.ack() == Tier.LOCAL_DURABLE
        || ownersTerm().map(LogTerm::closedInOrder).orElse(false)) {
      return new Verdict(true, "");
    }
    String upTo =
        ": completed writes that were not flushed may be gone. The disk goes up to LSN "
            + Math.max(log.lastLsn(), bucket.lastLsn())
            + "; up to "
            + Math.max(log.durableLsn(), bucket.durableLsn())
            + " the log had been made durable";
    LogCut cut = log.cut().orElse(null);
    if (mayHaveLostPower()) {
      return new Verdict(
          true,
          "this host was started anew, or a sync of the log failed, without the volume being"
              + " closed"
              + upTo
              + cutWords(cut));
    }
    return new Verdict(
        true,
        cut == null || cut.voidRecords() == 0
            ? ""
            : "the end of the log was damaged" + upTo + cutWords(cut));
  }

  private static String cutWords(@Nullable LogCut cut) {
    return cut == null || cut.voidRecords() == 0
        ? ""
        : ". " + cut.voidRecords() + " whole records behind a damaged one were cut off";
  }

  /**
   * Of the term that the manifest names. One that was begun after it and never took effect says
   * nothing of what this one completed.
   */
  private boolean mayHaveLostPower() {
    return ownersTerm().map(LogTerm::bootChanged).orElse(true);
  }

  private Optional<LogTerm> ownersTerm() {
    return found == null ? Optional.empty() : found.term(manifest.epoch(), manifest.writer());
  }

  /** Whether the log of {@code other}'s owner is one of this host. */
  boolean isOnThisHost(Manifest other) {
    return home.exists(volumeDirectory.resolve(PREFIX + other.log()));
  }

  /** Newest epoch that the log has begun, effective or not. */
  long newestEpoch() {
    return found == null
        ? 0
        : found.terms().stream().mapToLong(t -> t.epoch().epoch()).max().orElse(0);
  }

  /**
   * A log to append to, and what it holds already.
   *
   * @param log locked, nothing begun yet
   * @param records data records in LSN order, without payloads
   * @param created whether it was made just now
   */
  record Ready(UUID logId, RecoveredLog log, List<LogRecord> records, boolean created) {}

  /** Goes over to the log that {@code verdict} chose, or makes a new one. */
  Ready ready(Verdict verdict, UUID newLogId) {
    try {
      if (verdict.useLog() && found != null) {
        var records = new ArrayList<LogRecord>();
        if (found.lastLsn() > 0 && found.firstLsn() > 0) {
          found.replay(found.firstLsn(), (record, payload) -> records.add(record));
        }
        return new Ready(found.logId(), found, records, false);
      }
      close();
      Path directory = volumeDirectory.resolve(PREFIX + newLogId);
      return new Ready(
          newLogId, home.create(directory, settings, manifest.volume(), newLogId), List.of(), true);
    } catch (LogException e) {
      throw failure(e, verdict.useLog() && manifest.state() != Manifest.State.CLOSED);
    }
  }

  /**
   * What the failure of a log means for who wants to open it.
   *
   * @param isNeeded whether the disk may need what the logs in this volume's directory hold: with
   *     the log in another place, and without a copy, it would only open at a loss
   */
  DeviceException failure(LogException failure, boolean isNeeded) {
    String message = where + ": " + failure.getMessage();
    if (!(failure instanceof LogFullException)) {
      return new DeviceException.Unavailable(message, failure);
    }
    return new DeviceException.Exhausted(
        message
            + (isNeeded
                ? ", or copy "
                    + volumeDirectory
                    + " with all in it to another disk (`cp -a "
                    + ShellWord.of(volumeDirectory.toString())
                    + " DIR/`) and open the volume over the copy (`isthmus volume open --log-dir"
                    + " DIR`). The log is whole, and the bucket may not have all of it: an open"
                    + " without it would lose that"
                : ", or keep the log elsewhere (`isthmus volume open --log-dir DIR`)"),
        failure);
  }

  /** The same, of the log that {@link #ready} gave. */
  DeviceException failure(LogException failure, Ready used) {
    return failure(failure, !used.created() && manifest.state() != Manifest.State.CLOSED);
  }

  /**
   * Deletes the log of an open that came to nothing, if that open made it. Only while the manifest
   * can't name it: not once it was asked to and did not answer.
   */
  void discard(Ready unused) {
    if (!unused.created()) {
      return;
    }
    Path directory = volumeDirectory.resolve(PREFIX + unused.logId());
    try {
      home.delete(directory);
    } catch (LogException e) {
      LOG.warn("{}: an unused log was left behind: {}", where, e.getMessage());
    }
  }

  /** Sets every log of the volume aside but {@code current}: they are divergent or done with. */
  void setOthersAside(UUID current) {
    Path kept = volumeDirectory.resolve(PREFIX + current);
    try {
      for (Path log : home.list(volumeDirectory, PREFIX)) {
        if (!log.equals(kept) && !log.getFileName().toString().contains(".aside-")) {
          LOG.warn("{}: a log that does not count was kept: {}", where, home.setAside(log));
        }
      }
    } catch (IOException | LogException e) {
      LOG.warn("{}: a log that does not count could not be set aside: {}", where, e.getMessage());
    }
  }

  /** Gives up a log that was found and not passed on. */
  @Override
  public void close() {
    if (found != null) {
      found.close();
    }
  }
}
