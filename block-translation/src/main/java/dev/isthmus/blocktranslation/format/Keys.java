package dev.isthmus.blocktranslation.format;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Keys of a volume's objects, relative to the volume (docs/FORMAT.md, "Keys"). Stateless. */
public final class Keys {

  public static final String MANIFEST = "manifest";

  private static final Pattern OBJECT =
      Pattern.compile(
          "([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/"
              + "(?:(segments)/([0-9a-f]{16})|(checkpoints|runs)/([0-9a-f]{16})-([0-9a-f]{16})"
              + "|(probe))");

  /** The group of {@link #OBJECT} that only the probe has. */
  private static final int PROBE_GROUP = 7;

  /**
   * What an object's key says. Immutable.
   *
   * @param volume the UUID that it is below
   * @param kind what it is
   * @param number epoch; of a segment: the sequence
   * @param nonce of a segment: 0
   */
  public record ObjectName(UUID volume, Checkpoint.Kind kind, long number, long nonce) {}

  private Keys() {}

  public static String segment(UUID volume, long sequence) {
    return segments(volume) + hex16(sequence);
  }

  /** What the keys of all segments and fences begin with. */
  public static String segments(UUID volume) {
    return volume + "/segments/";
  }

  public static String checkpoint(UUID volume, long epoch, long nonce) {
    return volume + "/checkpoints/" + hex16(epoch) + '-' + hex16(nonce);
  }

  public static String run(UUID volume, long epoch, long nonce) {
    return volume + "/runs/" + hex16(epoch) + '-' + hex16(nonce);
  }

  /** The object by which a bucket is asked whether it keeps to the conditions of puts. */
  public static String probe(UUID volume) {
    return volume + "/probe";
  }

  /** All that {@link #probe} ever holds. */
  public static byte[] probeBytes(UUID volume) {
    return ("isthmus-probe 1 " + volume + "\n").getBytes(StandardCharsets.US_ASCII);
  }

  /** The volume whose probe this is the key of, relative to a volume; null if it is no probe's. */
  public static @Nullable UUID probeOf(String key) {
    Matcher found = OBJECT.matcher(key);
    return found.matches() && found.group(PROBE_GROUP) != null
        ? UUID.fromString(found.group(1))
        : null;
  }

  /**
   * Takes the key of a segment, fence, checkpoint or part of a run apart.
   *
   * @param key relative to a volume, whichever UUID it is below
   * @return null if it is no such key: a probe, not the product's, or the object of a volume deeper
   *     below
   */
  public static @Nullable ObjectName parse(String key) {
    Matcher found = OBJECT.matcher(key);
    return found.matches() && found.group(PROBE_GROUP) == null ? name(found) : null;
  }

  /** Whether a key, relative to a volume, is by its form an object of another one below it. */
  public static boolean isOfNestedVolume(String key) {
    if (key.endsWith("/" + MANIFEST)) {
      return true;
    }
    Matcher found = OBJECT.matcher(key);
    // At its end, and behind the other volume's name.
    for (int at = key.indexOf('/'); at >= 0; at = key.indexOf('/', at + 1)) {
      if (found.region(at + 1, key.length()).matches()) {
        return true;
      }
    }
    return false;
  }

  private static ObjectName name(Matcher found) {
    UUID volume = UUID.fromString(found.group(1));
    if (found.group(2) != null) {
      return new ObjectName(
          volume, Checkpoint.Kind.SEGMENT, HexFormat.fromHexDigitsToLong(found.group(3)), 0);
    }
    return new ObjectName(
        volume,
        found.group(4).equals("runs") ? Checkpoint.Kind.RUN_PART : Checkpoint.Kind.CHECKPOINT,
        HexFormat.fromHexDigitsToLong(found.group(5)),
        HexFormat.fromHexDigitsToLong(found.group(6)));
  }

  static String hex16(long value) {
    return "%016x".formatted(value);
  }
}
