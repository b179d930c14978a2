package dev.isthmus.blocktranslation.formatreader;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;

/** Reads a manifest line by line. Threading: one thread. */
final class ManifestReader {

  private static final int MAX_BYTES = 64 << 10;
  private static final int CRC_LINE_BYTES = "crc32c 01234567\n".length();
  private static final String FIRST_LINE = "isthmus-manifest 1";
  private static final String UUID_TEXT =
      "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
  private static final String DECIMAL = "0|[1-9][0-9]{0,18}";

  private final Fields object;
  private final ArrayDeque<String> lines;

  private ManifestReader(Fields object, ArrayDeque<String> lines) {
    this.object = object;
    this.lines = lines;
  }

  static ManifestText read(Fields object) {
    int length = object.length();
    object.require(length >= CRC_LINE_BYTES && length <= MAX_BYTES, "length", length);
    Fields body = object.part("body", 0, length - CRC_LINE_BYTES);
    String last = text(object.part("crc32c", length - CRC_LINE_BYTES, CRC_LINE_BYTES));
    object.expect("crc32c", last, "crc32c %08x\n".formatted(Fields.crc32c(body.data())));
    String text = text(body);
    object.require(text.endsWith("\n"), "crc32c", "not a line of its own");
    var lines = new ArrayDeque<>(List.of(text.substring(0, text.length() - 1).split("\n", -1)));
    object.expect("first line", lines.removeFirst(), FIRST_LINE);
    return new ManifestReader(object, lines).values();
  }

  private static String text(Fields bytes) {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(bytes.raw(0, bytes.length())))
          .toString();
    } catch (CharacterCodingException e) {
      throw bytes.damage("text", "is no UTF-8");
    }
  }

  private ManifestText values() {
    long counter = decimal("counter");
    value("nonce", "[0-9a-f]{32}");
    UUID volume = uuid("volume");
    String name = value("name", "[a-z0-9][a-z0-9._-]{0,62}");
    decimal("created");
    long sizeBytes = decimal("size-bytes");
    int blockSizeBytes = Integer.parseInt(value("block-size", "512|4096"));
    object.require(sizeBytes % blockSizeBytes == 0, "size-bytes", sizeBytes);
    long epoch = decimal("epoch");
    UUID writer = uuid("writer");
    object.expect("writer is nil", writer.equals(new UUID(0, 0)), epoch == 0);
    long incarnation = decimal("incarnation");
    object.require(incarnation >= 1, "incarnation", incarnation);
    long window = decimal("slot-window");
    object.require(window >= 1 && window <= 1024, "slot-window", window);
    UUID log = uuid("log");
    String state = value("state", "open|closed|deleted");
    value("rolled-back", ".{1,512}");
    value("ack", "applied|local");
    value("flush", "local|uploaded");
    rpo(value("rpo", "-|[1-9][0-9]{0,8}( enforce)?"));
    value("fencing", "conditional|none");
    return new ManifestText(
        counter,
        volume,
        name,
        sizeBytes,
        blockSizeBytes,
        epoch,
        writer,
        incarnation,
        (int) window,
        log,
        state,
        checkpoints(epoch));
  }

  private void rpo(String value) {
    if (!value.equals("-")) {
      long millis = number("rpo", value.split(" ", -1)[0]);
      object.require(millis >= 1000 && millis <= 86_400_000, "rpo", value);
    }
  }

  private List<ManifestText.CheckpointLine> checkpoints(long manifestEpoch) {
    var checkpoints = new ArrayList<ManifestText.CheckpointLine>();
    object.require(lines.size() <= 2, "checkpoint", lines.size() + " lines");
    while (!lines.isEmpty()) {
      String number = "(" + DECIMAL + ")";
      String[] words =
          value("checkpoint", "[0-9a-f]{16}-[0-9a-f]{16} " + number + " " + number + " " + number)
              .split("[ -]", -1);
      var line =
          new ManifestText.CheckpointLine(
              Long.parseUnsignedLong(words[0], 16),
              Long.parseUnsignedLong(words[1], 16),
              number("checkpoint", words[2]),
              number("checkpoint", words[3]),
              number("checkpoint", words[4]));
      object.require(line.epoch() <= manifestEpoch, "checkpoint", line);
      checkpoints.add(line);
    }
    if (checkpoints.size() == 2) {
      var newer = checkpoints.get(0);
      var older = checkpoints.get(1);
      object.require(
          newer.sequence() >= older.sequence() && newer.lastLsn() >= older.lastLsn(),
          "checkpoint",
          newer + " before " + older);
    }
    return checkpoints;
  }

  private String value(String key, String pattern) {
    String line = lines.isEmpty() ? "" : lines.removeFirst();
    object.require(line.startsWith(key + " "), key, "missing at \"" + line + "\"");
    String value = line.substring(key.length() + 1);
    object.require(Pattern.matches(pattern, value), key, value);
    return value;
  }

  private long decimal(String key) {
    return number(key, value(key, DECIMAL));
  }

  private long number(String key, String digits) {
    try {
      return Long.parseLong(digits);
    } catch (NumberFormatException e) {
      throw object.damage(key, digits + " is above 2^63 - 1");
    }
  }

  private UUID uuid(String key) {
    return UUID.fromString(value(key, UUID_TEXT));
  }
}
