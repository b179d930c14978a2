package dev.isthmus.blocktranslation;

import dev.isthmus.blocktranslation.format.Manifest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * What a host remembers of the newest term in which it owned a volume: a note beside the volume's
 * logs (docs/FORMAT.md, "Log"). By it an automatic open tells a volume that this host gave up in
 * order from one that was taken from it. Immutable.
 *
 * @param name the volume's
 * @param where its URI without options, for people
 * @param log its log in that term
 * @param epoch of that term
 * @param writer of that term
 * @param closed whether everything of the term is in the bucket, so that nothing of it can be
 *     divergent
 */
public record LocalTerm(
    String name, String where, UUID log, long epoch, UUID writer, boolean closed) {

  /** Of the note, in the volume's directory. */
  public static final String FILE_NAME = "last-term";

  private static final String FIRST_LINE = "isthmus-last-term 1";
  private static final String LAST_KEY = "crc32c ";

  /** More than any note has. */
  static final int MAX_BYTES = 16 << 10;

  static LocalTerm of(Manifest manifest, String where) {
    return new LocalTerm(
        manifest.name(), where, manifest.log(), manifest.epoch(), manifest.writer(), false);
  }

  LocalTerm whenClosed() {
    return new LocalTerm(name, where, log, epoch, writer, true);
  }

  /** The note. */
  String encode() {
    String text =
        String.join(
            "\n",
            FIRST_LINE,
            "name " + name,
            "uri " + where.replaceAll("\\p{Cntrl}", " "),
            "log " + log,
            "epoch " + epoch,
            "writer " + writer,
            "state " + (closed ? "closed" : "open"),
            "");
    return text + LAST_KEY + crc(text) + "\n";
  }

  private static String crc(String text) {
    var crc = new CRC32C();
    crc.update(text.getBytes(StandardCharsets.UTF_8));
    return String.format(Locale.ROOT, "%08x", crc.getValue());
  }

  /** Reads a note; empty if it is damaged. */
  public static Optional<LocalTerm> decode(String text) {
    int last = text.lastIndexOf(LAST_KEY);
    if (last < 0 || !text.substring(last).equals(LAST_KEY + crc(text.substring(0, last)) + "\n")) {
      return Optional.empty();
    }
    List<String> values = new ArrayList<>();
    List<String> keys = List.of("name ", "uri ", "log ", "epoch ", "writer ", "state ");
    List<String> lines = text.substring(0, last).lines().toList();
    if (lines.size() != keys.size() + 1 || !lines.getFirst().equals(FIRST_LINE)) {
      return Optional.empty();
    }
    for (int i = 0; i < keys.size(); i++) {
      if (!lines.get(i + 1).startsWith(keys.get(i))) {
        return Optional.empty();
      }
      values.add(lines.get(i + 1).substring(keys.get(i).length()));
    }
    try {
      return Optional.of(
          new LocalTerm(
              values.get(0),
              values.get(1),
              UUID.fromString(values.get(2)),
              Long.parseLong(values.get(3)),
              UUID.fromString(values.get(4)),
              values.get(5).equals("closed")));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
