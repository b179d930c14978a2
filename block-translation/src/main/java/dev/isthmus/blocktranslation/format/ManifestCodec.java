package dev.isthmus.blocktranslation.format;

import static dev.isthmus.blocktranslation.format.FormatException.check;

import dev.isthmus.blockdevice.DeviceException;
import dev.isthmus.blocktranslation.Fencing;
import dev.isthmus.blocktranslation.Rpo;
import dev.isthmus.blocktranslation.Tiers;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.function.Function;
import java.util.zip.CRC32C;

/** A manifest as text (docs/FORMAT.md, "Manifest"). Stateless. */
public final class ManifestCodec {

  /** Longest manifest that is looked at. */
  public static final int MAX_BYTES = 64 << 10;

  private static final String FIRST_LINE = "isthmus-manifest 1";
  private static final String NAME = "[a-z0-9][a-z0-9._-]{0,62}";
  private static final String ENFORCED = " enforce";
  private static final String CRC_KEY = "crc32c ";
  private static final int CRC_LINE_BYTES = CRC_KEY.length() + 9;

  private ManifestCodec() {}

  /** The object's bytes. */
  public static byte[] encode(Manifest m) {
    var text = new StringBuilder(512);
    text.append(FIRST_LINE).append('\n');
    line(text, "counter", m.counter());
    line(text, "nonce", m.nonce());
    line(text, "volume", m.volume());
    line(text, "name", m.name());
    line(text, "created", m.createdNanos());
    line(text, "size-bytes", m.sizeBytes());
    line(text, "block-size", m.blockSizeBytes());
    line(text, "epoch", m.epoch());
    line(text, "writer", m.writer());
    line(text, "incarnation", m.incarnation());
    line(text, "slot-window", m.slotWindow());
    line(text, "log", m.log());
    line(text, "state", m.state().name().toLowerCase(Locale.ROOT));
    line(text, "rolled-back", m.rolledBack().isEmpty() ? "-" : oneLine(m.rolledBack()));
    line(text, "ack", Tiers.word(m.ack()));
    line(text, "flush", Tiers.word(m.flush()));
    line(text, "rpo", rpo(m.tiers().rpo()));
    line(text, "fencing", m.fencing().word());
    for (Manifest.CheckpointRef c : m.checkpoints()) {
      line(
          text,
          "checkpoint",
          Keys.hex16(c.epoch())
              + '-'
              + Keys.hex16(c.nonce())
              + ' '
              + c.sequence()
              + ' '
              + c.lastLsn()
              + ' '
              + c.storedBytes());
    }
    byte[] body = text.toString().getBytes(StandardCharsets.UTF_8);
    line(text, "crc32c", "%08x".formatted(crc(body, body.length)));
    byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
    if (bytes.length > MAX_BYTES) {
      throw new IllegalArgumentException("a manifest of " + bytes.length + " bytes");
    }
    return bytes;
  }

  private static String oneLine(String reason) {
    String line = reason.replaceAll("\\p{Cntrl}", " ");
    return line.length() > Manifest.MAX_REASON ? line.substring(0, Manifest.MAX_REASON) : line;
  }

  private static String rpo(Rpo rpo) {
    return rpo.isNone() ? "-" : rpo.limitMillis() + (rpo.isEnforced() ? ENFORCED : "");
  }

  private static Rpo rpo(String value) {
    if (value.equals("-")) {
      return Rpo.NONE;
    }
    boolean enforced = value.endsWith(ENFORCED);
    int digits = value.length() - (enforced ? ENFORCED.length() : 0);
    return Rpo.of(Duration.ofMillis(Integer.parseInt(value, 0, digits, 10)), enforced);
  }

  private static Manifest.State state(String value) {
    for (Manifest.State state : Manifest.State.values()) {
      if (state.name().toLowerCase(Locale.ROOT).equals(value)) {
        return state;
      }
    }
    throw new IllegalArgumentException(value);
  }

  private static void line(StringBuilder text, String key, Object value) {
    text.append(key).append(' ').append(value).append('\n');
  }

  private static int crc(byte[] bytes, int length) {
    var crc = new CRC32C();
    crc.update(bytes, 0, length);
    return (int) crc.getValue();
  }

  /** Reads and checks a manifest. */
  public static Manifest decode(byte[] bytes) throws FormatException {
    check(bytes.length <= MAX_BYTES, "a manifest of " + bytes.length + " bytes");
    var lines = new Lines(text(bytes));
    check(lines.next().equals(FIRST_LINE), "not a manifest of version 1");
    int bodyLength = bytes.length - CRC_LINE_BYTES;
    check(
        bodyLength > 0
            && new String(bytes, bodyLength, CRC_LINE_BYTES, StandardCharsets.ISO_8859_1)
                .equals(CRC_KEY + "%08x\n".formatted(crc(bytes, bodyLength))),
        "the manifest's checksum does not match");
    var manifest =
        new Manifest(
            lines.number("counter", 1, Long.MAX_VALUE),
            lines.value("nonce", v -> v.matches("[0-9a-f]{32}") ? v : null),
            lines.uuid("volume"),
            lines.value("name", v -> v.matches(NAME) ? v : null),
            lines.number("created", 0, Long.MAX_VALUE),
            lines.number("size-bytes", 512, Long.MAX_VALUE),
            (int) lines.number("block-size", 512, 4096),
            lines.number("epoch", 0, Long.MAX_VALUE),
            lines.uuid("writer"),
            lines.number("incarnation", 1, Long.MAX_VALUE),
            (int) lines.number("slot-window", 1, Manifest.MAX_SLOT_WINDOW),
            lines.uuid("log"),
            lines.value("state", ManifestCodec::state),
            lines.value(
                "rolled-back",
                v -> v.length() > Manifest.MAX_REASON ? null : v.equals("-") ? "" : v),
            new Tiers(
                lines.value("ack", Tiers::parseAck),
                lines.value("flush", Tiers::parseFlush),
                lines.value("rpo", ManifestCodec::rpo)),
            lines.value("fencing", Fencing::parse),
            lines.checkpoints());
    lines.end();
    check(
        manifest.blockSizeBytes() == 512 || manifest.blockSizeBytes() == 4096,
        "block-size " + manifest.blockSizeBytes());
    check(manifest.sizeBytes() % manifest.blockSizeBytes() == 0, "size-bytes is not whole blocks");
    // Numbers and ids have one form each: what is read as this is written as this.
    check(Arrays.equals(bytes, encode(manifest)), "the manifest is not in its one form");
    return manifest;
  }

  private static String text(byte[] bytes) throws FormatException {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new FormatException("the manifest is not UTF-8");
    }
  }

  /** Takes a manifest's lines in their fixed order. */
  private static final class Lines {
    private final String[] lines;
    private int at;

    Lines(String text) {
      lines = text.split("\n", -1);
    }

    String next() throws FormatException {
      check(at < lines.length, "the manifest is cut");
      return lines[at++];
    }

    <T> T value(String key, Function<String, @org.jspecify.annotations.Nullable T> parse)
        throws FormatException {
      String line = next();
      check(line.startsWith(key + " "), "line " + at + " is not \"" + key + "\"");
      T value;
      try {
        value = parse.apply(line.substring(key.length() + 1));
      } catch (IllegalArgumentException | DeviceException.Invalid e) {
        value = null;
      }
      if (value == null) {
        throw new FormatException("the value of \"" + key + "\" is not valid");
      }
      return value;
    }

    long number(String key, long least, long most) throws FormatException {
      long value = value(key, Long::valueOf);
      check(value >= least && value <= most, key + " " + value + " is out of range");
      return value;
    }

    UUID uuid(String key) throws FormatException {
      return value(key, v -> v.length() == 36 ? UUID.fromString(v) : null);
    }

    List<Manifest.CheckpointRef> checkpoints() throws FormatException {
      var refs = new ArrayList<Manifest.CheckpointRef>();
      while (at < lines.length && lines[at].startsWith("checkpoint ")) {
        check(refs.size() < Manifest.MAX_CHECKPOINTS, "too many checkpoints");
        refs.add(value("checkpoint", Lines::checkpoint));
      }
      return refs;
    }

    private static Manifest.@org.jspecify.annotations.Nullable CheckpointRef checkpoint(
        String value) {
      var parts =
          java.util.regex.Pattern.compile(
                  "([0-9a-f]{16})-([0-9a-f]{16}) (\\d{1,18}) (\\d{1,18}) (\\d{1,18})")
              .matcher(value);
      return parts.matches()
          ? new Manifest.CheckpointRef(
              Long.parseUnsignedLong(parts.group(1), 16),
              Long.parseUnsignedLong(parts.group(2), 16),
              Long.parseLong(parts.group(3)),
              Long.parseLong(parts.group(4)),
              Long.parseLong(parts.group(5)))
          : null;
    }

    /**
     * Only the checksum's line, checked before, and the empty text behind its line feed are left.
     */
    void end() throws FormatException {
      check(next().startsWith(CRC_KEY), "line " + at + " is not known");
      check(next().isEmpty() && at == lines.length, "text behind the manifest's end");
    }
  }
}
