package dev.isthmus.blocktranslation.formatreader;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One roll file and the whole records in it. Threading: immutable.
 *
 * @param generation of its directory
 * @param whole in order of their offsets, sought at each multiple of 4 without regard to framing
 */
record RollFile(
    String name,
    long number,
    long generation,
    Fields object,
    ByteBuffer bytes,
    List<LogRecord> whole) {

  private static final DateTimeFormatter NAME =
      DateTimeFormatter.ofPattern("uuuuMMdd-HHmmss'.cq4'", java.util.Locale.ROOT);
  private static final int END_OF_FILE = 0xC0000000;
  private static final int NOT_COMPLETE = 1 << 31;
  private static final int METADATA = 1 << 30;
  private static final int LENGTH = METADATA - 1;

  static RollFile read(Path path, long generation) throws IOException {
    String name = path.getFileName().toString();
    long number = LocalDateTime.parse(name, NAME).toEpochSecond(ZoneOffset.UTC);
    return of(name, number, generation, Files.readAllBytes(path));
  }

  static RollFile of(String name, long number, long generation, byte[] bytes) {
    Fields object = Fields.of(name, bytes);
    ByteBuffer buffer = ByteBuffer.wrap(bytes).asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
    return new RollFile(name, number, generation, object, buffer, seek(object, buffer));
  }

  /** The same file with other bytes. */
  RollFile with(byte[] newBytes) {
    return of(name, number, generation, newBytes);
  }

  private static List<LogRecord> seek(Fields object, ByteBuffer bytes) {
    var records = new ArrayList<LogRecord>();
    int at = 0;
    while (at <= bytes.capacity() - LogRecord.HEADER_BYTES) {
      LogRecord record = LogRecord.at(object, bytes, at);
      if (record == null) {
        at += 4;
      } else {
        records.add(record);
        at = record.end();
      }
    }
    return records;
  }

  /** The first whole state record that names this file; null if there is none. */
  @Nullable LogRecord stateRecord() {
    for (LogRecord record : whole) {
      if (record.state() != null && record.state().file() == number) {
        return record;
      }
    }
    return null;
  }

  /** Whether nothing but zeroes, or one end-of-file mark before them, follows. */
  boolean endsAt(int offset) {
    boolean mark = offset <= bytes.capacity() - 4 && bytes.getInt(offset) == END_OF_FILE;
    for (int i = mark ? offset + 4 : offset; i < bytes.capacity(); i++) {
      if (bytes.get(i) != 0) {
        return false;
      }
    }
    return true;
  }

  /**
   * Whether the word at {@code offset} is the header of a completed data document that holds no
   * whole record.
   */
  boolean isCompletedAndBroken(int offset) {
    if (offset > bytes.capacity() - 4) {
      return false;
    }
    int word = bytes.getInt(offset);
    return word != 0
        && (word & (NOT_COMPLETE | METADATA)) == 0
        && whole.stream().noneMatch(r -> r.offset() == offset + 4);
  }

  /**
   * Checks that the documents lead to the whole records and to nothing else, as they do in a file
   * that nothing happened to.
   */
  void checkDocuments() {
    var found = new ArrayList<Integer>();
    int at = 0;
    while (at <= bytes.capacity() - 4) {
      int word = bytes.getInt(at);
      if (word == 0 || word == END_OF_FILE) {
        break;
      }
      String field = "document@" + at;
      object.require((word & NOT_COMPLETE) == 0, field, "not complete");
      int length = word & LENGTH;
      object.part(field, at + 4L, length);
      if ((word & METADATA) == 0) {
        int begin = at + 4;
        object.require(
            whole.stream().anyMatch(r -> r.offset() == begin && r.lengthBytes() == length),
            field,
            "no record of its length");
        found.add(begin);
      }
      at = (at + 4 + length + 3) & ~3;
    }
    object.expect("documents", found, whole.stream().map(LogRecord::offset).toList());
  }
}
