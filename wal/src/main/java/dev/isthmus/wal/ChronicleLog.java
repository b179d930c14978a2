package dev.isthmus.wal;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The log on Chronicle Queue.
 *
 * <p>Threading: as {@link WriteAheadLog} says; fields without a word are the appender thread's.
 */
final class ChronicleLog implements WriteAheadLog {

  /** Kept free at the end of a roll file for Chronicle's end mark, with room to spare. */
  static final long TAIL_BYTES = 4096;

  private static final int DOCUMENT_HEADER_BYTES = 4;
  private static final MemorySegment NO_PAYLOAD = MemorySegment.NULL;

  /** Chronicle's own table of a generation and the names that come with it, generously. */
  private static final long TABLE_BYTES = 1 << 20;

  /** How long a full file system is left alone before it is asked again. */
  private static final long NO_SPACE_PAUSE_NANOS = 500_000_000;

  /** What recovery leaves to go on from. */
  record Start(
      int nextFile,
      int nextGeneration,
      int previousFile,
      int previousGeneration,
      long lastLsn,
      long lastEpoch,
      @Nullable UUID lastWriter,
      int reason) {}

  private final Path directory;
  private final LogSettings settings;
  private final LogEnvironment environment;
  private final DirectoryLock lock;
  private final RollTable table;
  private final GroupForce forces;
  private final RollFilePreparer preparer;
  private final LogSpace space;
  private final LogRecordCodec codec = new LogRecordCodec();
  private final RecordHeader header = new RecordHeader();
  private final MemorySegment statePayload =
      Arena.ofAuto().allocate(LogRecordCodec.STATE_PAYLOAD_BYTES, 8);
  private final ByteBuffer statePayloadBuffer = statePayload.asByteBuffer();

  private volatile @Nullable Thread appender;

  /** Newest file whose state record is written: older ones may go once that is durable. */
  private volatile int trimBelow;

  private volatile boolean closed;
  private int currentNumber;
  private @Nullable ChronicleFile chronicle;
  private @Nullable RollFile current;
  private RollFilePreparer.@Nullable Finished finished;
  private Path generationDirectory;
  private LogEpoch epoch = new LogEpoch(1, LogEnvironment.NIL, 1);
  private long lastEpoch;
  private @Nullable UUID lastWriter;
  private int generation;
  private int nextGeneration;
  private int previousGeneration;
  private int previousFile;
  private int nextFile;
  private int reason;
  private long statedDurableLsn;

  private long lastTimeNanos;
  private @Nullable LogFullException noSpace;
  private long noSpaceSinceNanos;

  ChronicleLog(
      Path directory,
      LogSettings settings,
      LogEnvironment environment,
      DirectoryLock lock,
      RollTable table,
      UUID volume,
      UUID logId,
      Start start) {
    this.directory = directory;
    this.settings = settings;
    this.environment = environment;
    this.lock = lock;
    this.table = table;
    this.forces = new GroupForce(directory, environment.forcer(), start.lastLsn());
    this.preparer =
        new RollFilePreparer(
            settings.rollBytes(),
            ChronicleFile.mappedBytes(settings.rollBytes()),
            environment.forcer());
    this.space = new LogSpace(settings, table, preparer);
    this.generationDirectory = directory;
    this.header.volume = volume;
    this.header.log = logId;
    this.lastEpoch = start.lastEpoch();
    this.lastWriter = start.lastWriter();
    this.nextGeneration = start.nextGeneration();
    this.previousGeneration = start.previousGeneration();
    this.previousFile = start.previousFile();
    this.nextFile = start.nextFile();
    this.reason = start.reason();
  }

  @Override
  public UUID logId() {
    return header.log;
  }

  // ---- terms ----

  @Override
  public void beginEpoch(LogEpoch newEpoch, long baseLsn) {
    requireOpen();
    forces.check();
    boolean sameTerm = newEpoch.epoch() == lastEpoch && newEpoch.writer().equals(lastWriter);
    if (newEpoch.epoch() <= lastEpoch && !sameTerm) {
      throw new IllegalArgumentException(
          "epoch " + newEpoch.epoch() + " does not follow epoch " + lastEpoch + " of this log");
    }
    long lastLsn = forces.appendedLsn();
    if (baseLsn < lastLsn || baseLsn > LogRecordCodec.MAX_NUMBER) {
      throw new IllegalArgumentException("base LSN " + baseLsn + ", but the log is at " + lastLsn);
    }
    appender = Thread.currentThread();
    try {
      endGeneration();
      beginGeneration(newEpoch, baseLsn);
    } catch (Preallocation.NoSpaceException e) {
      appender = null;
      throw new LogFullException(e.getMessage());
    } catch (LogException e) {
      throw e;
    } catch (IOException | RuntimeException | InternalError | LinkageError e) {
      throw forces.fail("beginning epoch " + newEpoch.epoch(), e);
    }
  }

  private void endGeneration() throws IOException {
    if (chronicle == null) {
      return;
    }
    forces.force();
    closeCurrent();
    preparer.discard();
    nextFile++; // should the discarded file still be there
  }

  private void beginGeneration(LogEpoch newEpoch, long baseLsn) throws IOException {
    Path newDirectory = LogFiles.generationDirectory(directory, nextGeneration);
    long neededBytes = settings.rollBytes() + TABLE_BYTES;
    FreeSpace.require(directory, neededBytes);
    ChronicleFile to = null;
    RollFile file;
    try {
      Files.createDirectory(newDirectory);
      nextGeneration++; // never used twice, whatever comes of this attempt
      environment.forcer().forceNames(directory);
      to = new ChronicleFile(newDirectory, nextFile, settings.rollBytes());
      file = preparer.take(newDirectory, nextFile);
    } catch (IOException | RuntimeException | InternalError e) {
      giveUp(newDirectory, to);
      // Chronicle's table is written through a mapping: without space a fault, not an error.
      FreeSpace.require(directory, neededBytes);
      throw e;
    }
    generationDirectory = newDirectory;
    generation = nextGeneration - 1;
    epoch = newEpoch;
    lastEpoch = newEpoch.epoch();
    lastWriter = newEpoch.writer();
    enter(file);
    chronicle = to;
    to.start();
    writeState(to, baseLsn, reason);
    forces.appended(forces.appendedLsn());
    forces.force();
    // Not before: an open that broke off in between would have made a log of it that lost nothing.
    ForceFailure.forget(directory);
    trimBelow = currentNumber;
    space.termBegan();
    forces.jumpTo(baseLsn);
    reason = StatePayload.REASON_OPEN;
  }

  /** Leaves nothing of a generation that did not come to be. */
  private static void giveUp(Path generation, @Nullable ChronicleFile to) {
    try {
      if (to != null) {
        to.close();
      }
      if (Files.exists(generation)) {
        LogFiles.deleteGeneration(generation);
      }
    } catch (IOException | RuntimeException | InternalError e) {
      System.getLogger("dev.isthmus.wal")
          .log(System.Logger.Level.WARNING, "giving up " + generation, e);
    }
  }

  /** Makes {@code file} the current one: known to readers and to the next force. */
  private void enter(RollFile file) {
    if (current != null) {
      current.setLastLsn(forces.appendedLsn());
    }
    table.add(file);
    forces.begin(file);
    current = file;
    currentNumber = file.number();
    nextFile = file.number() + 1;
  }

  private void writeState(ChronicleFile to, long baseLsn, int why) {
    LogRecordCodec.encodeState(
        new StatePayload(
            epoch.writer(),
            environment.bootId(),
            epoch.incarnation(),
            baseLsn,
            previousGeneration,
            why,
            currentNumber,
            previousFile),
        statePayload);
    header.payloadCrc = codec.payloadCrc(statePayloadBuffer, 0, LogRecordCodec.STATE_PAYLOAD_BYTES);
    header.payloadLength = LogRecordCodec.STATE_PAYLOAD_BYTES;
    writeControl(to, RecordType.STATE, statePayload);
    previousFile = currentNumber;
    previousGeneration = generation;
  }

  private long writeControl(ChronicleFile to, RecordType type, MemorySegment payload) {
    header.type = type;
    header.flags = 0;
    header.lsn = forces.appendedLsn();
    header.sector = 0;
    header.sectorCount = 0;
    lastTimeNanos = Math.max(lastTimeNanos, environment.timeNanos().getAsLong());
    header.timeNanos = lastTimeNanos;
    return write(to, payload);
  }

  private long write(ChronicleFile to, MemorySegment payload) {
    header.generation = generation;
    header.epoch = epoch.epoch();
    header.durableLsn = forces.durableLsn();
    long offset = to.write(codec, header, payload);
    statedDurableLsn = header.durableLsn;
    return offset;
  }

  // ---- appending ----

  @Override
  public long append(
      RecordType type,
      int flags,
      long lsn,
      long timeNanos,
      long sector,
      long sectorCount,
      MemorySegment payload,
      int payloadCrc) {
    ChronicleFile to = requireAppender();
    int payloadBytes = checkArguments(type, flags, lsn, payload);
    header.type = type;
    header.flags = flags;
    header.lsn = lsn;
    header.timeNanos = timeNanos;
    header.sector = sector;
    header.sectorCount = sectorCount;
    header.payloadLength = payloadBytes;
    header.payloadCrc = payloadCrc;
    header.durableLsn = forces.durableLsn();
    String wrong = LogRecordCodec.checkFields(header);
    if (wrong != null) {
      throw new IllegalArgumentException(wrong);
    }
    space.requireCapacity();
    if (mustRoll(to, LogRecordCodec.HEADER_BYTES + payloadBytes)) {
      roll(to);
      return append(type, flags, lsn, timeNanos, sector, sectorCount, payload, payloadCrc);
    }
    lastTimeNanos = Math.max(lastTimeNanos, timeNanos);
    long offset;
    try {
      offset = write(to, payload);
    } catch (RuntimeException | InternalError | LinkageError e) {
      // InternalError: a store into the mapping faulted, for want of space or a broken disk.
      throw forces.fail("appending to the log failed", e);
    }
    forces.appended(lsn);
    return RollTable.position(currentNumber, offset);
  }

  private int checkArguments(RecordType type, int flags, long lsn, MemorySegment payload) {
    long payloadBytes = payload.byteSize();
    boolean readable =
        payloadBytes == 0
            || (payload.isNative()
                && payload.scope().isAlive()
                && payload.isAccessibleBy(Thread.currentThread()));
    if (!type.isData()
        || (flags & ~FLAG_FUA) != 0
        || payloadBytes > MAX_PAYLOAD_BYTES
        || lsn != forces.appendedLsn() + 1
        || !readable) {
      throw new IllegalArgumentException(
          "a %s with LSN %d after %d, flags %d, %d bytes, native and accessible: %b"
              .formatted(type, lsn, forces.appendedLsn(), flags, payloadBytes, readable));
    }
    return (int) payloadBytes;
  }

  @Override
  public void requireRoom() {
    ChronicleFile to = requireAppender();
    space.requireCapacity();
    if (mustRoll(to, LogRecordCodec.HEADER_BYTES + MAX_PAYLOAD_BYTES)) {
      roll(to);
    }
  }

  @Override
  public void idle() {
    ChronicleFile to = requireAppender();
    // The mark saves no record; it lets a later recovery tell damage from a tail never forced.
    if (forces.durableLsn() == statedDurableLsn
        || to.endOffset() + DOCUMENT_HEADER_BYTES + LogRecordCodec.HEADER_BYTES > usableBytes()) {
      return;
    }
    writeMark(to, RecordType.DURABLE_MARK);
  }

  private void writeMark(ChronicleFile to, RecordType type) {
    header.payloadLength = 0;
    header.payloadCrc = 0;
    try {
      writeControl(to, type, NO_PAYLOAD);
    } catch (RuntimeException | InternalError | LinkageError e) {
      throw forces.fail("appending to the log failed", e);
    }
  }

  private long usableBytes() {
    return settings.rollBytes() - TAIL_BYTES;
  }

  /** Whether the current file can't take a document of {@code recordBytes} more. */
  private boolean mustRoll(ChronicleFile to, int recordBytes) {
    long end = to.endOffset();
    if (end + DOCUMENT_HEADER_BYTES + recordBytes > usableBytes()) {
      return true;
    }
    // Half a file ahead: even on a slow disk the next one is ready in time.
    if (end > usableBytes() / 2 && !preparer.isStarted() && space.hasRoom()) {
      preparer.start(generationDirectory, nextFile, finished);
    }
    return false;
  }

  private void roll(ChronicleFile to) {
    RollFile file = takeRollFile();
    try {
      finished = new RollFilePreparer.Finished(current, to.endOffset() + TAIL_BYTES);
      enter(file);
      to.rollTo(file.number());
      writeState(to, forces.appendedLsn(), StatePayload.REASON_ROLL);
      forces.appended(forces.appendedLsn());
      trimBelow = currentNumber;
    } catch (RuntimeException | InternalError | LinkageError e) {
      throw forces.fail("rolling the log", e);
    }
  }

  private RollFile takeRollFile() {
    LogFullException before = noSpace;
    if (before != null && System.nanoTime() - noSpaceSinceNanos < NO_SPACE_PAUSE_NANOS) {
      throw before;
    }
    noSpace = null;
    try {
      if (!preparer.isStarted()) {
        space.requireRoom();
      }
      return preparer.take(generationDirectory, nextFile);
    } catch (Preallocation.NoSpaceException e) {
      noSpace = new LogFullException(e.getMessage());
      noSpaceSinceNanos = System.nanoTime();
      throw noSpace;
    } catch (IOException e) {
      throw forces.fail("making a roll file", e);
    }
  }

  private ChronicleFile requireAppender() {
    ChronicleFile to = requireThread();
    forces.check();
    return to;
  }

  private ChronicleFile requireThread() {
    ChronicleFile to = chronicle;
    if (to == null || !Thread.currentThread().equals(appender)) {
      throw new IllegalStateException(
          to == null ? "no epoch was begun" : "appending belongs to " + appender);
    }
    return to;
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the log is closed");
    }
  }

  // ---- any thread ----

  @Override
  public void force() {
    forces.force();
  }

  @Override
  public boolean hasFailed() {
    return forces.hasFailed();
  }

  @Override
  public long appendedLsn() {
    return forces.appendedLsn();
  }

  @Override
  public long durableLsn() {
    return forces.durableLsn();
  }

  @Override
  public void read(long position, int payloadOffset, MemorySegment into) {
    table.read(position, payloadOffset, into);
  }

  @Override
  public void trim(long throughLsn) {
    int bound = trimBelow;
    if (bound == 0) {
      throw new IllegalStateException("no epoch was begun");
    }
    if (table.canTrim(throughLsn, bound)) {
      // The state record that is left must be durable before those that say the same are gone.
      try {
        forces.force();
      } catch (IllegalStateException e) {
        if (closed) {
          return;
        }
        throw e;
      }
      table.trim(throughLsn, bound);
    }
  }

  @Override
  public long sizeBytes() {
    return space.sizeBytes();
  }

  @Override
  public long capacityBytes() {
    return settings.capacityBytes();
  }

  // ---- the end ----

  @Override
  public void closeClean() {
    ChronicleFile to = requireThread();
    try {
      forces.force();
      if (to.endOffset() + DOCUMENT_HEADER_BYTES + LogRecordCodec.HEADER_BYTES > usableBytes()) {
        roll(to);
      }
      writeMark(to, RecordType.CLEAN_CLOSE);
      forces.appended(forces.appendedLsn());
      forces.force();
    } finally {
      close();
    }
  }

  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    forces.close();
    try {
      closeCurrent();
    } catch (IOException | RuntimeException | InternalError | LinkageError e) {
      System.getLogger("dev.isthmus.wal").log(System.Logger.Level.WARNING, "closing the log", e);
    } finally {
      preparer.discard();
      table.close();
      lock.close();
    }
  }

  private void closeCurrent() throws IOException {
    ChronicleFile to = chronicle;
    RollFile file = current;
    chronicle = null;
    current = null;
    finished = null;
    if (to == null || file == null) {
      return;
    }
    file.setLastLsn(forces.appendedLsn());
    to.close();
    file.shrinkTo(to.endOffset() + TAIL_BYTES);
  }
}
