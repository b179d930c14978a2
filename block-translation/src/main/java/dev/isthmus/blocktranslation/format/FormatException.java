package dev.isthmus.blocktranslation.format;

import java.io.Serial;

/** Bytes that are not what docs/FORMAT.md says they should be; the message says which field. */
public final class FormatException extends Exception {

  @Serial private static final long serialVersionUID = 1;

  public FormatException(String message) {
    super(message);
  }

  static void check(boolean condition, String message) throws FormatException {
    if (!condition) {
      throw new FormatException(message);
    }
  }
}
