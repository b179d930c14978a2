package dev.isthmus.wal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Reads a log that nobody writes and says what of it counts (docs/FORMAT.md, "Recovery").
 *
 * <p>Each roll file begins with a state record that names the file it follows and how far that one
 * counts. So the newest file leads back over a chain of files, and each but the last has a known
 * end. Where a file stops short of its end, everything behind is searched for whole records: they
 * are the evidence by which a loss is told from a tail that a power cut may take.
 *
 * <p>Threading: confined to one thread at a time.
 */
final class LogScan {

  private static final System.Logger LOG = System.getLogger("dev.isthmus.wal");

  /**
   * A roll file that counts.
   *
   * @param lastLsn newest LSN that counts in it and before
   * @param endOffset behind its last record that counts
   * @param closedInOrder whether it is the last of a generation that was closed in order, and not
   *     cut afterwards
   */
  record ChainFile(
      LogFiles.Found file, FileHead head, long lastLsn, long endOffset, boolean closedInOrder) {
    boolean hasData() {
      return lastLsn > head.state().baseLsn();
    }
  }

  /**
   * What was found.
   *
   * @param files every roll file there is
   * @param chain those that count, oldest first; empty if there is no log
   * @param durableLsn newest LSN that a record says to be durable
   * @param cleanClose whether the last record says so
   * @param cut null if the log ends in order
   */
  record Result(
      List<LogFiles.Found> files,
      List<ChainFile> chain,
      long durableLsn,
      boolean cleanClose,
      @Nullable LogCut cut) {}

  /** Takes the data records of a walk. */
  @FunctionalInterface
  interface Sink {
    void record(LogFiles.Found file, RollFileScanner scanner);
  }

  private final Path directory;
  private final UUID volume;
  private final UUID bootId;
  private final ByteBuffer buffer = FileWindow.newBuffer();
  private final LogRecordCodec codec = new LogRecordCodec();
  private final RecordHeader record = new RecordHeader();
  private final Map<Integer, FileHead> heads = new HashMap<>();
  private List<LogFiles.Found> files = List.of();
  private long durableLsn;

  LogScan(Path directory, UUID volume, UUID bootId) {
    this.directory = directory;
    this.volume = volume;
    this.bootId = bootId;
  }

  /** Reads everything. */
  Result run() throws IOException {
    files = LogFiles.list(directory);
    readHeads();
    List<LogFiles.Found> links = newestChain();
    if (links.isEmpty()) {
      refuseRecordsWithoutState();
      return new Result(files, List.of(), 0, false, null);
    }
    var chain = new ArrayList<ChainFile>();
    Walk walk = Walk.NONE;
    for (int i = 0; i < links.size(); i++) {
      LogFiles.Found file = links.get(i);
      FileHead head = head(file);
      FileHead next = i + 1 < links.size() ? head(links.get(i + 1)) : null;
      if (next != null) {
        checkFollows(file, head, next);
      }
      durableLsn = Math.max(durableLsn, head.durableLsn());
      walk = walk(file, head, next == null ? Long.MAX_VALUE : next.lsn(), (f, s) -> {});
      boolean closed =
          walk.reachedLimit
              && next != null
              && next.state().reason() == StatePayload.REASON_OPEN
              && endsClosed(file, head, walk);
      chain.add(new ChainFile(file, head, walk.lastLsn, walk.goodEnd, closed));
      if (!walk.reachedLimit) {
        break;
      }
    }
    ChainFile last = chain.removeLast();
    LogCut cut = judge(last, walk, chain.size() + 1 == links.size());
    boolean closed = cut == null && walk.cleanClose;
    chain.add(new ChainFile(last.file(), last.head(), last.lastLsn(), last.endOffset(), closed));
    return new Result(files, chain, Math.min(durableLsn, last.lastLsn()), closed, cut);
  }

  /** Whether a clean close follows the last data record of a generation that is over. */
  private boolean endsClosed(LogFiles.Found file, FileHead head, Walk walk) throws IOException {
    try (RollFileScanner scanner = scanner(file)) {
      scanner.moveTo(walk.goodEnd);
      while (scanner.next() == RollFileScanner.Step.RECORD
          && !record.type.isData()
          && follows(head, walk.lastLsn)) {
        if (record.type == RecordType.CLEAN_CLOSE) {
          return true;
        }
      }
      return false;
    }
  }

  private FileHead head(LogFiles.Found file) {
    FileHead head = heads.get(file.number());
    if (head == null) {
      throw new IllegalStateException("a chain holds only files with a state record");
    }
    return head;
  }

  // ---- heads and chain ----

  private void readHeads() throws IOException {
    int previous = 0;
    UUID log = null;
    for (LogFiles.Found file : files) {
      if (file.number() == previous) {
        throw corrupt(file.path(), 0, 0, 0, "two roll files have one number");
      }
      previous = file.number();
      FileHead head = readHead(file);
      if (head == null) {
        continue;
      }
      if (log != null && !log.equals(head.log())) {
        throw corrupt(file.path(), 0, 0, 0, "roll files of two logs lie in one directory");
      }
      log = head.log();
      heads.put(file.number(), head);
    }
  }

  private @Nullable FileHead readHead(LogFiles.Found file) throws IOException {
    try (RollFileScanner scanner = scanner(file)) {
      boolean found = scanner.next() == RollFileScanner.Step.RECORD;
      FileHead head = found ? headOf(file, scanner) : null;
      // Damage to Chronicle's own documents before the first record costs nothing.
      scanner.moveTo(head == null ? 0 : scanner.position());
      while (head == null) {
        if (scanner.sawUnsupported()) {
          throw corrupt(file.path(), scanner.position(), 0, 0, "a record of an unknown kind");
        }
        if (!scanner.resync()) {
          return null;
        }
        head = headOf(file, scanner);
      }
      return head;
    }
  }

  private @Nullable FileHead headOf(LogFiles.Found file, RollFileScanner scanner) {
    if (!record.volume.equals(volume)) {
      throw corrupt(
          file.path(), scanner.recordOffset(), 0, 0, "the log belongs to volume " + record.volume);
    }
    return FileHead.of(file, record, scanner);
  }

  /**
   * The files that count, oldest first: from the newest with a state record back along the links. A
   * link to a file that was trimmed ends it in order; a link to a file whose state record is not
   * there means that everything from that file on hangs in the air, and the chain is sought below
   * it.
   */
  private List<LogFiles.Found> newestChain() {
    int bound = Integer.MAX_VALUE;
    while (true) {
      LogFiles.Found newest = newestBelow(bound);
      if (newest == null) {
        return List.of();
      }
      var links = new ArrayList<LogFiles.Found>();
      links.add(newest);
      int previous = head(newest).state().previousFile();
      while (heads.containsKey(previous)) {
        links.add(files.get(indexOf(previous)));
        previous = head(links.getLast()).state().previousFile();
      }
      boolean trimmedBefore = files.getFirst().number() > previous;
      if (previous == 0 || trimmedBefore) {
        return links.reversed();
      }
      bound = previous;
    }
  }

  private int indexOf(int number) {
    return Collections.binarySearch(
        files,
        new LogFiles.Found(number, directory),
        Comparator.comparingInt(LogFiles.Found::number));
  }

  private LogFiles.@Nullable Found newestBelow(int bound) {
    LogFiles.Found newest = null;
    for (LogFiles.Found file : files) {
      if (file.number() < bound && heads.containsKey(file.number())) {
        newest = file;
      }
    }
    return newest;
  }

  private void checkFollows(LogFiles.Found file, FileHead head, FileHead next) {
    boolean roll = next.generation() == head.generation();
    boolean good =
        roll
            ? next.state().reason() == StatePayload.REASON_ROLL
                && next.epoch() == head.epoch()
                && next.state().writer().equals(head.state().writer())
                && next.state().baseLsn() == next.lsn()
            : next.generation() > head.generation()
                && next.state().previousGeneration() == head.generation()
                && next.epoch() >= head.epoch();
    if (!good || next.lsn() < head.state().baseLsn()) {
      throw corrupt(
          file.path(), 0, next.lsn() + 1, next.lsn(), "the next file's state does not follow");
    }
  }

  private void refuseRecordsWithoutState() throws IOException {
    for (LogFiles.Found file : files) {
      try (RollFileScanner scanner = scanner(file)) {
        if (scanner.resync() || scanner.sawUnsupported()) {
          throw corrupt(
              file.path(), scanner.recordOffset(), 0, record.lsn, "records without a state record");
        }
      }
    }
  }

  // ---- records ----

  /** How a walk along a file ended. */
  private static final class Walk {
    static final Walk NONE = new Walk(0, 0);
    long lastLsn;
    long goodEnd;
    long stopOffset;
    boolean reachedLimit;
    boolean stoppedAtBad;
    boolean badIsComplete;
    boolean cleanClose;
    String reason = "";

    Walk(long lastLsn, long goodEnd) {
      this.lastLsn = lastLsn;
      this.goodEnd = goodEnd;
    }
  }

  /** Visits the data records of {@code file} up to {@code limitLsn}, again. */
  void revisit(ChainFile file, Sink sink) throws IOException {
    Walk walk = walk(file.file(), file.head(), file.lastLsn(), sink);
    if (!walk.reachedLimit) {
      throw corrupt(
          file.file().path(),
          walk.stopOffset,
          walk.lastLsn + 1,
          file.lastLsn(),
          "records that were there before are not: " + walk.reason);
    }
  }

  private Walk walk(LogFiles.Found file, FileHead head, long limitLsn, Sink sink)
      throws IOException {
    var walk = new Walk(head.state().baseLsn(), head.endOffset());
    if (walk.lastLsn >= limitLsn) {
      walk.reachedLimit = true; // a file without data records
      return walk;
    }
    try (RollFileScanner scanner = scanner(file)) {
      scanner.moveTo(head.endOffset());
      while (step(file, head, scanner, walk)) {
        walk.goodEnd = scanner.position();
        durableLsn = Math.max(durableLsn, record.durableLsn);
        walk.cleanClose = record.type == RecordType.CLEAN_CLOSE;
        if (record.type.isData()) {
          walk.lastLsn = record.lsn;
          sink.record(file, scanner);
          if (walk.lastLsn == limitLsn) {
            walk.reachedLimit = true;
            return walk;
          }
        }
      }
    }
    return walk;
  }

  /** Goes to the next record that counts; false if the walk stops here. */
  private boolean step(LogFiles.Found file, FileHead head, RollFileScanner scanner, Walk walk)
      throws IOException {
    RollFileScanner.Step step = scanner.next();
    if (step == RollFileScanner.Step.RECORD && follows(head, walk.lastLsn)) {
      return true;
    }
    walk.stopOffset = scanner.position();
    walk.stoppedAtBad = step != RollFileScanner.Step.END;
    walk.badIsComplete = step == RollFileScanner.Step.BAD && scanner.badIsComplete();
    walk.reason = scanner.reason();
    if (step == RollFileScanner.Step.RECORD) {
      walk.stopOffset = scanner.recordOffset();
      walk.reason =
          "a " + record.type + " with LSN " + record.lsn + " and generation " + record.generation;
    } else if (step == RollFileScanner.Step.END) {
      walk.reason = "the records end";
    }
    // Chronicle's document headers have no checksum. If only they are damaged, the next record is
    // still there. A generation writes each LSN once, so whatever bears it whole is that record.
    scanner.moveTo(walk.goodEnd);
    while (scanner.resync()) {
      if (follows(head, walk.lastLsn)) {
        LOG.log(
            System.Logger.Level.WARNING,
            "framing damaged in {0} at {1}; no record lost",
            file.path(),
            walk.stopOffset);
        return true;
      }
    }
    if (scanner.sawUnsupported()) {
      throw corrupt(
          file.path(), walk.stopOffset, walk.lastLsn + 1, 0, "a record of an unknown kind");
    }
    return false;
  }

  private boolean follows(FileHead head, long lastLsn) {
    return record.volume.equals(volume)
        && record.log.equals(head.log())
        && record.generation == head.generation()
        && record.epoch == head.epoch()
        && record.type != RecordType.STATE
        && record.durableLsn >= head.durableLsn()
        && record.lsn == (record.type.isData() ? lastLsn + 1 : lastLsn);
  }

  // ---- verdict ----

  /** What whole records behind the end say. */
  private static final class Evidence {
    long records;
    long durableLsn;
    long newestLsn;
    boolean newerGeneration;
    long bytes;
  }

  private @Nullable LogCut judge(ChainFile last, Walk walk, boolean isNewest) throws IOException {
    Evidence evidence = gather(last, walk);
    long expected = last.lastLsn() + 1;
    Path path = last.file().path();
    // A generation's first state record was forced before its second record was written.
    if (evidence.durableLsn >= expected || evidence.newerGeneration) {
      throw corrupt(
          path,
          walk.stopOffset,
          expected,
          Math.max(evidence.durableLsn, evidence.newestLsn),
          "durable records are damaged or missing: " + walk.reason);
    }
    UUID writtenUnder = last.head().state().bootId();
    boolean sameBoot = !bootId.equals(LogEnvironment.NIL) && bootId.equals(writtenUnder);
    if (sameBoot && (evidence.newestLsn >= expected || walk.badIsComplete)) {
      throw corrupt(
          path,
          walk.stopOffset,
          expected,
          Math.max(evidence.newestLsn, expected),
          "records are damaged or missing though the machine did not restart: " + walk.reason);
    }
    if (isNewest && !walk.stoppedAtBad && evidence.bytes == 0 && evidence.records == 0) {
      return null;
    }
    return new LogCut(
        path,
        walk.stopOffset,
        last.lastLsn(),
        evidence.bytes,
        evidence.records,
        walk.reason.isEmpty() ? "the records end" : walk.reason);
  }

  private Evidence gather(ChainFile last, Walk walk) throws IOException {
    var evidence = new Evidence();
    for (LogFiles.Found file : files) {
      if (file.number() < last.file().number()) {
        continue;
      }
      boolean isLast = file.number() == last.file().number();
      try (RollFileScanner scanner = scanner(file)) {
        long voidFrom = walk.stopOffset;
        scanner.moveTo(walk.goodEnd);
        if (!isLast) {
          // A file that was only prepared, or begun by Chronicle alone, holds nothing.
          scanner.moveTo(0);
          boolean begun = scanner.next() == RollFileScanner.Step.RECORD;
          voidFrom = begun ? 0 : scanner.position();
          scanner.moveTo(0);
        }
        while (scanner.resync()) {
          note(evidence, last.head());
        }
        if (scanner.sawUnsupported()) {
          throw corrupt(
              file.path(), voidFrom, last.lastLsn() + 1, 0, "a record of an unknown kind");
        }
        // The end-of-file mark alone is not worth a word.
        long voidBytes = scanner.lastNonZeroEnd() - voidFrom;
        evidence.bytes += voidBytes > Integer.BYTES ? voidBytes : 0;
      }
    }
    return evidence;
  }

  private void note(Evidence evidence, FileHead head) {
    if (!record.volume.equals(volume)
        || !record.log.equals(head.log())
        || record.generation < head.generation()) {
      return;
    }
    evidence.records++;
    evidence.newerGeneration |= record.generation > head.generation();
    evidence.durableLsn = Math.max(evidence.durableLsn, record.durableLsn);
    evidence.newestLsn = Math.max(evidence.newestLsn, record.lsn);
  }

  private RollFileScanner scanner(LogFiles.Found file) throws IOException {
    return new RollFileScanner(new FileWindow(file.path(), buffer), codec, record);
  }

  private static LogCorruptException corrupt(
      Path file, long offset, long expectedLsn, long evidenceLsn, String detail) {
    return new LogCorruptException(file, offset, expectedLsn, evidenceLsn, detail);
  }
}
