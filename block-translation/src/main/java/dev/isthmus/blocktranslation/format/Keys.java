package dev.isthmus.blocktranslation.format;

/** Keys of a volume's objects, relative to the volume (docs/FORMAT.md, "Keys"). Stateless. */
public final class Keys {

  public static final String MANIFEST = "manifest";

  private Keys() {}

  public static String segment(long sequence) {
    return "segments/" + hex16(sequence);
  }

  public static String checkpoint(long epoch, long nonce) {
    return "checkpoints/" + hex16(epoch) + '-' + hex16(nonce);
  }

  public static String run(long epoch, long nonce) {
    return "runs/" + hex16(epoch) + '-' + hex16(nonce);
  }

  static String hex16(long value) {
    return "%016x".formatted(value);
  }
}
