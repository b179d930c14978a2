package dev.isthmus.blocktranslation.formatreader;

import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Keys of a volume's objects, without {@code PREFIX/VOLUME/}. */
record ObjectNames(UUID volume) {

  static final String MANIFEST = "manifest";

  private static final Pattern SEGMENT = Pattern.compile("segments/([0-9a-f]{16})");
  private static final Pattern NAMED =
      Pattern.compile("(checkpoints|runs)/([0-9a-f]{16})-([0-9a-f]{16})");

  /** The kinds of objects under the volume's UUID. */
  enum Kind {
    SEGMENT,
    CHECKPOINT,
    RUN_PART
  }

  /**
   * What a key says.
   *
   * @param epochOrSequence of a segment its sequence
   * @param nonce 0 for a segment
   */
  record Name(Kind kind, long epochOrSequence, long nonce) {}

  String key(Name name) {
    return switch (name.kind) {
      case SEGMENT -> volume + "/segments/" + hex16(name.epochOrSequence);
      case CHECKPOINT -> volume + "/checkpoints/" + pair(name);
      case RUN_PART -> volume + "/runs/" + pair(name);
    };
  }

  String probe() {
    return volume + "/probe";
  }

  String segment(long sequence) {
    return key(new Name(Kind.SEGMENT, sequence, 0));
  }

  /** What the key names; null if the page knows no such key. */
  @Nullable Name parse(String key) {
    if (!key.startsWith(volume + "/")) {
      return null;
    }
    String rest = key.substring(volume.toString().length() + 1);
    Matcher segment = SEGMENT.matcher(rest);
    if (segment.matches()) {
      return new Name(Kind.SEGMENT, Long.parseUnsignedLong(segment.group(1), 16), 0);
    }
    Matcher named = NAMED.matcher(rest);
    if (!named.matches()) {
      return null;
    }
    Kind kind = named.group(1).equals("runs") ? Kind.RUN_PART : Kind.CHECKPOINT;
    return new Name(
        kind,
        Long.parseUnsignedLong(named.group(2), 16),
        Long.parseUnsignedLong(named.group(3), 16));
  }

  private static String pair(Name name) {
    return hex16(name.epochOrSequence) + "-" + hex16(name.nonce);
  }

  private static String hex16(long value) {
    return "%016x".formatted(value);
  }
}
