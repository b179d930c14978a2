package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * From where a volume's map is read. Each way leads to the same disk if nothing is damaged.
 * Immutable.
 *
 * @param way which
 * @param epoch of the checkpoint's key; 0 unless one is named
 * @param nonce likewise
 */
public record CheckpointChoice(Way way, long epoch, long nonce) {

  /** The ways. */
  public enum Way {
    /** The newest checkpoint, the one before if that is damaged, else the segments alone. */
    AUTOMATIC,
    /** The newest that the manifest names. */
    NEWEST,
    /** The one before. */
    PREVIOUS,
    /** No checkpoint: the segments from the first on. */
    NONE,
    /** One that is named. */
    KEY
  }

  public static final CheckpointChoice AUTOMATIC = new CheckpointChoice(Way.AUTOMATIC, 0, 0);

  private static final Pattern KEY = Pattern.compile("([0-9a-f]{16})-([0-9a-f]{16})");

  /**
   * Reads {@code auto}, {@code newest}, {@code previous}, {@code none}, or the name of a checkpoint
   * as it ends its key: {@code EPOCH-NONCE}.
   *
   * @throws DeviceException.Invalid for anything else
   */
  public static CheckpointChoice parse(String text) {
    return switch (text) {
      case "auto" -> AUTOMATIC;
      case "newest" -> new CheckpointChoice(Way.NEWEST, 0, 0);
      case "previous" -> new CheckpointChoice(Way.PREVIOUS, 0, 0);
      case "none" -> new CheckpointChoice(Way.NONE, 0, 0);
      default -> {
        var key = KEY.matcher(text.substring(text.lastIndexOf('/') + 1));
        if (!key.matches()) {
          throw new DeviceException.Invalid(
              "a checkpoint is auto, newest, previous, none, or what its key ends with"
                  + " (0000000000000003-89abcdef01234567), not \""
                  + text
                  + "\"");
        }
        yield new CheckpointChoice(
            Way.KEY,
            HexFormat.fromHexDigitsToLong(key.group(1)),
            HexFormat.fromHexDigitsToLong(key.group(2)));
      }
    };
  }
}
