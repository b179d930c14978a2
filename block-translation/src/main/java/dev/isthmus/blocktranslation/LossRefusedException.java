package dev.isthmus.blocktranslation;

import java.io.Serial;

/**
 * The cause of a {@code DeviceException} of an open that needs somebody's word, since completed
 * writes would be lost by it: says which word.
 */
public final class LossRefusedException extends RuntimeException {

  @Serial private static final long serialVersionUID = 1;

  private final String word;

  LossRefusedException(String word) {
    super("takeover=" + word + " agrees to that");
    this.word = word;
  }

  /** What {@code takeover} must say: {@code lossy} or {@code unflushed}. */
  public String word() {
    return word;
  }
}
