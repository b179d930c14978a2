package dev.isthmus.blocktranslation.powercut;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The marks in the record of a {@link RecordingDisk}, and where it was written. A mark at position
 * p was made after the entries before p and before those behind it: what it tells had happened when
 * the power was cut at p or later. Immutable.
 *
 * @param writes positions of writes to the disk
 * @param length how many entries there are
 */
public record DiskRecord(List<Mark> marks, List<Long> writes, long length) {

  // As in power-cut/disk.
  private static final int HEADER_BYTES = 16;
  private static final int KIND_WRITE = 1;
  private static final int KIND_MARK = 4;

  /** Text that somebody wrote at a position. */
  public record Mark(long position, String text) {}

  /** Reads the record in {@code directory}, whose disk was closed. */
  public static DiskRecord read(Path directory) throws IOException {
    var marks = new ArrayList<Mark>();
    var writes = new ArrayList<Long>();
    long position = 0;
    try (var in =
        new DataInputStream(
            new BufferedInputStream(Files.newInputStream(directory.resolve("record")), 1 << 20))) {
      var header = new byte[HEADER_BYTES];
      while (true) {
        in.readFully(header);
        int length = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).getInt(4);
        if (header[0] == KIND_MARK) {
          var text = new byte[length];
          in.readFully(text);
          position++;
          marks.add(new Mark(position, new String(text, UTF_8).strip()));
        } else {
          in.skipNBytes(length);
          position++;
          if (header[0] == KIND_WRITE) {
            writes.add(position);
          }
        }
      }
    } catch (EOFException e) {
      return new DiskRecord(List.copyOf(marks), List.copyOf(writes), position);
    }
  }

  /** What had been told when the power was cut at {@code position}. */
  public List<String> textsUntil(long position) {
    return marks.stream().takeWhile(mark -> mark.position() <= position).map(Mark::text).toList();
  }
}
