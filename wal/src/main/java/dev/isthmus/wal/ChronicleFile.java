package dev.isthmus.wal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Objects;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.RollCycle;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import net.openhft.chronicle.wire.DocumentContext;
import org.jspecify.annotations.Nullable;

/**
 * One Chronicle queue: the roll files of one generation. Each generation has a queue and a
 * directory of its own, so Chronicle never opens what another process left: no lock of a dead
 * writer, no unfinished document, no table of its own that a crash tore.
 *
 * <p>Threading: confined to the appender thread; {@link #close} by any thread once that is done.
 */
final class ChronicleFile implements AutoCloseable {

  // Kept: the log manager holds loggers weakly, and their levels with them.
  private static final java.util.logging.Logger CHRONICLE_LOG =
      java.util.logging.Logger.getLogger(
          "net.openhft.chronicle.core.internal.cleaner.ReflectionBasedByteBufferCleanerService");

  static {
    // It advises a flag that no JVM has any more, on standard error, with each process.
    CHRONICLE_LOG.setLevel(java.util.logging.Level.SEVERE);
  }

  /** The largest stretch mapped at once; a power of two. */
  private static final long MAX_MAPPING_BYTES = 64L << 20;

  private static final long MIN_MAPPING_BYTES = 1L << 20;

  /** Chronicle should hold no lock for long; another process can't be in this directory at all. */
  private static final long LOCK_TIMEOUT_MILLIS = 1000;

  static {
    // Read once by Chronicle's own classes, which are loaded after this one.
    System.setProperty("chronicle.analytics.disable", "true");
    System.setProperty("chronicle.disk.monitor.disable", "true");
    System.setProperty("chronicle.announcer.disable", "true");
    System.setProperty("queue.force.unlock.mode", "ALWAYS");
  }

  private final SingleChronicleQueue queue;
  private @Nullable ExcerptAppender appender;
  private volatile int number;
  private long endOffset;

  /**
   * Makes a queue in the new {@code directory}. The file {@code firstNumber} must not be there yet:
   * Chronicle would take it for one that another process has begun, and wait for it.
   */
  ChronicleFile(Path directory, int firstNumber, long rollBytes) {
    this.number = firstNumber;
    try {
      this.queue = build(directory, rollBytes);
    } catch (Exception e) {
      throw declared(e);
    }
  }

  private SingleChronicleQueue build(Path directory, long rollBytes) {
    SingleChronicleQueue built =
        SingleChronicleQueueBuilder.single(directory.toFile())
            .rollCycle(Numbered.INSTANCE)
            // The number is the time: Chronicle rolls when, and only when, the log says so.
            .timeProvider(() -> number * 1000L)
            .blockSize(mappingBytes(rollBytes))
            .timeoutMS(LOCK_TIMEOUT_MILLIS)
            .checkInterrupts(false)
            .build();
    built.singleThreadedCheckDisabled(true);
    return built;
  }

  /**
   * Chronicle throws a checked exception as if it were none, of a file that it can't open for one.
   * No caller that catches what is declared would ever see it.
   */
  private static RuntimeException declared(Exception e) {
    return switch (e) {
      case RuntimeException unchecked -> unchecked;
      case IOException io -> new UncheckedIOException(io);
      default -> new IllegalStateException(e);
    };
  }

  /** Begins to append, to the first file, which was prepared meanwhile. */
  void start() {
    try {
      var started = queue.createAppender();
      started.singleThreadedCheckDisabled(true);
      appender = started;
    } catch (Exception e) {
      throw declared(e);
    }
  }

  private static long mappingBytes(long rollBytes) {
    long power = Long.highestOneBit(Math.max(rollBytes, 1));
    return Math.clamp(
        power == rollBytes ? power : power << 1, MIN_MAPPING_BYTES, MAX_MAPPING_BYTES);
  }

  /** How long Chronicle makes a file: whole mappings and the overlap behind the last. */
  static long mappedBytes(long rollBytes) {
    long mapping = mappingBytes(rollBytes);
    return (rollBytes + mapping - 1) / mapping * mapping + mapping / 4;
  }

  /** The next document begins file {@code next}. */
  void rollTo(int next) {
    number = next;
  }

  /** Where the newest document ends in its file. */
  long endOffset() {
    return endOffset;
  }

  /**
   * Writes one document: a header and, if it has any bytes, a payload.
   *
   * @return the offset of the payload in the file
   */
  long write(LogRecordCodec codec, RecordHeader record, MemorySegment payload) {
    try {
      return writeDocument(codec, record, payload);
    } catch (Exception e) {
      throw declared(e);
    }
  }

  private long writeDocument(LogRecordCodec codec, RecordHeader record, MemorySegment payload) {
    int length = LogRecordCodec.HEADER_BYTES + record.payloadLength;
    boolean whole = false;
    ExcerptAppender to = Objects.requireNonNull(appender, "started");
    DocumentContext document = to.writingDocument();
    try {
      Bytes<?> bytes = document.wire().bytes();
      long start = bytes.writePosition();
      bytes.ensureCapacity(start + length);
      MemorySegment target = memoryAt(bytes.addressForWrite(start), length);
      codec.encode(record, target, 0);
      MemorySegment.copy(payload, 0, target, LogRecordCodec.HEADER_BYTES, record.payloadLength);
      bytes.writePosition(start + length);
      endOffset = start + length;
      whole = true;
      return start + LogRecordCodec.HEADER_BYTES;
    } finally {
      if (!whole) {
        document.rollbackOnClose();
      }
      document.close();
    }
  }

  // Chronicle hands out the mapping's address; what it covers was ensured a line before.
  @SuppressWarnings("restricted")
  private static MemorySegment memoryAt(long address, long length) {
    return MemorySegment.ofAddress(address).reinterpret(length);
  }

  @Override
  public void close() {
    try {
      if (appender != null) {
        appender.close();
      }
      queue.close();
    } catch (Exception e) {
      throw declared(e);
    }
  }

  /** Files by number: one "second" each, with the fewest index pages that Chronicle allows. */
  private enum Numbered implements RollCycle {
    INSTANCE;

    private static final int SEQUENCE_BITS = 32;

    @Override
    public String format() {
      return LogFiles.NAME_PATTERN;
    }

    @Override
    public int lengthInMillis() {
      return 1000;
    }

    @Override
    public int defaultIndexCount() {
      return 1 << 10;
    }

    @Override
    public int defaultIndexSpacing() {
      return 1 << 20;
    }

    @Override
    public long toIndex(int cycle, long sequenceNumber) {
      return ((long) cycle << SEQUENCE_BITS) | (sequenceNumber & 0xffff_ffffL);
    }

    @Override
    public long toSequenceNumber(long index) {
      return index & 0xffff_ffffL;
    }

    @Override
    public int toCycle(long index) {
      return (int) (index >>> SEQUENCE_BITS);
    }

    @Override
    public long maxMessagesPerCycle() {
      return 1L << 30;
    }
  }
}
