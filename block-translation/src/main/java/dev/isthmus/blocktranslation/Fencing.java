package dev.isthmus.blocktranslation;

import dev.isthmus.blockdevice.DeviceException;
import java.util.Locale;

/**
 * What keeps two owners of a volume apart (docs/adr/0014-providers-without-conditional-writes.md).
 */
public enum Fencing {
  /** The provider: it keeps to the conditions of puts. */
  CONDITIONAL,
  /** People: the provider ignores or refuses conditions, and each put looks first. */
  NONE;

  /** The key of a storage URI that says it. */
  static final String KEY = "fencing";

  /**
   * Parses {@code conditional} or {@code none}.
   *
   * @throws DeviceException.Invalid if it is neither
   */
  public static Fencing parse(String word) {
    for (Fencing fencing : values()) {
      if (fencing.word().equals(word)) {
        return fencing;
      }
    }
    String shown = word.length() > 40 ? word.substring(0, 40) + "…" : word;
    throw new DeviceException.Invalid("fencing is conditional or none, not \"" + shown + "\"");
  }

  /** What it is called in options, answers and the manifest. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
