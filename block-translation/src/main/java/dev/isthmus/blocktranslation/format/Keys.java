package dev.isthmus.blocktranslation.format;

import java.util.UUID;

/** Keys of a volume's objects, relative to the volume (docs/FORMAT.md, "Keys"). Stateless. */
public final class Keys {

  public static final String MANIFEST = "manifest";

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

  static String hex16(long value) {
    return "%016x".formatted(value);
  }
}
