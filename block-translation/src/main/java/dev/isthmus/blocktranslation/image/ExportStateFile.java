package dev.isthmus.blocktranslation.image;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.isthmus.blockdevice.DeviceException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The side file of an export: text, one {@code key value} a line, in the order below, the last line
 * being the CRC-32C of all before it. Replaced as a whole, so that a crash leaves the old or the
 * new one. Threading: confined to the caller; blocks.
 */
public final class ExportStateFile {

  private static final String FIRST_LINE = "isthmus-export 1";
  private static final String CRC_KEY = "crc32c ";

  /** 4096 damaged ranges of a long line each. */
  private static final long MAX_BYTES = 4 << 20;

  private final Path path;

  /** The side file at {@code path}. */
  public ExportStateFile(Path path) {
    this.path = path;
  }

  /** Where it is. */
  public Path path() {
    return path;
  }

  /**
   * What an earlier try left, or null.
   *
   * @throws DeviceException.Invalid if it is damaged or something else
   */
  public @Nullable ExportState read() {
    try {
      if (Files.size(path) > MAX_BYTES) {
        throw damaged("it is too long");
      }
      return decode(Files.readString(path));
    } catch (NoSuchFileException e) {
      return null;
    } catch (IOException e) {
      throw new DeviceException.Unavailable(path + " can't be read: " + e, e);
    }
  }

  /** Replaces it; what it says is durable before. */
  public void write(ExportState state) {
    Path next = path.resolveSibling(path.getFileName() + ".new");
    try {
      Files.deleteIfExists(next);
      PrivateFiles.create(next);
      try (FileChannel channel = FileChannel.open(next, StandardOpenOption.WRITE)) {
        ImageBytes.write(channel, 0, UTF_8.encode(encode(state)));
        channel.force(true);
      }
      Files.move(next, path, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new DeviceException.Unavailable(path + " can't be written: " + e, e);
    }
  }

  /** The export is over, or begins anew. */
  public void delete() {
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      throw new DeviceException.Unavailable(path + " can't be deleted: " + e, e);
    }
  }

  static String encode(ExportState state) {
    PinnedState pinned = state.pinned();
    var text = new StringBuilder(FIRST_LINE).append('\n');
    line(text, "at", state.at().isEmpty() ? "-" : state.at());
    line(text, "volume", pinned.volume());
    line(text, "incarnation", pinned.incarnation());
    line(text, "size-bytes", pinned.sizeBytes());
    line(text, "epoch", pinned.epoch());
    line(text, "writer", pinned.writer());
    line(text, "sequence", pinned.sequence());
    line(text, "last-lsn", pinned.lastLsn());
    line(text, "last-time", pinned.lastTimeNanos());
    line(text, "checkpoint", pinned.checkpoint().isEmpty() ? "-" : pinned.checkpoint());
    line(text, "shortfall", pinned.shortfall().isEmpty() ? "-" : pinned.shortfall());
    line(text, "target", state.image().target().isEmpty() ? "-" : state.image().target());
    line(text, "done-bytes", state.doneBytes());
    line(text, "tail-crc32c", "%08x".formatted(state.image().tailCrc()));
    line(text, "damaged-ranges", state.damagedCount());
    line(text, "damaged-sectors", state.damagedSectors());
    for (DamagedRange range : state.damaged()) {
      line(text, "damaged", range.sector() + " " + range.sectorCount() + " " + range.what());
    }
    String body = text.toString();
    return body + CRC_KEY + crc(body) + "\n";
  }

  private static void line(StringBuilder text, String key, Object value) {
    text.append(key).append(' ').append(value).append('\n');
  }

  private static String crc(String text) {
    var crc = new CRC32C();
    crc.update(UTF_8.encode(text));
    return "%08x".formatted(crc.getValue());
  }

  private ExportState decode(String text) {
    int end = text.lastIndexOf(CRC_KEY);
    if (!text.startsWith(FIRST_LINE + "\n")
        || end < 0
        || !text.substring(end).equals(CRC_KEY + crc(text.substring(0, end)) + "\n")) {
      throw damaged("its checksum does not match");
    }
    try {
      var lines = new Lines(text.substring(0, end).split("\n", -1));
      String at = lines.optional("at");
      var pinned =
          new PinnedState(
              UUID.fromString(lines.next("volume")),
              lines.number("incarnation"),
              lines.number("size-bytes"),
              lines.number("epoch"),
              UUID.fromString(lines.next("writer")),
              lines.number("sequence"),
              lines.number("last-lsn"),
              lines.number("last-time"),
              lines.optional("checkpoint"),
              lines.optional("shortfall"));
      var image =
          new ImageMark(
              lines.optional("target"),
              lines.number("done-bytes"),
              HexFormat.fromHexDigits(lines.next("tail-crc32c")));
      long damagedCount = lines.number("damaged-ranges");
      long damagedSectors = lines.number("damaged-sectors");
      return new ExportState(at, pinned, image, lines.ranges(), damagedCount, damagedSectors);
    } catch (IllegalArgumentException e) {
      throw damaged(String.valueOf(e.getMessage()));
    }
  }

  private DeviceException.Invalid damaged(String why) {
    return new DeviceException.Invalid(
        path
            + " does not say how far an export is ("
            + why
            + "): say --restart to begin the export anew");
  }

  /** The lines behind the first. */
  private static final class Lines {
    private final String[] lines;
    private int at = 1;

    Lines(String[] lines) {
      this.lines = lines;
    }

    String next(String key) {
      String line = at < lines.length ? lines[at++] : "";
      if (!line.startsWith(key + " ")) {
        throw new IllegalArgumentException("there is no " + key);
      }
      return line.substring(key.length() + 1);
    }

    long number(String key) {
      return Long.parseLong(next(key));
    }

    String optional(String key) {
      String value = next(key);
      return value.equals("-") ? "" : value;
    }

    List<DamagedRange> ranges() {
      var ranges = new ArrayList<DamagedRange>();
      // The text ends with a line feed, so the last piece is empty.
      while (at < lines.length - 1) {
        String[] fields = next("damaged").split(" ", 3);
        if (fields.length < 3) {
          throw new IllegalArgumentException("a damaged range");
        }
        ranges.add(
            new DamagedRange(Long.parseLong(fields[0]), Long.parseLong(fields[1]), fields[2]));
      }
      return ranges;
    }
  }
}
