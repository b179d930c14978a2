package dev.isthmus.wal;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Walks the records of one roll file: by Chronicle's document headers while they hold, else by
 * looking for the next record that is whole. Trusts no length, and reads the file only.
 *
 * <p>Threading: confined to one thread at a time.
 */
final class RollFileScanner implements AutoCloseable {

  private static final int DOCUMENT_HEADER_BYTES = 4;
  private static final int END_OF_FILE_MARK = 0xC000_0000;
  private static final int METADATA_BIT = 0x4000_0000;
  private static final int LENGTH_MASK = 0x3fff_ffff;
  private static final int MAX_RECORD_BYTES =
      LogRecordCodec.HEADER_BYTES + WriteAheadLog.MAX_PAYLOAD_BYTES;

  /** What {@link #next} came upon. */
  enum Step {
    RECORD,
    /** A zero, the end-of-file mark, or the end of the file itself. */
    END,
    BAD
  }

  private final FileWindow window;
  private final LogRecordCodec codec;
  private final RecordHeader record;
  private long position;
  private long recordOffset;
  private int recordIndex;
  private String reason = "";
  private boolean badIsComplete;
  private boolean sawUnsupported;
  private long lastNonZeroEnd;

  RollFileScanner(FileWindow window, LogRecordCodec codec, RecordHeader record) {
    this.window = window;
    this.codec = codec;
    this.record = record;
  }

  /** Where the next document header stands. */
  long position() {
    return position;
  }

  void moveTo(long offset) {
    position = offset;
  }

  /** Of the header of the record found last. */
  long recordOffset() {
    return recordOffset;
  }

  /** Valid after {@link Step#RECORD}. */
  RecordHeader record() {
    return record;
  }

  /** Why the last step was {@link Step#BAD}. */
  String reason() {
    return reason;
  }

  /** Whether the bad document claims to have been written to its end. */
  boolean badIsComplete() {
    return badIsComplete;
  }

  /** Whether a whole record of an unknown kind was met. */
  boolean sawUnsupported() {
    return sawUnsupported;
  }

  /** End of the last bytes other than zero that {@link #resync} passed. */
  long lastNonZeroEnd() {
    return lastNonZeroEnd;
  }

  /** The payload of the record found last, until the next step. */
  MemorySegment payload() {
    return window
        .segment()
        .asSlice(recordIndex + (long) LogRecordCodec.HEADER_BYTES, record.payloadLength);
  }

  /** The record found last; also a control record. */
  LogRecord toRecord(LogFiles.Found file) {
    return new LogRecord(
        record.type,
        record.flags,
        record.epoch,
        record.generation,
        record.lsn,
        record.durableLsn,
        record.timeNanos,
        record.sector,
        record.sectorCount,
        RollTable.position(file.number(), recordOffset + LogRecordCodec.HEADER_BYTES),
        record.payloadLength,
        record.payloadCrc);
  }

  /** Goes to the next record. At an end or a bad document it stays where it is. */
  Step next() throws IOException {
    while (position + DOCUMENT_HEADER_BYTES <= window.sizeBytes()) {
      int index = window.load(position, DOCUMENT_HEADER_BYTES + MAX_RECORD_BYTES);
      int word = window.segment().get(LogRecordCodec.U32, index);
      if (word == 0 || word == END_OF_FILE_MARK) {
        return Step.END;
      }
      int length = word & LENGTH_MASK;
      boolean fits = position + DOCUMENT_HEADER_BYTES + length <= window.sizeBytes();
      if (word < 0) {
        return bad("a document that was not completed", false);
      }
      if ((word & METADATA_BIT) != 0) {
        if (length == 0 || !fits) {
          return bad("a metadata document of " + length + " bytes", true);
        }
        position = align(position + DOCUMENT_HEADER_BYTES + length);
        continue;
      }
      if (length < LogRecordCodec.HEADER_BYTES || length > MAX_RECORD_BYTES || !fits) {
        return bad("a document of " + length + " bytes", true);
      }
      String wrong = decode(index + DOCUMENT_HEADER_BYTES, length);
      if (wrong != null) {
        return bad(wrong, true);
      }
      if (LogRecordCodec.HEADER_BYTES + record.payloadLength != length) {
        return bad("document and record differ in length", true);
      }
      recordIndex = index + DOCUMENT_HEADER_BYTES;
      recordOffset = position + DOCUMENT_HEADER_BYTES;
      position = align(recordOffset + length);
      return Step.RECORD;
    }
    return Step.END;
  }

  private Step bad(String why, boolean complete) {
    reason = why;
    badIsComplete = complete;
    return Step.BAD;
  }

  private @Nullable String decode(int index, long available) {
    String wrong = codec.decode(window.segment(), window.buffer(), index, available, record);
    sawUnsupported |= wrong != null && record.unsupported;
    return wrong;
  }

  /**
   * Looks for the next whole record at or after {@link #position()} at any multiple of 4, passing
   * over everything else; goes behind it. The payload of a whole record is never searched, so that
   * no data of users is taken for a record there.
   *
   * @return false if there is none up to the end of the file
   */
  boolean resync() throws IOException {
    long at = position;
    ByteBuffer buffer = window.buffer();
    while (at + Integer.BYTES <= window.sizeBytes()) {
      int index = window.load(at, Integer.BYTES);
      int end = index + window.loadedFrom(at) - Integer.BYTES;
      buffer.clear();
      for (; index <= end; index += Integer.BYTES, at += Integer.BYTES) {
        int word = buffer.getInt(index);
        if (word == 0) {
          continue;
        }
        if (word == LogRecordCodec.MAGIC) {
          break;
        }
        lastNonZeroEnd = at + Integer.BYTES;
      }
      if (index > end) {
        continue;
      }
      int loaded = window.load(at, MAX_RECORD_BYTES);
      if (decode(loaded, Math.min(window.loadedFrom(at), MAX_RECORD_BYTES)) == null) {
        recordIndex = loaded;
        recordOffset = at;
        position = at + LogRecordCodec.HEADER_BYTES + record.payloadLength;
        lastNonZeroEnd = position;
        return true;
      }
      at += Integer.BYTES;
      lastNonZeroEnd = at;
    }
    position = window.sizeBytes();
    return false;
  }

  private static long align(long offset) {
    return (offset + 3) & ~3L;
  }

  @Override
  public void close() throws IOException {
    window.close();
  }
}
