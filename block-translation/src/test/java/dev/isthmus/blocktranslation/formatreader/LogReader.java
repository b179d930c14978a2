package dev.isthmus.blocktranslation.formatreader;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Recovers a log as "Recovery" says, on whole files in memory. Threading: one thread. */
final class LogReader {

  private static final Pattern GENERATION = Pattern.compile("generation-([0-9]{10})");

  /**
   * What a log holds.
   *
   * @param states of the files in the chain, the oldest first
   * @param changes all that count, in LSN order; LSNs below a later state's baseLsn may be missing
   * @param lastLsn newest LSN
   * @param cut whether the log was cut behind it
   * @param closedInOrder whether the last record is a clean close
   */
  record Contents(
      List<LogRecord> states,
      List<Change> changes,
      long lastLsn,
      boolean cut,
      boolean closedInOrder) {

    /** Applies what the bucket, whose chain ends at {@code end}, does not hold yet. */
    void replay(Chain.Position end, DiskImage disk) {
      long lsn = end.lastLsn();
      for (Change change : changes) {
        if (change.lsn() > lsn) {
          require(change.lsn() == lsn + 1, "a gap behind LSN " + lsn);
          boolean ranged = change.operation() < Change.RESIZE;
          require(
              !ranged || disk.holds(change.sector(), change.sectorCount()),
              "LSN " + change.lsn() + " is beyond the disk");
          disk.apply(change, 0);
          lsn = change.lsn();
        }
      }
    }

    private static void require(boolean condition, String problem) {
      if (!condition) {
        throw new DamageException("log", "records", problem);
      }
    }
  }

  private final String name;
  private final NavigableMap<Long, RollFile> files;
  private final UUID volume;
  private final UUID log;
  private final UUID bootId;
  private final List<Change> changes = new ArrayList<>();

  private LogReader(
      String name, NavigableMap<Long, RollFile> files, UUID volume, UUID log, UUID bootId) {
    this.name = name;
    this.files = files;
    this.volume = volume;
    this.log = log;
    this.bootId = bootId;
  }

  /** All roll files of a log, by number. */
  static NavigableMap<Long, RollFile> files(Path directory) throws IOException {
    var files = new TreeMap<Long, RollFile>();
    try (Stream<Path> all = Files.list(directory)) {
      for (Path path : all.toList()) {
        Matcher generation = GENERATION.matcher(path.getFileName().toString());
        if (generation.matches()) {
          add(files, path, Long.parseLong(generation.group(1)));
        }
      }
    }
    return files;
  }

  private static void add(Map<Long, RollFile> files, Path directory, long generation)
      throws IOException {
    try (Stream<Path> all = Files.list(directory)) {
      for (Path path : all.filter(p -> p.toString().endsWith(".cq4")).toList()) {
        RollFile file = RollFile.read(path, generation);
        file.object().require(files.put(file.number(), file) == null, "number", "twice");
      }
    }
  }

  /**
   * Recovers the log.
   *
   * @param bootId of this kernel, or any other to recover as after a restart of the machine
   */
  static Contents recover(
      String name, NavigableMap<Long, RollFile> files, UUID volume, UUID log, UUID bootId) {
    return new LogReader(name, files, volume, log, bootId).contents();
  }

  private Contents contents() {
    if (files.values().stream().allMatch(f -> f.whole().isEmpty())) {
      throw new DamageException(name, "log", "is none");
    }
    var chain = new ArrayList<RollFile>();
    boolean hanging = followBack(chain);
    List<LogRecord> states = chain.stream().map(f -> state(f)).toList();
    for (int i = 1; i < chain.size(); i++) {
      checkFollows(chain.get(i), states.get(i - 1), states.get(i));
    }
    long lastLsn = 0;
    LogRecord last = states.getFirst();
    for (int i = 0; i < chain.size(); i++) {
      boolean newest = i == chain.size() - 1;
      long limit = newest ? Long.MAX_VALUE : states.get(i + 1).lsn();
      last = walk(chain.get(i), limit);
      lastLsn = last.state() == null ? last.lsn() : last.state().baseLsn();
      if (newest || lastLsn < limit) {
        boolean cut = isCut(chain.get(i), last, lastLsn) || hanging || !newest;
        boolean closed = !cut && last.type() == LogRecord.CLEAN_CLOSE;
        return new Contents(states.subList(0, i + 1), changes, lastLsn, cut, closed);
      }
    }
    throw new AssertionError("a chain has a newest file");
  }

  /** Finds the chain, the oldest first; true if newer files hang in the air. */
  private boolean followBack(List<RollFile> chain) {
    RollFile file = newestBelow(Long.MAX_VALUE);
    boolean hanging = false;
    if (file == null) {
      throw new DamageException(name, "state record", "in no file, though there are records");
    }
    while (true) {
      chain.addFirst(file);
      long previous = Objects.requireNonNull(state(file).state()).previousFile();
      if (previous == 0 || previous < files.firstKey()) {
        return hanging;
      }
      RollFile older = files.get(previous);
      if (older == null || older.stateRecord() == null) {
        older = newestBelow(previous);
        if (older == null) {
          throw file.object().damage("previousFile", previous + " has no state record");
        }
        chain.clear();
        hanging = true;
      }
      file = older;
    }
  }

  private @Nullable RollFile newestBelow(long number) {
    return files.headMap(number, false).descendingMap().values().stream()
        .filter(f -> f.stateRecord() != null)
        .findFirst()
        .orElse(null);
  }

  private LogRecord state(RollFile file) {
    LogRecord record = Objects.requireNonNull(file.stateRecord());
    Fields object = file.object();
    object.expect("state.volume", record.volume(), volume);
    object.expect("state.log", record.log(), log);
    object.expect("state.generation", record.generation(), file.generation());
    return record;
  }

  private static void checkFollows(RollFile file, LogRecord older, LogRecord newer) {
    LogRecord.State before = Objects.requireNonNull(older.state());
    LogRecord.State state = Objects.requireNonNull(newer.state());
    boolean rolled =
        newer.generation() == older.generation()
            && newer.epoch() == older.epoch()
            && state.writer().equals(before.writer())
            && state.reason() == 0
            && state.baseLsn() == newer.lsn();
    boolean opened =
        newer.generation() > older.generation()
            && state.previousGeneration() == older.generation()
            && newer.epoch() >= older.epoch()
            && state.baseLsn() >= newer.lsn();
    boolean onward = newer.lsn() >= before.baseLsn();
    file.object().require(onward && (rolled || opened), "state", "does not follow: " + newer);
  }

  /** Adds what counts of a file, up to {@code limit}; returns the last good record. */
  private LogRecord walk(RollFile file, long limit) {
    LogRecord state = state(file);
    LogRecord last = state;
    long lsn = Objects.requireNonNull(state.state()).baseLsn();
    for (LogRecord record : file.whole()) {
      long wanted = record.isData() ? lsn + 1 : lsn;
      boolean next =
          record.offset() > last.offset()
              && record.lsn() == wanted
              && wanted <= limit
              && record.generation() == last.generation()
              && record.epoch() == last.epoch()
              && record.durableLsn() >= state.durableLsn()
              && isOurs(record);
      if (next) {
        file.object().require(record.state() == null, "state", "a second one");
        last = record;
        lsn = wanted;
        if (record.isData()) {
          changes.add(record.change());
        }
      }
    }
    return last;
  }

  private boolean isOurs(LogRecord record) {
    return record.volume().equals(volume) && record.log().equals(log);
  }

  /** The verdict where {@code file} stops after {@code last}. */
  private boolean isCut(RollFile file, LogRecord last, long lastLsn) {
    UUID writtenUnder = Objects.requireNonNull(state(file).state()).bootId();
    boolean sameBoot = bootId.equals(writtenUnder) && !bootId.equals(new UUID(0, 0));
    for (RollFile later : files.tailMap(file.number()).values()) {
      for (LogRecord record : later.whole()) {
        boolean evidence =
            (later.number() != file.number() || record.offset() > last.offset())
                && isOurs(record)
                && record.generation() >= last.generation();
        if (evidence) {
          Fields object = later.object();
          object.require(
              record.durableLsn() <= lastLsn,
              at(record),
              "durable is gone: " + record.durableLsn());
          object.require(
              record.generation() == last.generation(), at(record), "of a newer generation");
          object.require(
              !sameBoot || record.lsn() <= lastLsn, at(record), "a gap after LSN " + lastLsn);
        }
      }
    }
    boolean broken = file.isCompletedAndBroken(last.end());
    file.object().require(!sameBoot || !broken, "record@" + (last.end() + 4), "completed, broken");
    return !file.endsAt(last.end());
  }

  private static String at(LogRecord record) {
    return "record@" + record.offset();
  }
}
